"""The table of an output's documents, ``documents.csv``: what became of each, and where its text is."""

import csv
import os
import time
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from io import StringIO
from itertools import islice, pairwise
from tempfile import SpooledTemporaryFile
from typing import IO

from pdfbatch.common import SafeLogger
from pdfbatch.errors import DocumentError, OutputError
from pdfbatch.model import DocumentResult, DocumentStatus
from pdfbatch.outputs.atomic_file import atomic_file
from pdfbatch.outputs.pack_files import pack_in
from pdfbatch.outputs.record import batch_file, text_name
from pdfbatch.ports import Locality, Output, SupportsAppend

log: SafeLogger = SafeLogger(__name__)

DOCUMENTS_NAME = "documents.csv"
HEADER = b"path,id,status,cause,pages,ocr_pages,text\n"
# Rows that come faster than this are written together.
_ROWS_AT_ONCE, _SECONDS_AT_ONCE = 64, 0.25
# An output that cannot append gets all rows again after so many seconds, and so many times as long as the last time took.
_WRITE_SECONDS, _TIMES_AS_LONG = 30.0, 20
_IN_MEMORY_BYTES = 4 << 20
_KEY_GROUPS = 256
# A spreadsheet takes a cell that begins with one of these for a formula.
_FORMULA_SIGNS = frozenset("=+-@\t\r\uff1d\uff0b\uff0d\uff20")


@dataclass(slots=True)
class DocumentList:
    """The rows that a batch adds to the table of its output.

    In a folder they are appended as documents end, so that the table tells of them after a kill, too; other outputs have them
    in ``batches/<key>/documents.csv`` until the batch ends. ``close`` leaves one row for each document in the table: those of
    this batch, and those of earlier ones that it has not met. A skipped document keeps the row that it has. ``name`` is that of
    the table: a shard has one of its own, because others write at the same time.
    """

    output: Output
    batch_id: str
    name: str = DOCUMENTS_NAME
    _rows: list[bytes] = field(default_factory=list[bytes])
    _waiting: dict[str, list[tuple[int, bytes]]] = field(default_factory=dict[str, list[tuple[int, bytes]]])
    _keys: list[int] = field(default_factory=list[int])  # of the rows that wait to be written
    _added: int = 0
    _replaces_rows: bool = False
    _earlier: "_Keys | None" = None
    _kept: IO[bytes] = field(default_factory=lambda: SpooledTemporaryFile(_IN_MEMORY_BYTES))  # noqa: SIM115 (closed by ``close``)
    _thread: ThreadPoolExecutor | None = None
    _pending: Future[None] | None = None
    _due: float = field(default_factory=lambda: time.monotonic() + _WRITE_SECONDS)
    _last_append: float = -1.0
    _is_first: bool = True
    _has_failed: bool = False

    def add(self, result: DocumentResult, *, waits: bool = False) -> None:
        """Add the row of a document that has ended; one that ``waits`` for its pack to be closed comes by ``release``."""
        key = _key_of(result)
        if result.status is DocumentStatus.SKIPPED and key in self._earlier_keys():
            return
        if waits and result.output is not None:
            self._waiting.setdefault(result.output, []).append((key, row_of(result)))
        else:
            self._add(key, row_of(result))

    def add_skipped(self, results: Iterable[DocumentResult]) -> None:
        """Add the rows of skipped documents that have none yet: as ``add``, together."""
        earlier = self._earlier_keys()
        for result in results:
            if (key := _key_of(result)) not in earlier:
                self._add(key, row_of(result))

    def release(self, packs: Sequence[str]) -> None:
        """Add the rows of documents whose pack has been closed."""
        for pack in packs:
            for key, row in self._waiting.pop(pack, ()):
                self._add(key, row)

    def _add(self, key: int, row: bytes) -> None:
        self._added += 1
        self._keys.append(key)
        self._rows.append(row)
        if self._appends:
            if len(self._rows) >= _ROWS_AT_ONCE or time.monotonic() - self._last_append >= _SECONDS_AT_ONCE:
                self._append()
        elif len(self._rows) >= _ROWS_AT_ONCE or time.monotonic() >= self._due:
            self._keep()

    def close(self) -> None:
        """Write what is left, and bring the table into order. Raises ``DocumentError`` when the output does not take it."""
        if self._appends:
            self._append(always=True)
            if not self._has_failed and (self._replaces_rows or self._earlier_keys().repeated):
                self._rewrite(self.output.uri(self.name))
        else:
            if self._thread is not None:
                self._thread.shutdown()
            if self._added or self._earlier is None:
                self._keep_rows()
                kept = self._read_kept()
                new = _Keys(key for _, key in _rows_of(kept.splitlines(keepends=True)))
                earlier = b"".join(row for row, key in self._earlier_rows() if key not in new)
                self.output.write(self.name, HEADER + earlier + kept)
            if self._pending is not None and self.name == DOCUMENTS_NAME:
                self.output.delete(batch_file(self.batch_id, DOCUMENTS_NAME))
        self._kept.close()

    @property
    def _appends(self) -> bool:
        return self.output.locality is Locality.MACHINE and isinstance(self.output, SupportsAppend)

    def _earlier_keys(self) -> "_Keys":
        """Return the keys of the documents that had a row before this batch."""
        if self._earlier is None:
            self._earlier = _Keys(key for _, key in self._earlier_rows())
        return self._earlier

    # --- a folder -------------------------------------------------------------------------------------------------

    def _append(self, *, always: bool = False) -> None:
        if not self._rows and not always:
            return
        assert isinstance(self.output, SupportsAppend)
        try:
            if self._is_first:
                self._earlier_keys()  # read before the first row of this batch is written
                if not self._has_table():
                    self._rows.insert(0, HEADER)
            self.output.append(self.name, b"".join(self._rows))
        except DocumentError as error:
            if not self._has_failed:
                log.warning("the list of documents cannot be written: %s", error)
            self._has_failed = True
            return
        self._is_first = False
        self._replaces_rows = self._replaces_rows or any(map(self._earlier_keys().__contains__, self._keys))
        self._rows, self._keys, self._last_append = [], [], time.monotonic()

    def _has_table(self) -> bool:
        try:
            return os.path.getsize(self.output.uri(self.name)) >= len(HEADER)
        except OSError:
            return False

    def _rewrite(self, path: str) -> None:
        """Write the table anew with the last row of each document. Those of this batch come after all others."""
        first_new = sum(1 for _ in _read_rows(path)) - self._added
        new = _Keys(key for _, key in islice(_read_rows(path), max(0, first_new), None))
        repeated = self._earlier_keys().repeated
        try:
            with atomic_file(path, {}) as file:
                file.write(HEADER)
                for number, (row, key) in enumerate(_read_rows(path)):
                    if number < first_new:
                        if key in repeated:
                            repeated[key] -= 1
                        if key in new or repeated.get(key):  # there is a later one
                            continue
                    file.write(row)
        except (OutputError, OSError) as error:
            log.warning("the list of documents could not be brought into order: %s", error)

    # --- any other output -----------------------------------------------------------------------------------------

    def _keep(self) -> None:
        """Keep rows aside, and write all of them to the output from time to time, so that a kill leaves most of them."""
        self._keep_rows()
        if time.monotonic() < self._due or (self._pending is not None and not self._pending.done()):
            return
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="pdfbatch-list")
        self._due = time.monotonic() + _WRITE_SECONDS
        self._pending = self._thread.submit(self._write_so_far, HEADER + self._read_kept())

    def _keep_rows(self) -> None:
        self._kept.seek(0, os.SEEK_END)
        self._kept.write(b"".join(self._rows))
        self._rows, self._keys = [], []

    def _read_kept(self) -> bytes:
        self._kept.seek(0)
        return self._kept.read()

    def _write_so_far(self, data: bytes) -> None:
        start = time.monotonic()
        try:
            self.output.write(batch_file(self.batch_id, DOCUMENTS_NAME), data)
        except DocumentError as error:
            log.debug("the list of documents cannot be written yet: %s", error)
        now = time.monotonic()
        self._due = max(self._due, now + _TIMES_AS_LONG * (now - start))

    def _earlier_rows(self) -> Iterator[tuple[bytes, int]]:
        if self._appends:
            return _read_rows(self.output.uri(self.name))
        try:
            data = self.output.read(self.name)
        except DocumentError:
            return iter(())
        return _rows_of(data.splitlines(keepends=True))


