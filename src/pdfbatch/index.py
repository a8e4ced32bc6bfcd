"""The index of an output: what its batches finished, in a few files, so that a resume needs no request for each document.

Files ("segments") under ``.index/`` hold a JSON object in each line and are read in the order of their names:
``<number of the batch>-<chance>-<number in the batch>.jsonl``. A line is an entry, or says that the entry of a document
is gone, or that all entries before it are in doubt: a batch writes that before it works on a document that the index knows,
and takes it back when it has come to its end. So an entry can be missing, but is never wrong; what is missing or in doubt
is looked up in the document's record.
"""

import json
import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from pdfbatch.errors import DocumentError
from pdfbatch.finished import Entry, Finished
from pdfbatch.model import Counts
from pdfbatch.ports import Output
from pdfbatch.record import to_json

log = logging.getLogger(__name__)

FOLDER = ".index/"
DOUBT = to_json({"doubt": "all above"}) + b"\n"
_FULL = "-full.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentNames:
    """The names of one batch's segments: they sort after those of every batch before it."""

    batch: int
    chance: str

    def name(self, number: int, *, full: bool = False) -> str:
        """The name of a segment; a full one is never merged with others again."""
        return f"{FOLDER}{self.batch:06d}-{self.chance}-{number:06d}{_FULL if full else '.jsonl'}"


def names_after(segments: Iterable[str]) -> SegmentNames:
    """The names for the next batch."""
    numbers = [name[len(FOLDER) :].partition("-")[0] for name in segments]
    last = max((int(number) for number in numbers if number.isdigit()), default=0)
    return SegmentNames(batch=last + 1, chance=os.urandom(4).hex())


def is_full(name: str) -> bool:
    """Whether a segment is as large as segments may become."""
    return name.endswith(_FULL)


def entry_line(entry: Entry) -> bytes:
    """The line of a document that has been finished."""
    counts = entry.counts
    pages = (counts.pages, counts.text_pages, counts.ocr_pages, counts.blank_pages, counts.failed_pages)
    line: dict[str, object] = {"key": entry.key, "input": entry.fingerprint, "options": entry.options}
    line["counts"] = (*pages, counts.characters)
    if entry.twin is not None:
        line["twin"] = entry.twin
    return to_json(line) + b"\n"


def gone_line(key: str) -> bytes:
    """The line of a document whose earlier entry holds no more."""
    return to_json({"key": key, "gone": True}) + b"\n"


def key_of(line: bytes) -> str | None:
    """The document that a line is about; ``None`` when it is about all. Raises ``ValueError`` when it is broken."""
    key = json.loads(line).get("key")
    return None if key is None else str(key)


def read(output: Output) -> tuple[Finished, list[str]]:
    """What an output knows of its documents, and the names of its segments: one listing, and one read for each segment.

    Raises ``DocumentError`` when the output cannot be listed.
    """
    finished, segments = Finished(), list[str]()
    for name in output.names():
        if name.startswith(FOLDER):
            segments.append(name)
        else:
            finished.list(name)
    segments.sort()
    for name in segments:
        _read_segment(output, name, finished)
    return finished, segments


def _read_segment(output: Output, name: str, finished: Finished) -> None:
    try:
        for line in output.read(name).splitlines():
            _learn(json.loads(line), finished)
    except (DocumentError, ValueError, LookupError, TypeError, AttributeError, OverflowError) as error:
        log.warning("a part of the index cannot be read, documents are looked up one by one: %s: %s", name, error)
        finished.forget_all()


def _learn(line: dict[str, Any], finished: Finished) -> None:
    if "doubt" in line:
        finished.forget_all()
    elif "gone" in line:
        finished.forget(line["key"])
    else:
        finished.add(_entry(line))


def _entry(line: dict[str, Any]) -> Entry:
    pages, text_pages, ocr_pages, blank_pages, failed_pages, characters = cast("list[int]", line["counts"])
    counts = Counts(
        pages=pages,
        text_pages=text_pages,
        ocr_pages=ocr_pages,
        blank_pages=blank_pages,
        failed_pages=failed_pages,
        characters=characters,
    )
    return Entry(
        key=line["key"], fingerprint=line["input"], options=line["options"], counts=counts, twin=line.get("twin")
    )
