"""Compare a text with the true text: character error rate, word error rate, word recall.

Both texts are normalised first: a run of white space becomes one space, and quotes, dashes and ligatures get one form. Edit
distances are Levenshtein's; a rate is the number of errors divided by the length of the true text.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.corpus import CorpusDocument, rows

_SAME = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019", "'"),
        **dict.fromkeys("\u201c\u201d", '"'),
        **dict.fromkeys("\u2013\u2014", "-"),
        "\ufb00": "ff",
        "\ufb01": "fi",
        "\ufb02": "fl",
        "\f": " ",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Counts of errors against a true text; the scores of several documents can be added."""

    character_errors: float = 0
    characters: int = 0
    word_errors: float = 0
    words: int = 0
    words_found: float = 0

    def __add__(self, other: "Score") -> "Score":
        return Score(
            character_errors=self.character_errors + other.character_errors,
            characters=self.characters + other.characters,
            word_errors=self.word_errors + other.word_errors,
            words=self.words + other.words,
            words_found=self.words_found + other.words_found,
        )

    @property
    def cer(self) -> float:
        """Character error rate: 0 is perfect, more than 1 is possible."""
        return self.character_errors / self.characters if self.characters else 0.0

    @property
    def wer(self) -> float:
        """Word error rate."""
        return self.word_errors / self.words if self.words else 0.0

    @property
    def recall(self) -> float:
        """Share of the true words that were found, in any order."""
        return self.words_found / self.words if self.words else 1.0


def total(scores: Iterable[Score]) -> Score:
    """Return the sum of several scores."""
    return sum(scores, Score())


def scores_of(output: Path, documents: Iterable[CorpusDocument]) -> dict[str, Score]:
    """Score each document that has a true text; a text that is missing in the output counts as empty."""
    return {
        one.id: score_document(_content(output / f"{one.id}.txt"), one) for one in documents if one.truth is not None
    }


def words_in(output: Path, documents: Iterable[CorpusDocument]) -> int:
    """Count the words of an output, right or wrong; a reader that leaves pages out has fewer."""
    return sum(len(_content(output / f"{one.id}.txt").split()) for one in documents)


def score_document(text: str, document: CorpusDocument) -> Score:
    """Score the text of one document, page by page if both texts have the same number of pages."""
    truth = _content(document.truth) if document.truth else ""
    any_case = document.truth_quality == "transcribed" and "receipt" in document.tags
    pairs = [(_comparable(a, any_case=any_case), _comparable(b, any_case=any_case)) for a, b in _pages(truth, text)]
    found = Counter(word for _, page in pairs for word in page.split())
    wanted = Counter(word for page, _ in pairs for word in page.split())
    return replace(total(score(a, b) for a, b in pairs), words_found=(found & wanted).total())


def score(truth: str, text: str) -> Score:
    """Score one text. Both texts must be normalised already; the caller fills in ``words_found``."""
    from rapidfuzz.distance import Levenshtein

    words = truth.split()
    return Score(
        character_errors=Levenshtein.distance(truth, text),
        characters=len(truth),
        word_errors=Levenshtein.distance(words, text.split()),
        words=len(words),
    )


def baseline_scores(table: Path, documents: Iterable[CorpusDocument]) -> dict[str, Score]:
    """Read another reader's scores from a table of rates; the length of the true text gives the counts."""
    by_id = {one.id: one for one in documents if one.truth is not None}
    return {row["id"]: _from_rates(row, by_id[row["id"]]) for row in rows(table) if row["id"] in by_id}


def _from_rates(row: dict[str, str], document: CorpusDocument) -> Score:
    whole = score_document("", document)
    return Score(
        character_errors=float(row["cer"]) * whole.characters,
        characters=whole.characters,
        word_errors=float(row["wer"]) * whole.words,
        words=whole.words,
        words_found=float(row["word_recall"]) * whole.words,
    )


def _pages(truth: str, text: str) -> Iterator[tuple[str, str]]:
    wanted, found = truth.rstrip("\n").split("\f"), text.split("\f")
    if len(found) == len(wanted) + 1 and not found[-1].strip():
        found.pop()
    if len(wanted) == len(found):
        yield from zip(wanted, found, strict=True)
    else:
        yield truth, text


def _comparable(text: str, *, any_case: bool) -> str:
    plain = re.sub(r"\s+", " ", text.translate(_SAME)).strip()
    return plain.upper() if any_case else plain


def _content(path: Path) -> str:
    return path.read_text("utf-8", errors="replace") if path.is_file() else ""
