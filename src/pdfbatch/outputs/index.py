"""The index of an output: a log of finished documents in a few files, so that a resume reads a few files, not every record.

The files ("segments") are in the folder ``.index/``. Each line of a segment is a JSON object; segments are read in the order
of the numbers in their names, ``<number of the batch>-<random digits>-<number in the batch>.jsonl``. Anything else in the
folder is left alone, and named once in the log. There are three kinds of lines:

- an entry says which input of a document was read with which settings, and what its pages were;
- a tombstone says that an earlier entry of a document is no longer valid;
- an invalidation says that no line before it is valid. A batch writes one before it changes a document that has an entry,
  and deletes it when it has ended. So a batch that is killed leaves an index that lacks entries, but has no wrong one.

What the index does not tell is looked up in the record of the document.
"""

import json
import os
import re
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, TypeVar

from pdfbatch.common import SafeLogger
from pdfbatch.errors import DocumentError, UsageError, describe_error
from pdfbatch.model import DocumentResult
from pdfbatch.outputs.catalog import Catalog, CatalogEntry
from pdfbatch.outputs.pack_files import is_of_packs
from pdfbatch.outputs.record import document_name, to_json
from pdfbatch.ports import Output, SupportsSizes, SupportsSync

T = TypeVar("T")

log: SafeLogger = SafeLogger(__name__)

FOLDER = ".index/"
PACKED = "a packed layout (jsonl or parquet)"
INVALIDATE_ALL = to_json({"invalid": "all lines before"}) + b"\n"
_FULL = "-full.jsonl"
# Not more digits than are ever reached, so that the numbers can be compared and counted on.
_SEGMENT = re.compile(r"\.index/([0-9]{6,12})-([0-9a-z]{1,16})-([0-9]{6,12})(-full)?\.jsonl")
_MAX_COUNT = 1 << 53

# The current segment is written again, whole, after this many new lines or seconds. A segment with SEGMENT_LINES lines is
# followed by the next one.
WRITE_LINES = 1000
WRITE_SECONDS = 30.0
SEGMENT_LINES = 5000
# A batch that ends with more segments than this merges the small ones into segments of FULL_BYTES.
COMPACT_ABOVE = 20
FULL_BYTES = 8 << 20
# A full segment has some 50,000 lines, which are read in portions, so that not all values are in memory at one time.
_LINES_AT_ONCE = 1000


def open_index(output: Output, *, resume: bool) -> tuple[Catalog, "IndexWriter"]:
    """Return the catalog of an output, to be closed by the caller, and a writer for the entries of the next batch.

    Without ``resume`` the catalog has the names of files only, and the writer invalidates the entries of earlier batches at
    once. Takes one listing of the output and, to resume, one read for each segment. Raises ``DocumentError`` when the output
    cannot be listed.
    """
    catalog, segments = read_index(output, entries=resume)
    writer = IndexWriter(output, names_after(segments), sum(not _is_full(name) for name in segments))
    if segments and not resume:
        writer.invalidate()
    return catalog, writer


def compact_index(output: Output) -> None:
    """Merge the small segments of an output, if there are many, while no batch is running."""
    segments = sort_segments(output.names(FOLDER))
    IndexWriter(output, names_after(segments), sum(not _is_full(name) for name in segments)).close(completed=True)


# What a file that anybody may have written can make of its reader.
_ODD = (DocumentError, ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError)


# --- reading ----------------------------------------------------------------------------------------------------------


def read_index(output: Output, *, entries: bool = True) -> tuple[Catalog, list[str]]:
    """Return the catalog of an output, without ``entries`` only of the names that it holds, and the names of its segments.

    Raises ``DocumentError`` when the output cannot be listed, ``UsageError`` when it has a packed layout.
    """
    catalog, segments = Catalog(), list[str]()
    try:
        if isinstance(output, SupportsSizes):
            catalog.note_sizes(_without_segments(output, output.sizes(), segments, itemgetter(0)))
        else:
            catalog.note_files(_without_segments(output, output.names(), segments, str))
        segments = sort_segments(segments)
        read = segments if entries else []
        problems = [problem for name in read if (problem := _apply_segment(output, name, catalog))]
        if problems:
            more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
            log.warning(
                "a part of the index cannot be read, documents are looked up one by one: %s%s", problems[0], more
            )
    except BaseException:
        catalog.close()
        raise
    return catalog, segments


