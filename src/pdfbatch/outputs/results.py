"""The results of a batch, on disk, so that memory does not grow with what they hold."""

import pickle
import tempfile
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import cast, overload

from pdfbatch.model import DocumentResult
from pdfbatch.outputs.record import StoredPages
from pdfbatch.ports import Output

IN_MEMORY_BYTES = 4 << 20


class PickleLog:
    """Append-only log of pickles in a nameless temporary file. The first few megabytes are in memory only."""

    __slots__ = ("_at_end", "_end", "_file")

    def __init__(self, in_memory_bytes: int = IN_MEMORY_BYTES) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=in_memory_bytes)  # noqa: SIM115 (lives as long as we do)
        self._end = 0
        self._at_end = True

    def add(self, pickled: bytes) -> int:
        """Append a pickle, and return its offset for ``load``."""
        if (
            not self._at_end
        ):  # a seek would flush the buffer of the file, so that every pickle would be a write of its own
            self._file.seek(self._end)
        self._at_end = False  # a write that fails leaves the file somewhere behind its end
        self._file.write(pickled)
        self._at_end = True
        offset = self._end
        self._end += len(pickled)
        return offset

    def load(self, offset: int) -> object:
        """Return the value at an offset."""
        self._at_end = False
        self._file.seek(offset)
        return pickle.load(self._file)  # noqa: S301 (we wrote it)

    def close(self) -> None:
        """Remove the file. A closed log cannot be used again."""
        self._file.close()


class Results(Sequence[DocumentResult]):
    """Results in the order in which they were added, in a nameless temporary file. Each takes eight bytes of memory.

    With an ``output``, pages that it holds are not stored again. A result whose metadata cannot be pickled stays in memory.
    """

    def __init__(self, output: Output | None = None) -> None:
        self._output = output
        self._log = PickleLog()
        self._offsets = array("Q")
        self._unpicklable: dict[int, DocumentResult] = {}

    def add(self, result: DocumentResult) -> None:
        """Add a result."""
        if result.pages and self._output is not None and result.output is not None:
            result = replace(result, pages=())
        try:
            data = pickle.dumps(result, protocol=5)
        except Exception:  # noqa: BLE001 (the caller's metadata may refuse in any way; that is no reason to end a batch)
            self._unpicklable[len(self)] = result
            data = b""
        self._offsets.append(self._log.add(data))

    def __len__(self) -> int:
        return len(self._offsets)

    @overload
    def __getitem__(self, index: int) -> DocumentResult: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[DocumentResult]: ...
    def __getitem__(self, index: int | slice) -> DocumentResult | Sequence[DocumentResult]:
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(len(self)))]
        position = range(len(self))[index]  # raises IndexError, and counts negative indices from the end
        result = self._unpicklable.get(position)
        if result is None:
            result = cast("DocumentResult", self._log.load(self._offsets[position]))
        return with_stored_pages(result, self._output)

    def __iter__(self) -> Iterator[DocumentResult]:
        return (self[position] for position in range(len(self)))

    def __reduce__(self) -> tuple[object, ...]:
        return tuple, (list(self),)


def with_stored_pages(result: DocumentResult, output: Output | None) -> DocumentResult:
    """Return a result with ``StoredPages``, which read its pages from the output when somebody asks for them."""
    if output is None or result.output is None or not result.counts.pages:
        return result
    return DocumentResult(  # not ``replace``, which is slower: this is done for each document
        document=result.document,
        status=result.status,
        pages=StoredPages(output, result.document, result.counts.pages),
        failure=result.failure,
        output=result.output,
        attempts=result.attempts,
        duration_seconds=result.duration_seconds,
        pdf_metadata=result.pdf_metadata,
        counts=result.counts,
        duplicate_of=result.duplicate_of,
        fingerprint=result.fingerprint,
    )
