"""Several executors as one: where the first cannot work, the next one does."""

import logging
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, wait
from contextlib import ExitStack
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import NamedTuple

from pdfbatch.errors import PoolBrokenError, PoolStartError, UsageError
from pdfbatch.executors.pool import PoolContext
from pdfbatch.executors.task_results import abandoned, cancel, end, fail
from pdfbatch.ports import Executor, Pool, Shared, SupportsBackgroundStart, SupportsPendingWrites, Work
from pdfbatch.tasks import Task, TaskResult

log = logging.getLogger(__name__)


class ExecutorChain:
    """Starts the first executor that can be started; ``advance`` goes on to the next. Each move is one warning.

    A pool that broke stays open until the end: what it has done already still arrives.

    Raises ``PoolStartError`` with all the reasons when none can be started.
    """

    def __init__(self, executors: Iterable[Executor], work: Work) -> None:
        self._untried = deque(executors)
        self._work = work
        self._pools = ExitStack()
        self._lock = threading.Lock()
        self._ended = False
        self.executor, self.pool = self._next([])

    def advance(self, error: PoolBrokenError) -> None:
        """Put the next executor in the place of the one that broke with ``error``.

        Raises ``PoolStartError`` with all the reasons when none is left.
        """
        if self._untried:
            log.warning(
                "The %s pool broke (%s); moving on to %s", self.executor.name, error, self._following(self.executor)
            )
        self.executor, self.pool = self._next([f"{self.executor.name}: {error}"])

    def finish(self) -> None:
        """Leave all pools normally, the youngest first."""
        with self._lock:
            self._ended = True
        self._pools.close()

    def stop(self) -> None:
        """Leave all pools by an exception, the youngest first."""
        with self._lock:
            self._ended = True
        left = PoolBrokenError("the batch was left")
        self._pools.__exit__(PoolBrokenError, left, None)

    def _next(self, reasons: list[str]) -> tuple[Executor, Pool]:
        while self._untried:
            executor = self._untried.popleft()
            try:
                return executor, self._kept(executor.start(self._work))
            except PoolStartError as error:
                reasons.append(f"{executor.name}: {error}")
                if self._untried:
                    following = self._following(executor)
                    log.warning("The %s pool cannot start (%s); moving on to %s", executor.name, error, following)
        raise PoolStartError(f"No executor is left ({'; '.join(reasons)})")

    def _following(self, executor: Executor) -> str:
        following = self._untried[0]
        weaker = executor.kills and not following.kills
        return f"{following.name}, which cannot stop a document that hangs" if weaker else following.name

    def _kept(self, pool: Pool) -> Pool:
        with self._lock:
            if not self._ended:
                return self._pools.enter_context(pool)
        late = PoolStartError("the batch was left before the pool had started")
        pool.__exit__(PoolStartError, late, None)
        raise late


_GRACE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class FallbackExecutor:
    """Does tasks on the first of ``executors`` whose pool starts; when that pool breaks, on the next one, and so on.

    A task moves on only when its future raises ``PoolBrokenError``, which says that it has not been done: none is lost,
    none is done twice. Each move is one warning. When the last pool breaks too, the futures raise ``PoolBrokenError``.
    The pool's ``name`` is that of the executor in use.

    An executor that breaks when a document crashes its worker (a ``ProcessPoolExecutor`` does) hands that very document
    to the next one: let no executor that shares the caller's process follow it.

    Raises ``UsageError`` without any executor.
    """

    executors: Sequence[Executor]

    def __post_init__(self) -> None:
        if not self.executors:
            raise UsageError("FallbackExecutor() needs at least one executor")
        object.__setattr__(self, "executors", tuple(self.executors))

    @property
    def name(self) -> str:
        """What it is called before it runs: all of them, in order."""
        return f"fallback({', '.join(executor.name for executor in self.executors)})"

    @property
    def kills(self) -> bool:
        """Whether the first one, which is meant to do the work, can stop a task."""
        return self.executors[0].kills

    @property
    def shares(self) -> Shared:
        """What the workers of all of them share: any may be the one that works."""
        return min(executor.shares for executor in self.executors)

    @property
    def starts_in_any_thread(self) -> bool:
        """Whether all of them may be started in any thread: any may have to be."""
        return all(isinstance(it, SupportsBackgroundStart) and it.starts_in_any_thread for it in self.executors)

    def start(self, work: Work) -> "FallbackPool":
        """A pool of the first executor that starts.

        Raises ``PoolStartError`` with all the reasons when none does.
        """
        return FallbackPool(ExecutorChain(self.executors, work))


class _Move(NamedTuple):
    """A task that needs a pool: a new one, or one that comes back from a pool that broke."""

    future: Future[TaskResult]
    pool: Pool | None = None
    error: PoolBrokenError | None = None


