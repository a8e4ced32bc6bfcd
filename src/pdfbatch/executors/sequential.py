"""Tasks one after the other, in the caller's own thread: nothing to start, nothing to stop, easy to debug."""

from concurrent.futures import Future
from dataclasses import dataclass

from pdfbatch.executors.pool import PoolContext
from pdfbatch.executors.task_results import cancel, end, isolated
from pdfbatch.ports import Pool, Shared, Work
from pdfbatch.tasks import Task, TaskResult


@dataclass(frozen=True, slots=True)
class SequentialExecutor:
    """Does each task inside ``submit``, before it returns.

    A task that hangs, hangs the caller, and one that crashes takes the process along. Ctrl-C is raised from ``submit``.
    """

    name = "sequential"
    kills = False
    starts_in_any_thread = True
    shares = Shared.MEMORY

    def start(self, work: Work) -> Pool:
        """A pool of one worker: the caller's thread."""
        return _SequentialPool(work)


class _SequentialPool(PoolContext):
    name = "sequential"

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

    def _finish(self) -> None:
        self._left = True

    def _stop(self) -> None:
        self._left = True
