"""The results of a batch, kept on disk: a sequence that needs eight bytes of memory for each."""

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
    """Pickles in a nameless temporary file that goes with this object; the first few megabytes stay in memory.

    What is added is gathered into writes of some kilobytes: a file that is told where to write does that at once.
    """

    __slots__ = ("_at_end", "_end", "_file")

    def __init__(self, in_memory_bytes: int = IN_MEMORY_BYTES) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=in_memory_bytes)  # noqa: SIM115 (lives as long as we do)
        self._end = 0
        self._at_end = True

    def add(self, pickled: bytes) -> int:
        """Put a pickle behind the others; its place."""
        if not self._at_end:
            self._file.seek(self._end)
        self._at_end = False  # unless all of it can be written
        self._file.write(pickled)
        self._at_end = True
        place = self._end
        self._end += len(pickled)
        return place

    def load(self, place: int) -> object:
        """The value at a place."""
        self._at_end = False
        self._file.seek(place)
        return pickle.load(self._file)  # noqa: S301 (we wrote it)

    def close(self) -> None:
        """Forget everything."""
        self._file.close()


class Results(Sequence[DocumentResult]):
    """Results in the order in which they were added, in a nameless temporary file that goes with this object.

    One whose metadata cannot be pickled is held in memory.
    """

    def __init__(self, output: Output | None = None) -> None:
        self._output = output
        self._shelf = PickleLog()
        self._starts = array("Q")
        self._held: dict[int, DocumentResult] = {}

    def add(self, result: DocumentResult) -> None:
        """Keep one more result; pages that an output holds stay there."""
        kept = replace(result, pages=()) if result.pages and self._stored(result) else result
        try:
            data = pickle.dumps(kept, protocol=5)
        except Exception:  # noqa: BLE001 (the caller's metadata may refuse in any way; that is no reason to end a batch)
            self._held[len(self)] = kept
            data = b""
        self._starts.append(self._shelf.add(data))

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, index: int) -> DocumentResult: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[DocumentResult]: ...
    def __getitem__(self, index: int | slice) -> DocumentResult | Sequence[DocumentResult]:
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(len(self)))]
        return with_stored_pages(self._at(range(len(self))[index]), self._output)

    def _at(self, position: int) -> DocumentResult:
        if position in self._held:
            return self._held[position]
        return cast("DocumentResult", self._shelf.load(self._starts[position]))

    def __iter__(self) -> Iterator[DocumentResult]:
        return (self[position] for position in range(len(self)))

    def __reduce__(self) -> tuple[object, ...]:
        return tuple, (list(self),)

    def _stored(self, result: DocumentResult) -> bool:
        return self._output is not None and result.output is not None


def with_stored_pages(result: DocumentResult, output: Output | None) -> DocumentResult:
    """The result with its pages, which are read from the output when somebody asks for them."""
    if output is None or result.output is None or not result.counts.pages:
        return result
    return DocumentResult(  # spelled out: it is done for each document, and ``replace`` takes three times as long
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