def sort_segments(names: Iterable[str]) -> list[str]:
    """Return the names that are those of segments, in the order in which these are read."""
    segments, others = list[tuple[int, str, int, str]](), list[str]()
    for name in names:
        if (match := _SEGMENT.fullmatch(name)) is None:
            others.append(name)
        else:
            segments.append((int(match[1]), match[2], int(match[3]), name))
    if others:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        log.warning("the index holds what is no part of it, and is left alone: %a%s", others[0], more)
    return [name for *_, name in sorted(segments)]


def is_segment(name: str) -> bool:
    """Return whether a name is that of a segment."""
    return _SEGMENT.fullmatch(name) is not None


def mixed_layouts_error(output: Output, kind: str) -> UsageError:
    """Return the error of an output that earlier batches have written in the other kind of layout."""
    return UsageError(
        f"The output {output.uri('')} has been written in {kind}: go on in that, or choose another output. In one that has "
        "both, an export would find documents twice"
    )


def _without_segments(
    output: Output, found: Iterable[T], segments: list[str], name_of: Callable[[T], str]
) -> Iterable[T]:
    """Yield what is found under names that are not of the index, and append the others to ``segments``."""
    for each in found:
        if (name := name_of(each)).startswith(FOLDER):
            segments.append(name)
        elif is_of_packs(name):
            raise mixed_layouts_error(output, PACKED)
        else:
            yield each


def _apply_segment(output: Output, name: str, catalog: Catalog) -> str:
    """Add the lines of a segment to a catalog, and return what is wrong with it, if anything.

    A segment that cannot be read invalidates all entries before it.
    """
    try:
        lines = output.read(name).splitlines()
        for first in range(0, len(lines), _LINES_AT_ONCE):
            entries = list[CatalogEntry]()
            for line in json.loads(b"[%s]" % b",".join(lines[first : first + _LINES_AT_ONCE])):
                if "invalid" in line:
                    entries.clear()
                    catalog.discard_all()
                else:
                    entries.append(_entry(line))
            catalog.add(entries)
    except _ODD as error:
        catalog.discard_all()
        return f"{name}: {describe_error(error)}"
    return ""


def _entry(line: dict[str, Any]) -> CatalogEntry:
    key = line["key"]
    if "deleted" in line:
        return CatalogEntry(key, fingerprint=None)
    fingerprint, options, duplicate_of = line["input"], line["options"], line.get("duplicate_of")
    if not (
        type(key) is type(fingerprint) is type(options) is str and (duplicate_of is None or type(duplicate_of) is str)
    ):
        raise TypeError("a value is no text")
    pages, text_pages, ocr_pages, blank_pages, failed_pages, characters = counts = line["counts"]
    for count in counts:
        if type(count) is not int or not 0 <= count < _MAX_COUNT:
            raise TypeError("a value is no count")
    text_bytes = line.get("text")
    if text_bytes is not None and (type(text_bytes) is not int or not 0 <= text_bytes < _MAX_COUNT):
        raise TypeError("a value is no length")
    return CatalogEntry(
        key,
        fingerprint,
        options,
        pages,
        text_pages,
        ocr_pages,
        blank_pages,
        failed_pages,
        characters,
        duplicate_of,
        text_bytes,
    )


# --- writing ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentNames:
    """The names of one batch's segments. They sort after those of every earlier batch.

    ``chance`` keeps the segments of two batches apart that run at the same time.
    """

    batch: int
    chance: str

    def segment(self, number: int, *, full: bool = False) -> str:
        """Return the name of a segment. Compaction leaves a full one as it is."""
        return f"{FOLDER}{self.batch:06d}-{self.chance}-{number:06d}{_FULL if full else '.jsonl'}"


def names_after(segments: Iterable[str]) -> SegmentNames:
    """Return the names for the batch that follows those which wrote these segments."""
    last = max((int(match[1]) for name in segments if (match := _SEGMENT.fullmatch(name))), default=0)
    return SegmentNames(batch=last + 1, chance=os.urandom(4).hex())


