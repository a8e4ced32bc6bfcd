"""Use several executors as one: where the first cannot work, the next one does."""

import threading
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import NamedTuple

from pdfbatch.common import SafeLogger
from pdfbatch.errors import PoolBrokenError, PoolStartError, UsageError
from pdfbatch.executors.pool import PoolContext
from pdfbatch.executors.task_future import TaskFuture, wait_until
from pdfbatch.executors.task_results import (
    cancel,
    make_cancelled_result,
    set_exception,
    set_result,
)
from pdfbatch.ports import (
    TASKS_AHEAD,
    Executor,
    Needs,
    Pool,
    Shared,
    SupportsBackgroundStart,
    SupportsPendingWrites,
    SupportsSlices,
    SupportsStop,
    SupportsSurvey,
    SupportsTaskProgress,
    TaskProgress,
    Work,
    WorkerFacts,
)
from pdfbatch.tasks import Task, TaskResult

log: SafeLogger = SafeLogger(__name__)

_GRACE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class FallbackExecutor:
    """Run tasks on the first of ``executors`` whose pool starts; when that pool breaks, on the next one, and so on.

    A task moves on only when its future raises ``PoolBrokenError``, which promises that it was not done: so no task is lost
    and none is done twice. Each move is logged as one warning. When the last pool breaks too, the futures raise
    ``PoolBrokenError``. The pool's ``name`` is that of the executor in use.

    Some executors break when a document crashes a worker (``ProcessPoolExecutor`` does), and the next executor then gets that
    very document. Do not put an executor that runs in the caller's process after such a one.

    Raises ``UsageError`` when ``executors`` is empty.
    """

    executors: Sequence[Executor]

    def __post_init__(self) -> None:
        if not self.executors:
            raise UsageError("FallbackExecutor() needs at least one executor")
        object.__setattr__(self, "executors", tuple(self.executors))

    @property
    def name(self) -> str:
        """The names of all its executors in order, as none is in use yet."""
        return f"fallback({', '.join(executor.name for executor in self.executors)})"

    @property
    def kills(self) -> bool:
        """Whether the first executor, which is meant to do the work, can stop a task."""
        return self.executors[0].kills

    @property
    def shares(self) -> Shared:
        """What the workers of every executor share with this process, as any of them may be the one in use."""
        return min(executor.shares for executor in self.executors)

    @property
    def starts_in_any_thread(self) -> bool:
        """Whether every executor may be started in any thread, as any of them may have to be."""
        return all(isinstance(it, SupportsBackgroundStart) and it.starts_in_any_thread for it in self.executors)

    def start(self, work: Work) -> Pool:
        """Return a pool of the first executor that starts.

        Raises ``PoolStartError`` with all reasons when none does.
        """
        return _FallbackPool(_ExecutorChain(self.executors, work))


