"""Counts of each group of documents of a batch, in columns: a million documents have a hundred thousand groups."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, cast, overload

from pdfbatch.model import DocumentResult
from pdfbatch.report import BatchCounts


@dataclass(slots=True)
class GroupTallies:
    """Count documents in groups of ``size``, in the order in which they were handed in. A group takes 24 bytes."""

    size: int
    _successful: "array[int]" = field(default_factory=lambda: array("I"))
    _failed: "array[int]" = field(default_factory=lambda: array("I"))
    _pages: "array[int]" = field(default_factory=lambda: array("Q"))
    _seconds: "array[float]" = field(default_factory=lambda: array("d"))

    def add(self, result: DocumentResult, position: int) -> None:
        """Count a document that has ended; ``position`` counts from 0."""
        group = position // self.size
        if group >= len(self._pages):
            self._extend(group)
        if result.status.ok:
            self._successful[group] += 1
        else:
            self._failed[group] += 1
        self._pages[group] += result.counts.pages
        self._seconds[group] += result.duration_seconds

    def add_skipped(self, results: Sequence[DocumentResult], positions: Sequence[int]) -> None:
        """Count documents that earlier batches finished: as ``add``, together."""
        size, successful, pages = self.size, self._successful, self._pages
        if (last := max(positions, default=-1) // size) >= len(pages):
            self._extend(last)
        for result, position in zip(results, positions, strict=True):
            group = position // size
            successful[group] += 1
            pages[group] += result.counts.pages

    def counts(self) -> Sequence[BatchCounts]:
        """Return the counts of all groups, as they are now."""
        return _GroupCounts(self._successful[:], self._failed[:], self._pages[:], self._seconds[:])

    def _extend(self, group: int) -> None:
        more = group + 1 - len(self._pages)
        for column in (self._successful, self._failed, self._pages, self._seconds):
            column.frombytes(bytes(column.itemsize * more))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class _GroupCounts(Sequence[BatchCounts]):
    """The counts of groups, each made when somebody asks for it. Its pickle is a tuple."""

    successful: "array[int]"
    failed: "array[int]"
    pages: "array[int]"
    seconds: "array[float]"

    def __len__(self) -> int:
        return len(self.pages)

    @overload
    def __getitem__(self, index: int) -> BatchCounts: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[BatchCounts]: ...
    def __getitem__(self, index: int | slice) -> BatchCounts | Sequence[BatchCounts]:
        if isinstance(index, slice):
            return tuple(self[place] for place in range(*index.indices(len(self))))
        number = range(len(self))[index]
        successful, failed = self.successful[number], self.failed[number]
        return BatchCounts(
            number=number + 1,
            total_documents=successful + failed,
            successful=successful,
            failed=failed,
            pages=self.pages[number],
            worker_seconds=self.seconds[number],
        )

    def __iter__(self) -> Iterator[BatchCounts]:
        return (self[number] for number in range(len(self)))

    def __eq__(self, other: object) -> bool:
        """Compare with any sequence, group by group."""
        if not isinstance(other, Sequence) or isinstance(other, (str, bytes)):
            return NotImplemented
        return tuple(self) == tuple(cast("Sequence[object]", other))

    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # as of ``Results``

    def __reduce__(self) -> tuple[object, ...]:
        return tuple, (list(self),)

    def __repr__(self) -> str:
        return repr(tuple(self))
