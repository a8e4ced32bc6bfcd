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
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, cast

from pdfbatch.errors import DocumentError
from pdfbatch.model import Counts, DocumentResult
from pdfbatch.outputs.catalog import Catalog, CatalogEntry
from pdfbatch.outputs.keys import output_key
from pdfbatch.outputs.record import to_json
from pdfbatch.ports import Output

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


def entry_line(entry: CatalogEntry) -> bytes:
    """The line of a document that has been finished."""
    counts = entry.counts
    pages = (counts.pages, counts.text_pages, counts.ocr_pages, counts.blank_pages, counts.failed_pages)
    line: dict[str, object] = {"key": entry.key, "input": entry.fingerprint, "options": entry.options}
    line["counts"] = (*pages, counts.characters)
    if entry.duplicate_of is not None:
        line["duplicate_of"] = entry.duplicate_of
    return to_json(line) + b"\n"


def gone_line(key: str) -> bytes:
    """The line of a document whose earlier entry holds no more."""
    return to_json({"key": key, "gone": True}) + b"\n"


def key_of(line: bytes) -> str | None:
    """The document that a line is about; ``None`` when it is about all. Raises ``ValueError`` when it is broken."""
    key = json.loads(line).get("key")
    return None if key is None else str(key)


def read_index(output: Output) -> tuple[Catalog, list[str]]:
    """What an output knows of its documents, and the names of its segments: one listing, and one read for each segment.

    Raises ``DocumentError`` when the output cannot be listed.
    """
    finished, segments = Catalog(), list[str]()
    for name in output.names():
        if name.startswith(FOLDER):
            segments.append(name)
        else:
            finished.list(name)
    segments.sort()
    for name in segments:
        _read_segment(output, name, finished)
    return finished, segments


def _read_segment(output: Output, name: str, finished: Catalog) -> None:
    try:
        for line in output.read(name).splitlines():
            _learn(json.loads(line), finished)
    except (DocumentError, ValueError, LookupError, TypeError, AttributeError, OverflowError) as error:
        log.warning("a part of the index cannot be read, documents are looked up one by one: %s: %s", name, error)
        finished.forget_all()


def _learn(line: dict[str, Any], finished: Catalog) -> None:
    if "doubt" in line:
        finished.forget_all()
    elif "gone" in line:
        finished.forget(line["key"])
    else:
        finished.add(_entry(line))


def _entry(line: dict[str, Any]) -> CatalogEntry:
    pages, text_pages, ocr_pages, blank_pages, failed_pages, characters = cast("list[int]", line["counts"])
    counts = Counts(
        pages=pages,
        text_pages=text_pages,
        ocr_pages=ocr_pages,
        blank_pages=blank_pages,
        failed_pages=failed_pages,
        characters=characters,
    )
    return CatalogEntry(
        key=line["key"],
        fingerprint=line["input"],
        options=line["options"],
        counts=counts,
        duplicate_of=line.get("duplicate_of"),
    )


# A segment is written anew, whole, when so many lines or seconds have come since; with so many lines the next one is begun.
WRITE_LINES = 1000
WRITE_SECONDS = 30.0
SEGMENT_LINES = 5000
# With more segments than this at its end, a batch merges the small ones.
MERGE_ABOVE = 20
FULL_BYTES = 8 << 20


@dataclass(slots=True)
class IndexWriter:
    """The segments of one batch, after so many ``segments`` of others that are not full. What cannot be written costs a
    warning: a resume then takes longer.

    Used in one thread; writes in another, so that the batch never waits for its output.
    """

    output: Output
    names: SegmentNames
    segments: int = 0
    _lines: list[bytes] = field(default_factory=list[bytes])
    _number: int = 1
    _unwritten: int = 0
    _due: float = field(default_factory=lambda: time.monotonic() + WRITE_SECONDS)
    _thread: ThreadPoolExecutor | None = None
    _writing: Future[None] | None = None
    _doubted: bool = False
    _failed: bool = False

    def doubt(self) -> None:
        """A document that has an entry is about to be worked on. Written at once, so that no kill leaves a wrong entry."""
        if not self._doubted:
            self._doubted = True
            self._write(self.names.name(0), DOUBT)

    def add(self, result: DocumentResult, options: str) -> None:
        """A document has ended; ``options`` is the digest of its settings."""
        key = output_key(result.document.document_uuid)
        if result.ok and result.fingerprint:
            entry = CatalogEntry(
                key=key,
                fingerprint=result.fingerprint,
                options=options,
                counts=result.counts,
                duplicate_of=result.duplicate_of,
            )
            self._append(entry_line(entry))
        elif self._doubted:
            self._append(gone_line(key))

    def close(self, *, completed: bool) -> None:
        """Write what is left. ``completed``: no document is under way any more, so that no entry is in doubt."""
        if self._thread is not None:
            self._thread.shutdown()
        if self._unwritten:
            self._write(self.names.name(self._number), b"".join(self._lines))
        if completed and not self._failed:
            self._tidy()

    def _append(self, line: bytes) -> None:
        self._lines.append(line)
        self._unwritten += 1
        if self._unwritten >= WRITE_LINES or time.monotonic() >= self._due:
            self._write_aside()

    def _write_aside(self) -> None:
        if self._writing is not None and not self._writing.done():
            return
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="pdfbatch-index")
        name, data = self.names.name(self._number), b"".join(self._lines)
        self._writing = self._thread.submit(self._write, name, data)
        self._unwritten, self._due = 0, time.monotonic() + WRITE_SECONDS
        if len(self._lines) >= SEGMENT_LINES:
            self._lines, self._number = [], self._number + 1

    def _write(self, name: str, data: bytes) -> None:
        try:
            self.output.write(name, data)
        except DocumentError as error:
            if not self._failed:
                log.warning("the index of the output cannot be written, a resume will take longer: %s", error)
            self._failed = True

    def _tidy(self) -> None:
        try:
            if self._doubted:
                self.output.delete(self.names.name(0))
            if self.segments + self._number > MERGE_ABOVE:
                _merge(self.output, self.names, self._number + 1)
        except (DocumentError, ValueError) as error:
            log.warning("the index of the output could not be tidied: %s", error)


def _merge(output: Output, names: SegmentNames, number: int) -> None:
    """Make few segments of many small ones, in their order; of a document's lines in one segment the last is kept."""
    small = sorted(name for name in output.names(FOLDER) if not is_full(name))
    if len(small) <= MERGE_ABOVE:
        return
    lines, size, merged = dict[str | None, bytes](), 0, list[str]()
    for name in small:
        for line in output.read(name).splitlines(keepends=True):
            key = key_of(line)
            if key is None:
                lines.clear()
            lines[key] = line
            size += len(line)
        merged.append(name)
        if size >= FULL_BYTES or name == small[-1]:
            output.write(names.name(number, full=size >= FULL_BYTES), b"".join(lines.values()))
            for old in merged:
                output.delete(old)
            lines, size, merged, number = {}, 0, [], number + 1
