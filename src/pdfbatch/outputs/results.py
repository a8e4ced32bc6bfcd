"""The results of a batch, on disk, so that memory does not grow with what they hold."""

import os
import pickle
import tempfile
import weakref
from array import array
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from threading import Lock
from typing import Any, ClassVar, cast, overload

from pdfbatch.common import SafeLogger, rebuild, without_credentials
from pdfbatch.errors import ResultsUnavailableError
from pdfbatch.model import Counts, Document, DocumentExtras, DocumentResult, DocumentStatus, Page
from pdfbatch.outputs.pack_files import pack_in
from pdfbatch.outputs.record import record_name
from pdfbatch.outputs.stored import StoredPages
from pdfbatch.ports import Output

log: SafeLogger = SafeLogger(__name__)

IN_MEMORY_BYTES = 4 << 20
MAX_STRANDED_BYTES = 256 << 20
"""Where no temporary file can be written, results stay in memory, up to about so many bytes; then the batch should stop."""

_MARK_BYTES = 8
_MOST_ROWS = 20
_NO_EXTRAS = DocumentExtras()


class PickleLog:
    """Append-only log of pickles in a nameless temporary file. The last few megabytes are in memory.

    One thread of the process that made it appends. Any thread may read, and so may processes that were forked from it: a read
    names the position in the file, and a mark before each pickle shows that the file is still the same, whatever the host did
    with the descriptor. Where the file cannot be written, all stays in memory.
    """

    __slots__ = (
        "__weakref__",
        "_descriptor",
        "_ends",
        "_file_bytes",
        "_flush_at",
        "_in_memory_bytes",
        "_mark",
        "_pid",
        "_recent",
        "_recent_bytes",
        "_warned",
    )

    def __init__(self, in_memory_bytes: int = IN_MEMORY_BYTES) -> None:
        self._in_memory_bytes = self._flush_at = in_memory_bytes
        self._mark = os.urandom(_MARK_BYTES)
        self._ends = array("Q")
        self._recent = dict[int, bytes]()
        self._recent_bytes = self._file_bytes = 0
        self._descriptor: _TemporaryDescriptor | None = None
        self._pid = os.getpid()
        self._warned = False

    def __len__(self) -> int:
        return len(self._ends)

    @property
    def stranded_bytes(self) -> int:
        """Number of bytes that are in memory although they should be in the file, which cannot be written."""
        return max(0, self._recent_bytes - self._in_memory_bytes) if self._warned else 0

    def add(self, pickled: bytes) -> int:
        """Append a pickle, and return its number for ``load``, counted from 0."""
        if os.getpid() != self._pid:
            raise ResultsUnavailableError(
                "This process was forked from the one that runs the batch, and cannot add to it"
            )
        number, size = len(self._ends), len(pickled) + _MARK_BYTES
        self._recent[number] = pickled
        self._recent_bytes += size
        self._ends.append((self._ends[-1] if self._ends else 0) + size)
        if self._recent_bytes > self._flush_at:
            self._flush()
        return number

    def load(self, number: int) -> object:
        """Return a value by its number. Raises ``ResultsUnavailableError`` when the file is no longer there."""
        pickled = self._recent.get(number)
        if pickled is None:  # then it was in the file before it left the memory
            pickled = self._read(number)
        return pickle.loads(pickled)  # noqa: S301 (we wrote it)

    def close(self) -> None:
        """Remove the file. What was only there is gone."""
        if self._descriptor is not None:
            self._descriptor.close()

    def _read(self, number: int) -> bytes:
        start = self._ends[number - 1] if number else 0
        size = self._ends[number] - start
        data = b"" if self._descriptor is None else self._descriptor.read(size, start)
        if len(data) != size or data[:_MARK_BYTES] != self._mark:
            raise ResultsUnavailableError("The temporary file with the results is gone: its descriptor was closed")
        return data[_MARK_BYTES:]

    def _flush(self) -> None:
        """Move what is in memory to the file; on failure leave it there, and try again when as much has come again."""
        data = b"".join(self._mark + pickled for pickled in self._recent.values())
        try:
            if self._descriptor is None:
                self._descriptor = _TemporaryDescriptor()
            self._descriptor.write(data, self._file_bytes)
        except OSError as error:
            self._flush_at = self._recent_bytes + self._in_memory_bytes
            if not self._warned:
                self._warned = True
                log.warning("results stay in memory, no temporary file can be written: %s", error)
            return
        self._file_bytes += len(data)
        self._recent.clear()  # only now: readers look here first
        self._recent_bytes, self._flush_at, self._warned = 0, self._in_memory_bytes, False