class _ExecutorChain:
    """The executor in use, its pool, and the executors that have not been tried. Logs one warning for each move.

    A pool that broke stays open until the end, because results of tasks that it finished before may still arrive.

    Raises ``PoolStartError`` with all reasons when no executor starts.
    """

    def __init__(self, executors: Iterable[Executor], work: Work) -> None:
        self._untried = deque(executors)
        self._work = work
        self._pools = ExitStack()
        self._lock = threading.RLock()
        self._is_closed = False
        self._use(*self._start_first([]))

    def start_next(self, error: PoolBrokenError) -> None:
        """Replace the executor whose pool broke with ``error`` by the next one that starts.

        Raises ``PoolStartError`` with all reasons when none is left.
        """
        if self._untried:
            following = self._describe_following(self.executor)
            log.warning("The %s pool broke (%s); moving on to %s", self.executor.name, error, following)
        self._use(*self._start_first([f"{self.executor.name}: {error}"]))

    def shutdown(self) -> None:
        """Leave all pools normally, the youngest first."""
        with self._lock:
            self._is_closed = True
        self._pools.close()

    def terminate(self) -> None:
        """Leave all pools by an exception, the youngest first."""
        with self._lock:
            self._is_closed = True
        self._pools.__exit__(PoolBrokenError, PoolBrokenError("the batch was stopped"), None)

    def _use(self, executor: Executor, pool: Pool) -> None:
        self.executor, self.pool = executor, pool
        # Looked up once, because isinstance on a protocol is slow and this is asked for with every task.
        self.pool_with_writes = pool if isinstance(pool, SupportsPendingWrites) else None
        self.pool_with_slices = pool if isinstance(pool, SupportsSlices) else None
        self.pool_with_progress = pool if isinstance(pool, SupportsTaskProgress) else None

    def _start_first(self, reasons: list[str]) -> tuple[Executor, Pool]:
        while self._untried:
            executor = self._untried.popleft()
            try:
                return executor, self._enter(executor.start(self._work))
            except PoolStartError as error:
                reasons.append(f"{executor.name}: {error}")
                if self._untried:
                    following = self._describe_following(executor)
                    log.warning("The %s pool cannot start (%s); moving on to %s", executor.name, error, following)
        raise PoolStartError(f"No executor is left ({'; '.join(reasons)})")

    def _describe_following(self, executor: Executor) -> str:
        following = self._untried[0]
        is_weaker = executor.kills and not following.kills
        return f"{following.name}, which cannot stop a document that hangs" if is_weaker else following.name

    def _enter(self, pool: Pool) -> Pool:
        # The pool's holder may have left while another thread was starting this one: then nobody else would close it.
        with self._lock:
            if not self._is_closed:
                return self._pools.enter_context(pool)
        error = PoolStartError("the batch was stopped before the pool had started")
        pool.__exit__(PoolStartError, error, None)
        raise error


class _Move(NamedTuple):
    """A task that needs a pool: a new task, or one whose ``pool`` broke with ``error``."""

    future: Future[TaskResult]
    pool: Pool | None = None
    error: PoolBrokenError | None = None


