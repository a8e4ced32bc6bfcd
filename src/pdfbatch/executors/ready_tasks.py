"""The tasks of a slice as they become ready to be done: a worker elsewhere has remote documents downloaded ahead, too.

The prefetcher does that, as it does in the parent where workers share its files. Its copies lie in the folder of the site's
pool, which is removed with the pool, also when the process of the engine is killed.
"""

import pickle
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self, TypeGuard, cast

from pdfbatch.executors.cpus import available_cpus
from pdfbatch.prefetch import FetchSettings, Prefetcher
from pdfbatch.settings import Limits
from pdfbatch.tasks import ReadTask, Task

_USUAL = FetchSettings()
_LEAST_THREADS, _LEAST_DOCUMENTS = 4, 8


def share_settings(limits: Limits, folder: str, slices: int) -> FetchSettings:
    """Return how a slice may download, where a process does so many slices at one time.

    All slices of a machine share what a batch on one machine may hold, as far as can be told: engines have about one process,
    or one thread of a process, for each core.
    """
    shares = max(slices, available_cpus())
    return FetchSettings(
        max_file_bytes=limits.max_file_bytes,
        seconds=limits.storage_timeout,
        max_bytes=_USUAL.max_bytes // shares,
        max_documents=max(_LEAST_DOCUMENTS, _USUAL.max_documents // shares),
        concurrency=max(_LEAST_THREADS, _USUAL.concurrency // shares),
        growth=1,
        folder=folder,
    )


class ReadyTasks:
    """The tasks of a slice, each with its number there, in the order in which they become ready.

    Remote documents come with a ``local_copy``, or with the ``failure`` of the download. One that was tried
    before is left to its worker, which may succeed where this has failed.

    ``wake`` is called, in any thread, when one has become ready after ``take`` had none. Use it in one thread, as a context
    manager: leaving it ends its downloads and removes the copies.
    """

    def __init__(self, data: Sequence[bytes], settings: FetchSettings, wake: Callable[[], None]) -> None:
        self._others = deque[tuple[int, Task]]()
        self._numbers = dict[str, int]()
        fetched = list[ReadTask]()
        for number, one in enumerate(data):
            task = cast("Task", pickle.loads(one))  # noqa: S301 (of a client that may run its code here anyway)
            if _is_fetched(task) and task.document.document_uuid not in self._numbers:
                fetched.append(task)
                self._numbers[task.document.document_uuid] = number
            else:
                self._others.append((number, task))
        self._prefetcher = Prefetcher(tasks=iter(fetched), wake=wake, settings=settings) if fetched else None

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the downloads and remove the copies."""
        if self._prefetcher is not None:
            self._prefetcher.close()

    @property
    def is_exhausted(self) -> bool:
        """Whether all tasks were taken or dropped."""
        return not (self._others or self._numbers)

    def take(self) -> tuple[int, Task] | None:
        """Return a task that is ready, and its number; ``None`` when none is ready now, or none is left."""
        if self._prefetcher is not None and self._numbers:
            task = next(self._prefetcher, None)
            if isinstance(task, ReadTask):  # of tasks it gives nothing else back
                return self._numbers.pop(task.document.document_uuid), task
        return self._others.popleft() if self._others else None

    def release(self, task: Task) -> None:
        """Remove the copy of a document whose task has ended, so that another one can take its place."""
        if self._prefetcher is not None:
            self._prefetcher.release(task.document.document_uuid)

    def drop(self) -> None:
        """Begin no other task."""
        self._others.clear()
        self._numbers.clear()


def _is_fetched(task: Task) -> TypeGuard[ReadTask]:
    return (
        isinstance(task, ReadTask)
        and task.document.is_remote
        and task.attempt == 1
        and task.duplicate_of is None
        and task.local_copy is None
        and task.failure is None
    )