class _TemporaryDescriptor:
    """The descriptor of a nameless temporary file, closed when nobody uses it any more. Raises ``OSError``."""

    __slots__ = ("__weakref__", "_descriptor", "_facts", "_finalizer", "_lock")

    def __init__(self) -> None:
        with tempfile.TemporaryFile(buffering=0, prefix="pdfbatch-") as file:
            self._descriptor = os.dup(file.fileno())
        self._facts = _identify(self._descriptor)
        self._lock = Lock()
        self._finalizer = weakref.finalize(self, _close, self._descriptor, self._facts)

    def write(self, data: bytes, position: int) -> None:
        """Write all of the data at a position."""
        if _identify(self._descriptor) != self._facts:
            raise OSError("its descriptor was closed, and belongs to another file now")
        view = memoryview(data)
        while view:
            count = self._write_once(view, position)
            view, position = view[count:], position + count

    def read(self, size: int, position: int) -> bytes:
        """Return what is at a position; less, when it cannot be read."""
        blocks = list[bytes]()
        with suppress(OSError):
            while size and (block := self._read_once(size, position)):
                blocks.append(block)
                size, position = size - len(block), position + len(block)
        return b"".join(blocks)

    def close(self) -> None:
        """Close it; can be repeated."""
        self._finalizer()

    if hasattr(os, "pread"):

        def _read_once(self, size: int, position: int) -> bytes:
            return os.pread(self._descriptor, size, position)

        def _write_once(self, data: memoryview, position: int) -> int:
            return os.pwrite(self._descriptor, data, position)

    else:  # Windows, where no process is forked

        def _read_once(self, size: int, position: int) -> bytes:
            with self._lock:
                os.lseek(self._descriptor, position, os.SEEK_SET)
                return os.read(self._descriptor, size)

        def _write_once(self, data: memoryview, position: int) -> int:
            with self._lock:
                os.lseek(self._descriptor, position, os.SEEK_SET)
                return os.write(self._descriptor, data)


def _identify(descriptor: int) -> tuple[int, int]:
    facts = os.fstat(descriptor)
    return facts.st_dev, facts.st_ino


def _close(descriptor: int, facts: tuple[int, int]) -> None:
    with suppress(OSError):  # the host has closed it, or somebody else has it now
        if _identify(descriptor) == facts:
            os.close(descriptor)