class _Keys:
    """Hashes of the ids in the rows of a table, in eight bytes each. ``repeated`` counts those that have several rows."""

    def __init__(self, keys: Iterable[int]) -> None:
        self._groups = [array("q") for _ in range(_KEY_GROUPS)]
        for key in keys:
            self._groups[key & _KEY_GROUPS - 1].append(key)
        self.repeated = Counter[int]()
        # Small groups, so that not all keys are integers of Python at one time.
        for number, group in enumerate(self._groups):
            ordered = sorted(group)
            self._groups[number] = array("q", ordered)
            self.repeated.update(one for one, other in pairwise(ordered) if one == other)
        self.repeated.update(list(self.repeated))

    def __contains__(self, key: int) -> bool:
        group = self._groups[key & _KEY_GROUPS - 1]
        place = bisect_left(group, key)
        return place < len(group) and group[place] == key


def _key_of(result: DocumentResult) -> int:
    return hash(_plain_cell(result.document.document_uuid))


def row_of(result: DocumentResult) -> bytes:
    """Return the row of a document. No row has a line break in it, and no cell is a formula."""
    counts = result.counts
    cells = (
        _cell(result.document.file_path),
        _cell(result.document.document_uuid),
        str(result.status),
        "" if result.failure is None else str(result.failure.cause),
        str(counts.pages),
        str(counts.ocr_pages),
        _cell((result.output and pack_in(result.output)) or text_name(result.document)) if counts.pages else "",
    )
    return (",".join(cells) + "\n").encode()


def _plain_cell(text: str) -> str:
    """Return what a reader of the table gets for a text."""
    if not text.isprintable():
        text = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
    return f"'{text}" if text.lstrip()[:1] in _FORMULA_SIGNS else text


def _cell(text: str) -> str:
    text = _plain_cell(text)
    if any(sign in text for sign in ',";') or text != text.strip():
        doubled = text.replace('"', '""')
        return f'"{doubled}"'
    return text


def _read_rows(path: str) -> Iterator[tuple[bytes, int]]:
    try:
        with open(path, "rb") as file:
            yield from _rows_of(file)
    except OSError:
        return


def _rows_of(lines: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
    """Yield each whole row of a table, and the hash of its document's id."""
    for line in lines:
        if line == HEADER or not line.endswith(b"\n"):
            continue
        nothing: list[str] = []
        text = line.decode("utf-8", "replace")
        cells = next(csv.reader(StringIO(text)), nothing) if '"' in text else text.split(",")
        if len(cells) == HEADER.count(b",") + 1:
            yield line, hash(cells[1])
