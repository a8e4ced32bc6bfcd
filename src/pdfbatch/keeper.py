"""``Keeper``: what a ``BatchProcessor`` keeps while it is entered, for all batches that run meanwhile."""

import weakref
from typing import Protocol

from pdfbatch import defaults
from pdfbatch.batch import Batch
from pdfbatch.ports import Executor
from pdfbatch.work import DocumentWork


class KeepsPool(Executor, Protocol):
    """An executor whose pool stays open until it is closed."""

    def close(self) -> None:
        """End the pool."""


class Keeper:
    """An executor with a warm pool, the work of that pool, and the batches that use it.

    It belongs to one processor: a pickle and a changed processor get one of their own, with nothing in it. In a process
    that was forked since, the executor starts a pool anew.
    """

    def __init__(self) -> None:
        self._depth = 0
        self._kept: tuple[KeepsPool, DocumentWork] | None = None
        self._batches = weakref.WeakValueDictionary[int, Batch]()

    def __reduce__(self) -> tuple[object, ...]:
        return Keeper, ()

    @property
    def kept(self) -> tuple[Executor, DocumentWork] | None:
        """The executor and the work of its pool; ``None`` while no pool is kept."""
        return self._kept

    def open(self, executor: Executor, work: DocumentWork) -> None:
        """Start the pool. Raises ``PoolStartError``."""
        kept = defaults.keep_pool(executor)
        try:
            kept.start(work).__exit__(None, None, None)
        except BaseException:
            kept.close()
            raise
        self._kept, self._depth = (kept, work), 1

    def enter_again(self) -> bool:
        """Count one entry more, and return whether a pool is kept. It is closed when it was left as often as it was entered."""
        if self._kept is None:
            return False
        self._depth += 1
        return True

    def leave(self) -> None:
        """Close the pool if this was the last who left it. Batches that still run end with ``cancelled`` results."""
        self._depth -= 1
        if self._depth > 0 or self._kept is None:
            return
        (executor, _), self._kept = self._kept, None
        for batch in list(self._batches.values()):
            batch.cancel()
        executor.close()

    def add(self, batch: Batch) -> Batch:
        """Note a batch that will use the pool, and return it."""
        self._batches[id(batch)] = batch
        return batch
