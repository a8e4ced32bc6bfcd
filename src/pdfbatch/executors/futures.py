"""Tasks on any executor of PEP 3148: a ``ProcessPoolExecutor``, loky's, Dask's, MPI's, one of the caller's own.

Such an executor has no hook that runs once in each of its workers, so the work travels with each task, pickled once to a
few hundred bytes; a worker unpickles it when it first sees these bytes and keeps it.
"""

import pickle
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, cast

from pdfbatch.errors import PoolBrokenError, PoolStartError
from pdfbatch.executors.cpus import available_cpus, check_workers
from pdfbatch.executors.pool import PoolContext
from pdfbatch.executors.task_results import abandoned, cancel, end, fail, isolated, raised
from pdfbatch.ports import Pool, Shared, Work
from pdfbatch.tasks import Task, TaskResult

_GRACE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class FuturesExecutor:
    """Does tasks on ``executor``, which stays the caller's: it is never shut down here and may be shared.

    ``workers`` is how many tasks it works on at one time (PEP 3148 does not say); one for each core when not given. A task
    that the executor has taken over counts as begun: many take a few more than they have workers, and none can be stopped.
    When a worker of a ``ProcessPoolExecutor`` dies, its pool breaks, and all unfinished futures raise ``PoolBrokenError``.

    Raises ``UsageError`` when ``workers`` is below 1.
    """

    executor: Executor
    workers: int | None = None

    name = "futures"
    kills = False

    def __post_init__(self) -> None:
        check_workers(self, self.workers)

    @property
    def shares(self) -> Shared:
        """What is known of the standard library's executors; of others, nothing is."""
        match self.executor:
            case ThreadPoolExecutor():
                return Shared.MEMORY
            case ProcessPoolExecutor():
                return Shared.FILES
            case _:
                return Shared.NOTHING

    def start(self, work: Work) -> Pool:
        """A pool on the executor.

        Raises ``PoolStartError`` when the work cannot be pickled, or the executor takes no task (shut down, broken, not
        allowed to start processes here).
        """
        pickled = _pickled(work)
        try:
            self.executor.submit(_load, pickled)
        except Exception as error:
            raise PoolStartError(f"{self.executor!r} takes no tasks: {_said(error)}") from error
        return _FuturesPool(self.executor, pickled, self.workers or available_cpus())


class _Pending(NamedTuple):
    task: Task
    future: Future[TaskResult]


class _FuturesPool(PoolContext):
    name = "futures"

    def __init__(self, executor: Executor, work: bytes, capacity: int) -> None:
        self._executor = executor
        self._work = work
        self._capacity = capacity
        # who takes an entry out ends its future
        self._pending: dict[Future[TaskResult], _Pending] = {}
        self._left = False

    @property
    def capacity(self) -> int:
        return self._capacity

    def submit(self, task: Task) -> Future[TaskResult]:
        future = Future[TaskResult]()
        if self._left:
            cancel(future)
            return future
        try:
            theirs = self._executor.submit(_do, self._work, task)
        except Exception as error:  # noqa: BLE001 (each executor has its own errors for "no longer")
            fail(future, _broken(error))
        else:
            self._pending[theirs] = _Pending(task, future)
            theirs.add_done_callback(self._settle)
        return future

    def _finish(self) -> None:
        self._left = True
        self._wait(None)

    def _wait(self, seconds: float | None) -> None:
        wait([pending.future for pending in tuple(self._pending.values())], seconds)

    def _stop(self) -> None:
        self._left = True
        for theirs in tuple(self._pending):
            theirs.cancel()
        self._wait(_GRACE_SECONDS)
        for theirs in tuple(self._pending):
            if pending := self._pending.pop(theirs, None):
                end(pending.future, abandoned(pending.task))

    def _settle(self, theirs: Future[TaskResult]) -> None:
        """End our future as theirs ended; in whatever thread their executor calls back."""
        pending = self._pending.pop(theirs, None)
        if pending is None:
            return
        if theirs.cancelled() and self._left:
            cancel(pending.future)
        elif theirs.cancelled():
            fail(pending.future, PoolBrokenError("The executor's owner cancelled the task"))
        else:
            _copy(theirs, pending)


def _copy(theirs: Future[TaskResult], pending: _Pending) -> None:
    error = theirs.exception()
    if error is None:
        end(pending.future, theirs.result())
    elif isinstance(error, (BrokenExecutor, PoolBrokenError)):
        fail(pending.future, _broken(error))
    else:
        end(pending.future, raised(pending.task, error))


def _broken(error: BaseException) -> PoolBrokenError:
    broken = PoolBrokenError(f"The executor broke: {_said(error)}")
    broken.__cause__ = error
    return broken


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _pickled(work: Work) -> bytes:
    try:
        return pickle.dumps(work)
    except Exception as error:
        raise PoolStartError(f"{work!r} cannot be pickled: {_said(error)}") from error


# --- in the worker ----------------------------------------------------------------------------------------------------


def _load(pickled: bytes) -> None:
    """Have the work at hand before the first task comes; sends nothing back."""
    _unpickled(pickled)


def _do(pickled: bytes, task: Task) -> TaskResult:
    try:
        work = _unpickled(pickled)
    except Exception as error:
        raise PoolBrokenError(f"The work cannot be loaded in a worker: {_said(error)}") from error
    return isolated(work, task)


@lru_cache(maxsize=2)
def _unpickled(pickled: bytes) -> Work:
    return cast("Work", pickle.loads(pickled))  # noqa: S301 (our own bytes)