class _FallbackPool(PoolContext):
    """A pool that hands tasks to the pool in use.

    Until a pool breaks, ``submit`` hands tasks over directly. After that one thread starts the next executor and submits all
    tasks, old and new. So each pool is called from one thread only, and a pool that works inside ``submit`` does not block
    the caller of ours.
    """

    def __init__(self, chain: _ExecutorChain) -> None:
        super().__init__()
        self._chain = chain
        self._first_pool = chain.pool
        # Whoever removes an entry ends its future.
        self._unfinished: dict[Future[TaskResult], Task] = {}
        self._inner: dict[Future[TaskResult], tuple[Pool, Future[TaskResult]]] = {}
        self._moves = SimpleQueue[_Move | None]()
        self._thread: threading.Thread | None = None
        self._lock = threading.RLock()
        self._final_error: PoolBrokenError | None = None

    @property
    def name(self) -> str:
        return self._chain.executor.name

    @property
    def kills(self) -> bool:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride] (it changes)
        return self._chain.pool.kills

    @property
    def capacity(self) -> int:
        return self._chain.pool.capacity

    @property
    def pending_writes(self) -> int:
        pool = self._chain.pool_with_writes
        return 0 if pool is None else pool.pending_writes

    def list_progress(self) -> Sequence[TaskProgress]:
        pool = self._chain.pool_with_progress
        return () if pool is None else pool.list_progress()

    @property
    def is_broken(self) -> bool:
        return self._thread is not None

    def stop(self, futures: Collection[Future[TaskResult]]) -> None:
        for future in futures:
            pool, inner = self._inner.get(future, (None, None))
            if pool is None or inner is None:
                if future.cancel():  # it waits for the next pool
                    self._unfinished.pop(future, None)
            elif isinstance(pool, SupportsStop):
                pool.stop((inner,))
            else:
                inner.cancel()

    @property
    def ahead(self) -> int:
        pool = self._chain.pool_with_slices
        return TASKS_AHEAD if pool is None else pool.ahead

    def flush(self) -> None:
        pool = self._chain.pool_with_slices
        if pool is not None and self._thread is None:  # else another thread submits to it
            pool.flush()

    def survey(self, needs: Needs) -> Mapping[str, WorkerFacts]:
        pool = self._chain.pool
        return pool.survey(needs) if isinstance(pool, SupportsSurvey) else {}

    def submit(self, task: Task) -> Future[TaskResult]:
        """Accept a task and return at once, or after the task if the first pool works inside ``submit``."""
        if (refused := self.refuse()) is not None:
            return refused
        future = TaskFuture()
        self._unfinished[future] = task
        if self._thread is not None:
            self._moves.put(_Move(future))
            return future
        try:
            self._forward(self._first_pool, task, future)
        except BaseException:  # Ctrl-C inside a sequential pool's submit: nobody else will end this future
            self._unfinished.pop(future, None)
            raise
        return future

    def _forward(self, pool: Pool, task: Task, future: Future[TaskResult]) -> None:
        inner = pool.submit(task)
        self._inner[future] = pool, inner
        inner.add_done_callback(lambda inner: self._on_done(pool, inner, future))

    def _on_done(self, pool: Pool, inner: Future[TaskResult], future: Future[TaskResult]) -> None:
        """End our future as the inner pool's ended, or move its task on. Runs in whatever thread that pool calls back from."""
        error = None if inner.cancelled() else inner.exception()
        self._inner.pop(future, None)
        if isinstance(error, PoolBrokenError) and self._enqueue(_Move(future, pool, error)):
            return
        if self._unfinished.pop(future, None) is None:
            return
        if inner.cancelled() or isinstance(error, PoolBrokenError):
            cancel(future)
        elif error is not None:
            set_exception(future, error)
        else:
            set_result(future, inner.result())

    # --- leaving --------------------------------------------------------------------------------------------------

    def _shutdown(self) -> None:
        wait_until(lambda: not self._unfinished)
        self._close()
        self._stop_thread(None)
        self._chain.shutdown()

    def _terminate(self) -> None:
        self._close()
        self._cancel_moves()
        self._chain.terminate()
        self._stop_thread(_GRACE_SECONDS)
        for future in tuple(self._unfinished):
            if (task := self._unfinished.pop(future, None)) is not None:
                set_result(future, make_cancelled_result(task))

    def _close(self) -> None:
        with self._lock:
            self._is_closed = True

    def _cancel_moves(self) -> None:
        while True:
            try:
                move = self._moves.get_nowait()
            except Empty:
                return
            if move is not None and self._unfinished.pop(move.future, None) is not None:
                cancel(move.future)

    def _stop_thread(self, seconds: float | None) -> None:
        if self._thread is not None:
            self._moves.put(None)
            if self._thread is not threading.current_thread():
                self._thread.join(seconds)

    # --- moving tasks to the next pool ----------------------------------------------------------------------------

    def _enqueue(self, move: _Move) -> bool:
        """Queue a task for the thread, and start that for the first one. Return ``False`` when the pool is closed."""
        with self._lock:
            if self._is_closed:
                return False
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="pdfbatch-fallback", daemon=True)
                self._thread.start()
            self._moves.put(move)
            return True

    def _run(self) -> None:
        while (move := self._moves.get()) is not None:
            try:
                self._resubmit(move)
            except Exception as error:  # noqa: BLE001 (whatever an executor raises here, the future must end)
                self._fail(move.future, _make_broken_error(error))
            del move  # the idle thread would keep the last document in memory

    def _resubmit(self, move: _Move) -> None:
        # All tasks of a broken pool come here; only the first of them replaces the pool.
        if move.error is not None and move.pool is self._chain.pool and self._final_error is None:
            try:
                self._chain.start_next(move.error)
            except PoolStartError as error:
                self._final_error = _make_broken_error(error)
        if self._final_error is not None:
            self._fail(move.future, self._final_error)
        elif (task := self._unfinished.get(move.future)) is not None:
            self._forward(self._chain.pool, task, move.future)

    def _fail(self, future: Future[TaskResult], error: PoolBrokenError) -> None:
        if self._unfinished.pop(future, None) is None:
            return
        if self._is_closed:
            cancel(future)
        else:
            set_exception(future, error)


def _make_broken_error(error: BaseException) -> PoolBrokenError:
    broken = PoolBrokenError(str(error))
    broken.__cause__ = error
    return broken
