"""Documents of other projects, with what these say is in them: a folder with ``corpus.jsonl``, ``peers.tsv`` and ``documents``.

A line of ``corpus.jsonl`` has the ``truth`` of a document, its whole text, or ``asserts``: text that must be ``present`` or
``absent``, or come in an ``order``. ``peers.tsv`` has the scores of other readers, as somebody measured them.

Texts are compared without regard to white space, forms of characters (NFKC), and kinds of quotes and dashes. A word that is
broken by a hyphen at the end of a line counts as one word.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from benchmarks.corpus import rows

CORPUS, PEERS = "corpus.jsonl", "peers.tsv"
BETTER_RECALL = 0.02
"""A reader is better at a document when it finds this share more of its words, or meets one more assertion."""

_ABOUT_A_DOCUMENT = frozenset({"id", "kind", "tags", "lang", "pdfbatch"})
_SAME = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019", "'"),
        **dict.fromkeys("\u201c\u201d\u201e", '"'),
        **dict.fromkeys("\u2010\u2011\u2013\u2014\u2212", "-"),
        **dict.fromkeys("\u00ad\u200b\u200e\u200f\u202a\u202b\u202c\ufeff", ""),
    }
)
_BROKEN_WORD = re.compile(r"(?<=\w)-\s*\n\s*(?=\w)")
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0e-\x1f\ufffe\uffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Merit:
    """What a reader got of a document: word recall and precision, assertions met and made; ``None`` where there is no truth.

    ``odd`` counts characters that are no text: control characters and U+FFFE.
    """

    recall: float | None = None
    precision: float | None = None
    met: int | None = None
    made: int = 0
    odd: int = 0

    def is_behind(self, other: "Merit") -> bool:
        """Return whether another reader is better at this document."""
        fewer_words = (
            None not in (self.recall, other.recall) and (other.recall or 0) > (self.recall or 0) + BETTER_RECALL
        )
        fewer_met = None not in (self.met, other.met) and (other.met or 0) > (self.met or 0)
        return fewer_words or fewer_met

    def as_cell(self) -> str:
        """Return recall and assertions for a table."""
        parts = [] if self.recall is None else [f"{self.recall:.3f}"]
        return " ".join(parts if self.met is None else [*parts, f"{self.met}/{self.made}"])


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignDocument:
    """A document, its truth, and what other readers got of it."""

    id: str
    path: Path
    kind: str
    tags: frozenset[str] = frozenset()
    language: str = "eng"
    password: str = ""
    truth: str = ""
    asserts: Sequence[Mapping[str, Any]] = ()
    peers: Mapping[str, Merit] = field(default_factory=dict[str, Merit])

    @property
    def group(self) -> str:
        """The kind; scans that are turned are one of their own."""
        return f"{self.kind} turned" if self.kind == "scan" and "rotated" in self.tags else self.kind


def load_foreign(folder: Path) -> tuple[ForeignDocument, ...]:
    """Return the documents of a folder. Raise ``ValueError`` when it is none of this format."""
    if not (folder / CORPUS).is_file():
        raise ValueError(f"{folder} has no {CORPUS}")
    peers = {row["id"]: _peers_in(row) for row in rows(folder / PEERS)} if (folder / PEERS).is_file() else {}
    with open(folder / CORPUS, encoding="utf-8") as file:
        entries: list[dict[str, Any]] = [json.loads(line) for line in file]
    return tuple(
        ForeignDocument(
            id=entry["id"],
            path=folder / "documents" / f"{entry['id']}.pdf",
            kind=entry["kind"],
            tags=frozenset(entry.get("tags") or ()),
            language=entry.get("lang") or "eng",
            password=entry.get("password") or "",
            truth=entry.get("truth") or "",
            asserts=entry.get("asserts") or (),
            peers=peers.get(entry["id"], {}),
        )
        for entry in entries
    )


def judge(text: str, document: ForeignDocument) -> Merit:
    """Return what a reader got that found this text."""
    odd = len(_NO_TEXT.findall(text))
    met = sum(is_met(one, text) for one in document.asserts) if document.asserts else None
    if not document.truth:
        return Merit(met=met, made=len(document.asserts), odd=odd)
    wanted, found = Counter(_words(document.truth)), Counter(_words(text))
    both = (wanted & found).total()
    return Merit(
        recall=both / max(wanted.total(), 1),
        precision=both / found.total() if found else 0.0,
        met=met,
        made=len(document.asserts),
        odd=odd,
    )


def is_met(assertion: Mapping[str, Any], text: str) -> bool:
    """Return whether a text is as an assertion says."""
    bare = _bare(text)
    if assertion["type"] == "order":
        first, last = bare.find(_bare(assertion["before"])), bare.rfind(_bare(assertion["after"]))
        return 0 <= first < last
    wanted = _bare(assertion["text"])
    if assertion["type"] == "absent":
        return wanted not in bare
    return wanted in bare or _is_nearly_in(wanted, bare, int(assertion.get("max_diffs") or 0))


def judge_output(folder: Path, documents: Iterable[ForeignDocument]) -> dict[str, Merit]:
    """Return what a reader got whose texts are ``<id>.txt`` in a folder; a missing text is an empty one."""
    return {one.id: judge(_content(folder / f"{one.id}.txt"), one) for one in documents}


def _is_nearly_in(wanted: str, text: str, differences: int) -> bool:
    """Return whether a text has a part that differs in so many characters at most."""
    if not (differences and wanted):
        return False
    from rapidfuzz import fuzz

    return fuzz.partial_ratio(wanted.lower(), text.lower()) >= 100 * (1 - differences / len(wanted))


def _peers_in(row: Mapping[str, str]) -> dict[str, Merit]:
    return {name: _merit_in(cell) for name, cell in row.items() if cell and name not in _ABOUT_A_DOCUMENT}


def _merit_in(cell: str) -> Merit:
    recall: float | None = None
    met: int | None = None
    made = 0
    for part in cell.split():
        if "/" in part:
            met, made = (int(number) for number in part.split("/"))
        else:
            recall = float(part)
    return Merit(recall=recall, met=met, made=made)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", _BROKEN_WORD.sub("", _same(text)))


@lru_cache(maxsize=4)
def _bare(text: str) -> str:
    return re.sub(r"[\s-]+", "", _same(text))


def _same(text: str) -> str:
    return unicodedata.normalize("NFKC", text).translate(_SAME)


def _content(path: Path) -> str:
    return path.read_text("utf-8", errors="replace") if path.is_file() else ""