class Results(Sequence[DocumentResult]):
    """Results in the order in which they were added, in a nameless temporary file. Each takes eight bytes of memory.

    With an ``output``, pages that it holds are not stored again. A result that cannot be pickled stays in memory. Any thread
    may read, and any process that was forked from this one.
    """

    def __init__(self, output: Output | None = None) -> None:
        self._output = output
        self._log = PickleLog()
        self._unpicklable: dict[int, DocumentResult] = {}

    @property
    def is_stranded(self) -> bool:
        """Whether temporary files cannot be written, and memory holds as many results as it should."""
        return self._log.stranded_bytes > MAX_STRANDED_BYTES

    def add(self, result: DocumentResult) -> None:
        """Add a result."""
        is_stored = bool(result.pages) and self._output is not None and result.output is not None
        try:
            data = pickle.dumps(_to_plain(result, () if is_stored else result.pages), protocol=5)
        except Exception:  # noqa: BLE001 (an engine's values may refuse in any way; that is no reason to end a batch)
            self._unpicklable[len(self)] = replace(result, pages=()) if is_stored else result
            data = b""
        self._log.add(data)

    def close(self) -> None:
        """Remove the file. What was only there is gone."""
        self._log.close()

    def __len__(self) -> int:
        return len(self._log)

    @overload
    def __getitem__(self, index: int) -> DocumentResult: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[DocumentResult]: ...
    def __getitem__(self, index: int | slice) -> DocumentResult | Sequence[DocumentResult]:
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(len(self)))]
        try:
            position = range(len(self))[index]  # counts negative indices from the end
        except IndexError:
            raise IndexError(f"no result has the place {index}: there are {len(self):,}, counted from 0") from None
        except TypeError:
            raise TypeError(
                f"results are found by their place, 0 to {len(self) - 1:,}, not by {type(index).__name__}"
            ) from None
        result = self._unpicklable.get(position)
        if result is None:
            result = _from_plain(self._log.load(position))
        return with_stored_pages(result, self._output)

    def __iter__(self) -> Iterator[DocumentResult]:
        return (self[position] for position in range(len(self)))

    def __eq__(self, other: object) -> bool:
        """Compare with any sequence, result by result: an unpickled report has a tuple."""
        if not isinstance(other, Sequence) or isinstance(other, (str, bytes)):
            return NotImplemented
        if self is other:
            return True
        others = cast("Sequence[object]", other)
        return len(self) == len(others) and all(mine == theirs for mine, theirs in zip(self, others, strict=True))

    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # as of every sequence that compares by its values and grows

    def __reduce__(self) -> tuple[object, ...]:
        return tuple, (list(self),)

    def __repr__(self) -> str:
        """Return how many there are. No text of a document."""
        return "Results(1 document)" if len(self) == 1 else f"Results({len(self):,} documents)"

    def _repr_html_(self) -> str:
        """Return the first ones as a table, for a notebook."""
        from pdfbatch.common import html_table  # noqa: PLC0415 (for notebooks only)

        names = ("document", "status", "pages", "characters", "cause")
        rows = (
            (
                without_credentials(result.document.file_path),
                str(result.status),
                result.counts.pages,
                result.counts.characters,
                "" if result.failure is None else str(result.failure.cause),
            )
            for result in self[:_MOST_ROWS]
        )
        more = f", the first {_MOST_ROWS}" if len(self) > _MOST_ROWS else ""
        return html_table(f"{self!r}{more}", names, rows)


def _to_plain(result: DocumentResult, pages: Sequence[Page]) -> object:
    """Return a result in tuples: a pickle of these takes a fifth of the time, because it names no classes of ours."""
    document, counts, extras = result.document, result.counts, result.extras
    if type(document) is not Document or type(counts) is not Counts:
        return replace(result, pages=pages)
    end = (pages, result.failure, result.output, result.attempts, result.duration_seconds, result.pdf_metadata)
    origin = (result.duplicate_of, result.fingerprint, None if extras == _NO_EXTRAS else extras)
    return document.__getstate__(), result.status.value, end, counts.__getstate__(), origin


def _from_plain(value: object) -> DocumentResult:
    if isinstance(value, DocumentResult):
        return value
    document, status, end, counts, (duplicate_of, fingerprint, extras) = cast("tuple[Any, ...]", value)
    parts = (rebuild(Counts, *counts), duplicate_of, fingerprint, extras or _NO_EXTRAS)
    return rebuild(DocumentResult, rebuild(Document, *document), DocumentStatus(status), *end, *parts)


def with_stored_pages(result: DocumentResult, output: Output | None) -> DocumentResult:
    """Return a result with ``StoredPages``, which read its pages from the output when somebody asks for them."""
    if output is None or result.output is None or not result.counts.pages:
        return result
    place = pack_in(result.output) or record_name(result.document)
    document, status, _, *rest = cast("tuple[Any, ...]", result.__getstate__())  # ``replace`` is slower
    return rebuild(DocumentResult, document, status, StoredPages(output, document, result.counts.pages, place), *rest)