@dataclass(slots=True)
class IndexWriter:
    """Write the segments of one batch. ``segments`` is the number of earlier segments that are not full.

    To be used from one thread; it writes in another one, so that the batch does not wait for its output. What cannot be
    written costs a warning, and the next resume more time. Files of documents are written through to the disk before any
    segment that tells of them.
    """

    output: Output
    names: SegmentNames
    segments: int = 0
    _lines: list[bytes] = field(default_factory=list[bytes])
    _unsynced: list[str] = field(default_factory=list[str])
    _number: int = 1
    _new_lines: int = 0
    _due: float = field(default_factory=lambda: time.monotonic() + WRITE_SECONDS)
    _thread: ThreadPoolExecutor | None = None
    _pending: Future[None] | None = None
    _has_invalidated: bool = False
    _has_failed: bool = False

    def invalidate(self) -> None:
        """Invalidate all entries of earlier batches, because one of their documents is about to change.

        Returns when the line is written, so that a kill after that leaves no wrong entry.
        """
        if not self._has_invalidated:
            self._has_invalidated = True
            self._write(self.names.segment(0), INVALIDATE_ALL)

    def add(self, result: DocumentResult, options: str, text_bytes: int | None = None) -> None:
        """Add the entry of a document that has ended.

        ``options`` is the digest of its settings, ``text_bytes`` the length of its text, if it is known.
        """
        key, counts = document_name(result.document), result.counts
        self._unsynced += (f"{key}.txt", f"{key}.json")
        if result.ok and result.fingerprint:
            pages = (counts.pages, counts.text_pages, counts.ocr_pages, counts.blank_pages, counts.failed_pages)
            line: dict[str, object] = {"key": key, "input": result.fingerprint, "options": options}
            line["counts"] = (*pages, counts.characters)
            if text_bytes is not None:
                line["text"] = text_bytes
            if result.duplicate_of is not None:
                line["duplicate_of"] = result.duplicate_of
            self._append(to_json(line) + b"\n")
        elif self._has_invalidated:
            self._append(_tombstone(key))

    def close(self, *, completed: bool, compact: bool = True) -> None:
        """Write what is left. ``completed`` says that no document is pending, so that every entry is valid again.

        ``compact`` says that small segments may be merged, as long as no other batch writes its own.
        """
        if self._thread is not None:
            self._thread.shutdown()
        self._sync(self._unsynced)
        if self._new_lines:
            self._write(self.names.segment(self._number), b"".join(self._lines))
        if not completed or self._has_failed:
            return
        try:
            if self._has_invalidated:
                self.output.delete(self.names.segment(0))
            if compact and self.segments + self._number > COMPACT_ABOVE:
                _compact(self.output, self.names, self._number + 1)
        except _ODD as error:
            log.warning("the index of the output could not be tidied: %s", error)

    def _append(self, line: bytes) -> None:
        self._lines.append(line)
        self._new_lines += 1
        if self._new_lines >= WRITE_LINES or time.monotonic() >= self._due:
            self._write_in_background()

    def _write_in_background(self) -> None:
        if self._pending is not None and not self._pending.done():
            return  # the lines wait for the next write: one at a time keeps the versions of a segment in order
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="pdfbatch-index")
        name, data = self.names.segment(self._number), b"".join(self._lines)
        self._pending = self._thread.submit(self._sync_and_write, self._unsynced, name, data)
        self._unsynced = []
        self._new_lines, self._due = 0, time.monotonic() + WRITE_SECONDS
        if len(self._lines) >= SEGMENT_LINES:
            self._lines, self._number = [], self._number + 1

    def _sync_and_write(self, names: Sequence[str], name: str, data: bytes) -> None:
        self._sync(names)
        self._write(name, data)

    def _sync(self, names: Sequence[str]) -> None:
        if names and isinstance(self.output, SupportsSync):
            try:
                self.output.sync(names)
            except DocumentError as error:
                if not self._has_failed:
                    log.warning("the output cannot be written through to its disk: %s", error)
                self._has_failed = True

    def _write(self, name: str, data: bytes) -> None:
        if self._has_failed:  # what is not on the disk must not be told of
            return
        try:
            self.output.write(name, data)
        except DocumentError as error:
            if not self._has_failed:
                log.warning("the index of the output cannot be written, a resume will take longer: %s", error)
            self._has_failed = True


def _tombstone(key: str) -> bytes:
    """Return the line that takes back the earlier entry of a document."""
    return to_json({"key": key, "deleted": True}) + b"\n"


def _is_full(name: str) -> bool:
    return name.endswith(_FULL)


def _compact(output: Output, names: SegmentNames, number: int) -> None:
    """Merge many small segments into few large ones, in their order. Of a document's lines, keep the last."""
    small = [name for name in sort_segments(output.names(FOLDER)) if not _is_full(name)]
    if len(small) <= COMPACT_ABOVE:
        return
    lines, size, merged = dict[str | None, bytes](), 0, list[str]()
    for name in small:
        for line in output.read(name).splitlines(keepends=True):
            key: str | None = json.loads(line).get("key")
            if key is None:  # an invalidation: it stands for all lines before it
                lines.clear()
            lines[key] = line
            size += len(line)
        merged.append(name)
        if size >= FULL_BYTES or name == small[-1]:
            output.write(names.segment(number, full=size >= FULL_BYTES), b"".join(lines.values()))
            for old in merged:
                output.delete(old)
            lines, size, merged, number = {}, 0, [], number + 1