class FallbackPool(PoolContext):
    """A pool in front of the pool in use.

    As long as nothing breaks, tasks go straight through. After that, one thread starts the next executor and submits all
    tasks, old and new: so each pool is called from one thread, and one that works inside ``submit`` delays no caller.
    """

    def __init__(self, succession: ExecutorChain) -> None:
        self._succession = succession
        self._first = succession.pool
        # who takes an entry out ends its future
        self._open: dict[Future[TaskResult], Task] = {}
        self._moves = SimpleQueue[_Move | None]()
        self._mover: threading.Thread | None = None
        self._lock = threading.Lock()
        self._left = False
        self._exhausted: PoolBrokenError | None = None

    @property
    def name(self) -> str:
        """Name of the executor in use."""
        return self._succession.executor.name

    @property
    def capacity(self) -> int:
        """Capacity of the pool in use."""
        return self._succession.pool.capacity

    @property
    def pending_writes(self) -> int:
        """How many tasks of the pool in use only wait for their output."""
        pool = self._succession.pool
        return pool.pending_writes if isinstance(pool, SupportsPendingWrites) else 0

    def submit(self, task: Task) -> Future[TaskResult]:
        """Take a task and return at once (after the task, where ``SequentialExecutor`` is the first to start)."""
        future = Future[TaskResult]()
        if self._left:
            cancel(future)
            return future
        self._open[future] = task
        if self._mover is None:
            self._submit_here(task, future)
        else:
            self._moves.put(_Move(future))
        return future

    # --- leaving --------------------------------------------------------------------------------------------------

    def _finish(self) -> None:
        wait(tuple(self._open))
        self._leave()
        self._end_mover(None)
        self._succession.finish()

    def _stop(self) -> None:
        self._leave()
        self._cancel_moves()
        self._succession.stop()
        self._end_mover(_GRACE_SECONDS)
        for future in tuple(self._open):
            if (task := self._open.pop(future, None)) is not None:
                end(future, abandoned(task))

    def _leave(self) -> None:
        with self._lock:
            self._left = True

    def _cancel_moves(self) -> None:
        while True:
            try:
                move = self._moves.get_nowait()
            except Empty:
                return
            if move is not None and self._open.pop(move.future, None) is not None:
                cancel(move.future)

    def _end_mover(self, seconds: float | None) -> None:
        if self._mover is not None:
            self._moves.put(None)
            self._mover.join(seconds)

    # --- tasks ----------------------------------------------------------------------------------------------------

    def _submit_here(self, task: Task, future: Future[TaskResult]) -> None:
        try:
            self._hand_over(self._first, task, future)
        except BaseException:  # Ctrl-C inside a sequential pool's submit: nobody will end this future
            self._open.pop(future, None)
            raise

    def _hand_over(self, pool: Pool, task: Task, future: Future[TaskResult]) -> None:
        pool.submit(task).add_done_callback(lambda theirs: self._settle(pool, theirs, future))

    def _settle(self, pool: Pool, theirs: Future[TaskResult], future: Future[TaskResult]) -> None:
        """End our future as theirs ended, or move its task on; in whatever thread their pool calls back."""
        error = None if theirs.cancelled() else theirs.exception()
        if isinstance(error, PoolBrokenError) and self._moves_on(_Move(future, pool, error)):
            return
        if self._open.pop(future, None) is None:
            return
        if theirs.cancelled() or isinstance(error, PoolBrokenError):
            cancel(future)
        elif error is not None:
            fail(future, error)
        else:
            end(future, theirs.result())

    # --- moving on ------------------------------------------------------------------------------------------------

    def _moves_on(self, move: _Move) -> bool:
        with self._lock:
            if self._left:
                return False
            if self._mover is None:
                self._mover = threading.Thread(target=self._move, name="pdfbatch-fallback", daemon=True)
                self._mover.start()
            self._moves.put(move)
            return True

    def _move(self) -> None:
        while (move := self._moves.get()) is not None:
            try:
                self._place(move)
            except Exception as error:  # noqa: BLE001 (whatever an executor raises here, the task must end)
                self._give_up(move.future, _broken(error))
            del move  # or the idle thread would keep the last document in memory

    def _place(self, move: _Move) -> None:
        if move.error is not None and move.pool is self._succession.pool and self._exhausted is None:
            self._advance(move.error)
        if self._exhausted is not None:
            self._give_up(move.future, self._exhausted)
        elif (task := self._open.get(move.future)) is not None:
            self._hand_over(self._succession.pool, task, move.future)

    def _advance(self, error: PoolBrokenError) -> None:
        try:
            self._succession.advance(error)
        except PoolStartError as refused:
            self._exhausted = _broken(refused)

    def _give_up(self, future: Future[TaskResult], error: PoolBrokenError) -> None:
        if self._open.pop(future, None) is None:
            return
        if self._left:
            cancel(future)
        else:
            fail(future, error)


def _broken(error: BaseException) -> PoolBrokenError:
    broken = PoolBrokenError(str(error))
    broken.__cause__ = error
    return broken
