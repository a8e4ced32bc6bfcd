"""Run tasks one after the other in the caller's own thread: nothing to start, nothing to stop, easy to debug."""

from concurrent.futures import Future
from dataclasses import dataclass

from pdfbatch.executors.pool import PoolContext
from pdfbatch.executors.task_future import TaskFuture
from pdfbatch.executors.task_results import cancel, run_isolated, set_result
from pdfbatch.ports import Pool, Shared, Work
from pdfbatch.tasks import Task, TaskResult


@dataclass(frozen=True, slots=True)
class SequentialExecutor:
    """Run each task inside ``submit``, before that returns.

    A task that hangs blocks the caller, and a task that crashes ends the process. Ctrl-C is raised from ``submit``.
    """

    name = "sequential"
    kills = False
    starts_in_any_thread = True
    shares = Shared.MEMORY

    def start(self, work: Work) -> Pool:
        """Return a pool whose one worker is the calling thread."""
        return _SequentialPool(work)


class _SequentialPool(PoolContext):
    name = "sequential"

    def __init__(self, work: Work) -> None:
        super().__init__()
        self._work = work

    @property
    def capacity(self) -> int:
        return 1

    def submit(self, task: Task) -> Future[TaskResult]:
        future = TaskFuture()
        if self._is_closed:
            cancel(future)
        else:
            set_result(future, run_isolated(self._work, task))
        return future

    def _shutdown(self) -> None:
        self._is_closed = True

    def _terminate(self) -> None:
        self._is_closed = True
