"""Tasks one after the other, in the caller's own thread: nothing to start, nothing to stop, easy to debug."""

from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from pdfbatch.executors.isolation import cancel, end, isolated
from pdfbatch.ports import Pool, Work
from pdfbatch.tasks import Task, TaskResult


@dataclass(frozen=True, slots=True)
class SequentialExecutor:
    """Does each task inside ``submit``, before it returns.

    A task that hangs, hangs the caller, and one that crashes takes the process along. Ctrl-C is raised from ``submit``.
    """

    @property
    def name(self) -> str:
        """What it is called in a status."""
        return "sequential"

    @property
    def kills(self) -> bool:
        """It cannot stop a task."""
        return False

    def start(self, work: Work) -> Pool:
        """A pool of one worker: the caller's thread."""
        return _SequentialPool(work)


class _SequentialPool:
    def __init__(self, work: Work) -> None:
        self._work = work
        self._left = False

    @property
    def capacity(self) -> int:
        return 1

    def submit(self, task: Task) -> Future[TaskResult]:
        future = Future[TaskResult]()
        if self._left:
            cancel(future)
        else:
            end(future, isolated(self._work, task))
        return future

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left = True
