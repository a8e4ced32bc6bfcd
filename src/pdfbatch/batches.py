"""Groups of documents that are counted together."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar, overload

T = TypeVar("T")


# A sequence is an iterable, too, and the more exact promise wins: what the checkers warn of is meant.
@overload
def create_document_batches(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
    documents: Sequence[T], batch_size: int = ...
) -> list[list[T]]: ...
@overload
def create_document_batches(documents: Iterable[T], batch_size: int = ...) -> Iterator[list[T]]: ...
def create_document_batches(documents: Iterable[T], batch_size: int = 10) -> list[list[T]] | Iterator[list[T]]:
    """Group documents by ``batch_size``, in their order; the last group may be smaller.

    A sequence gives a list of lists. Any other iterable gives an iterator that takes one group at a time from it.
    Raises ``ValueError`` when ``batch_size`` is less than 1.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, not {batch_size}")
    groups = _groups(iter(documents), batch_size)
    return list(groups) if isinstance(documents, Sequence) else groups


def _groups(documents: Iterator[T], batch_size: int) -> Iterator[list[T]]:
    while group := list(islice(documents, batch_size)):
        yield group
