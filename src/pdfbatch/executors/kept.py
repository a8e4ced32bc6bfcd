"""Keep the pool of an executor open from batch to batch, and share it between batches that run at the same time.

A kept pool is given few tasks for each worker; those that wait, wait here, and batches take turns. So a small batch does not
wait for a large one, and a worker never waits for the parent: tasks are handed over in the thread that ends others.
"""

import os
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from functools import partial
from types import TracebackType
from typing import NamedTuple, Self

from pdfbatch.errors import PoolBrokenError, PoolStartError
from pdfbatch.executors.pool import PoolContext
from pdfbatch.executors.task_future import TaskFuture, wait_until
from pdfbatch.executors.task_results import cancel, make_cancelled_result, set_exception, set_result
from pdfbatch.ports import (
    TASKS_AHEAD,
    Executor,
    Pool,
    Shared,
    SupportsBackgroundStart,
    SupportsPendingWrites,
    SupportsRenewal,
    SupportsSlices,
    SupportsStop,
    SupportsTaskProgress,
    TaskProgress,
    Work,
)
from pdfbatch.tasks import Task, TaskResult

TASKS_AT_ONCE = 8  # that a kept pool has for each worker: enough to send some ahead to each
_STOP_SECONDS = 10.0  # more than it takes to give up on a worker that cannot be killed
_GRACE_SECONDS = 1.0  # for tasks that nobody can stop


class KeptExecutor:
    """Run tasks on ``executor``, whose pool is started once and stays open until this is closed.

        with KeptExecutor(ProcessExecutor(workers=4)) as executor:
            process_batch(["a.pdf"], executor=executor)
            process_batch(["b.pdf"], executor=executor)

    ``BatchProcessor`` makes one of its executor while it is entered. Batches with the same work share the pool, from any
    threads: the pool itself is called in several threads, one at a time. What one of them leaves, stops or loses costs the
    others nothing. A pool that broke is not kept: the next batch starts another. So does a batch with other work, and one in a
    process that was forked since, where the pool is not.

    Closing it ends the pool. Batches that still run get a ``cancelled`` result for what has not ended. It can be entered again.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._pools = _Pools()

    @property
    def name(self) -> str:
        """Name of the executor."""
        return self._executor.name

    @property
    def kills(self) -> bool:
        """Whether the executor can stop a task."""
        return self._executor.kills

    @property
    def shares(self) -> Shared:
        """What the executor's workers share with this process."""
        return self._executor.shares

    @property
    def starts_in_any_thread(self) -> bool:
        """Whether the executor may be started in any thread."""
        executor = self._executor
        return isinstance(executor, SupportsBackgroundStart) and executor.starts_in_any_thread

    def __enter__(self) -> Self:
        """Return itself."""
        self._own_pools().is_closed = False
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def start(self, work: Work) -> Pool:
        """Return a share of the pool that does ``work``; start that pool if there is none yet, or a broken one.

        Raises ``PoolStartError`` when no worker can be started here, or this is closed.
        """
        pools = self._own_pools()
        with pools.lock:
            if pools.is_closed:
                raise PoolStartError(f"The kept '{self.name}' pool was closed")
            current = pools.current
            if current is None or current.is_broken or current.work != work:
                if current is not None:
                    current.retire()
                current = pools.current = _SharedPool(self._executor.start(work), work)
                pools.opened = [pool for pool in pools.opened if not pool.is_ended] + [current]
            return current.lend()

    def close(self) -> None:
        """End the pool. Closing it again does nothing, and in a forked process it is left to the parent."""
        pools = self._own_pools()
        with pools.lock:
            pools.is_closed = True
            opened, pools.opened, pools.current = pools.opened, [], None
        for pool in opened:
            pool.close()

    def _own_pools(self) -> "_Pools":
        """Return what this process has started: nothing yet in one that was forked since, whatever locks were held then."""
        if self._pools.owner != os.getpid():
            self._pools = _Pools(is_closed=self._pools.is_closed)
        return self._pools


class _Pools:
    """The pools of a kept executor in one process: the ``current`` one, and those that batches still use."""

    def __init__(self, *, is_closed: bool = False) -> None:
        self.owner: int = os.getpid()
        self.lock = threading.RLock()  # of C code, and reentrant: a signal between two steps leaves nobody waiting
        self.current: _SharedPool | None = None
        self.opened: list[_SharedPool] = []
        self.is_closed = is_closed


class _Waiting(NamedTuple):
    task: Task
    future: TaskFuture


class _SharedPool:
    """A pool and the shares of it that batches have. Its lock is never held while a future ends."""

    def __init__(self, pool: Pool, work: Work) -> None:
        self.pool = pool.__enter__()
        self.work = work
        self.is_ended = False
        self._is_broken = False
        self._is_retired = False
        self._shares: list[_PoolShare] = []
        self._turns = deque[_PoolShare]()  # those that have waiting tasks
        self._in_pool: set[TaskFuture] = set()
        self._is_handing_over = False
        self._lock = threading.RLock()
        # Looked up once, because isinstance on a protocol is slow.
        self._stopping_pool = pool if isinstance(pool, SupportsStop) else None
        self._writing_pool = pool if isinstance(pool, SupportsPendingWrites) else None
        self._renewing_pool = pool if isinstance(pool, SupportsRenewal) else None
        self._slicing_pool = pool if isinstance(pool, SupportsSlices) else None
        self._telling_pool = pool if isinstance(pool, SupportsTaskProgress) else None

    @property
    def is_broken(self) -> bool:
        """Whether it should serve no further batch."""
        return self._is_broken or (self._renewing_pool is not None and self._renewing_pool.is_broken)

    @property
    def fair_share(self) -> int:
        """Number of workers for each batch."""
        return -(-self.pool.capacity // max(1, len(self._shares)))

    @property
    def pending_writes(self) -> int:
        """Number of tasks in the pool whose output is being written."""
        return 0 if self._writing_pool is None else self._writing_pool.pending_writes

    @property
    def size(self) -> int:
        """Number of tasks in the pool."""
        return len(self._in_pool)

    @property
    def ahead(self) -> int:
        """Number of tasks that the pool wants for each that it works on."""
        return TASKS_AHEAD if self._slicing_pool is None else self._slicing_pool.ahead

    def flush(self) -> None:
        """Send what was handed over."""
        if self._slicing_pool is not None:
            with self._lock:
                self._slicing_pool.flush()

    def list_progress(self) -> Sequence[TaskProgress]:
        """Return what all workers are on."""
        return () if self._telling_pool is None else self._telling_pool.list_progress()

    # --- shares ---------------------------------------------------------------------------------------------------

    def lend(self) -> "_PoolShare":
        """Return a share for one more batch."""
        with self._lock:
            share = _PoolShare(self)
            self._shares.append(share)
            return share

    def take_back(self, share: "_PoolShare") -> None:
        """Note that a batch has left its share; end the pool if it was the last of one that is no longer current."""
        with self._lock:
            if share in self._shares:
                self._shares.remove(share)
        self._end_if_unused()

    def retire(self) -> None:
        """End the pool as soon as no batch uses it."""
        self._is_retired = True
        self._end_if_unused()

    def _end_if_unused(self) -> None:
        with self._lock:
            is_last = self._is_retired and not self._shares and not self.is_ended
            self.is_ended = self.is_ended or is_last
        if is_last:
            self.pool.__exit__(None, None, None)

    def close(self) -> None:
        """End the pool now: normally if no batch uses it, else by an exception."""
        with self._lock:
            shares, is_ended = tuple(self._shares), self.is_ended
            self.is_ended = self._is_retired = True
        for share in shares:
            share.give_up(self.drop(share))
        if is_ended:
            return
        if shares:
            error = PoolBrokenError("the pool was closed")
            self.pool.__exit__(PoolBrokenError, error, None)
        else:
            self.pool.__exit__(None, None, None)

    # --- tasks ----------------------------------------------------------------------------------------------------

    def submit(self, share: "_PoolShare", task: Task, future: TaskFuture) -> None:
        """Hand a task over, or keep it until it is its turn. No other batch's task is touched: a signal may come here."""
        with self._lock:
            is_ended = self.is_ended  # once it is, nobody may be left to hand over what waits
            if not is_ended and (self._turns or not self._has_room()):
                share.waiting.append(_Waiting(task, future))
                if share not in self._turns:
                    self._turns.append(share)
            elif not is_ended:
                self._hand_over(share, task, future)
        if is_ended:
            share.give_up([_Waiting(task, future)])

    def drop(self, share: "_PoolShare") -> Sequence[_Waiting]:
        """Remove and return what a batch has waiting."""
        with self._lock:
            waiting, share.waiting = share.waiting, deque[_Waiting]()
            if share in self._turns:
                self._turns.remove(share)
            return waiting

    def stop(self, share: "_PoolShare") -> None:
        """Ask the pool to stop what it has of a batch, where it can."""
        with self._lock:
            inner = tuple(share.handed_over.values())
            if self._stopping_pool is not None:
                self._stopping_pool.stop(inner)
        if self._stopping_pool is None:
            for future in inner:
                future.cancel()

    @property
    def can_stop(self) -> bool:
        """Whether tasks that run can be stopped."""
        return self._stopping_pool is not None and self.pool.kills

    def _has_room(self) -> bool:
        at_once = TASKS_AT_ONCE if self._slicing_pool is None else self._slicing_pool.ahead
        return len(self._in_pool) - self.pending_writes < self.pool.capacity * at_once

    def _hand_over(self, share: "_PoolShare", task: Task, future: TaskFuture) -> None:
        self._in_pool.add(future)
        try:
            inner = self.pool.submit(task)
        except BaseException:  # Ctrl-C inside a sequential pool's submit
            self._in_pool.discard(future)
            raise
        share.handed_over[future] = inner
        inner.add_done_callback(partial(self._on_done, share, future))

    def _on_done(self, share: "_PoolShare", future: TaskFuture, inner: Future[TaskResult]) -> None:
        """Give the freed place to who waits, and end the batch's future as the pool's ended. Runs in a thread of the pool."""
        error = None if inner.cancelled() else inner.exception()
        with self._lock:
            self._is_broken = self._is_broken or isinstance(error, PoolBrokenError)
            self._in_pool.discard(future)
            share.handed_over.pop(future, None)
            self._hand_over_waiting()
            self.flush()
        share.end(future, inner, error)

    def _hand_over_waiting(self) -> None:
        """Hand over what waits, a task of each batch in turn."""
        if self._is_handing_over:  # by a future that ended at once: the loop below goes on
            return
        self._is_handing_over = True
        try:
            while self._turns and (self.is_ended or self._has_room()):
                share = self._turns.popleft()
                waiting = share.waiting.popleft()
                if share.waiting:
                    self._turns.append(share)
                self._hand_over(share, *waiting)
        finally:
            self._is_handing_over = False


class _PoolShare(PoolContext):
    """A kept pool, as one batch has it. Leaving it leaves the pool and the tasks of other batches as they are."""

    def __init__(self, shared: _SharedPool) -> None:
        super().__init__()
        self.waiting = deque[_Waiting]()
        self.handed_over: dict[TaskFuture, Future[TaskResult]] = {}
        self._shared = shared
        # Whoever removes an entry ends its future.
        self._unfinished: dict[TaskFuture, Task] = {}

    @property
    def name(self) -> str:
        return self._shared.pool.name

    @property
    def kills(self) -> bool:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride] (it changes)
        return self._shared.pool.kills

    @property
    def capacity(self) -> int:
        return self._shared.pool.capacity

    @property
    def fair_share(self) -> int:
        return self._shared.fair_share

    @property
    def pending_writes(self) -> int:
        """Number of this batch's tasks that only wait for their output; an estimate while other batches run."""
        shared = self._shared
        return shared.pending_writes * len(self.handed_over) // max(1, shared.size)

    @property
    def ahead(self) -> int:
        return self._shared.ahead

    def flush(self) -> None:
        self._shared.flush()

    def list_progress(self) -> Sequence[TaskProgress]:
        own = {id(task) for task in tuple(self._unfinished.values())}
        return [progress for progress in self._shared.list_progress() if id(progress.task) in own]

    def submit(self, task: Task) -> Future[TaskResult]:
        if (refused := self.refuse()) is not None:
            return refused
        future = TaskFuture()
        self._unfinished[future] = task
        try:
            self._shared.submit(self, task, future)
        except BaseException:  # as in the pool: nobody else will end this future
            self._unfinished.pop(future, None)
            raise
        return future

    def end(self, future: TaskFuture, inner: Future[TaskResult], error: BaseException | None) -> None:
        """End a future as the pool's ended. One that the pool cancelled because it was closed gets a result."""
        task = self._unfinished.pop(future, None)
        if task is None:
            return
        if error is not None:
            set_exception(future, error)
        elif not inner.cancelled():
            set_result(future, inner.result())
        elif self._is_closed:
            cancel(future)
        else:
            set_result(future, make_cancelled_result(task))

    def give_up(self, waiting: Iterable[_Waiting]) -> None:
        """End tasks that the pool does not have: it was closed under a batch, or the batch has left."""
        for task, future in waiting:
            if self._unfinished.pop(future, None) is None:
                continue
            if self._is_closed:
                cancel(future)
            else:
                set_result(future, make_cancelled_result(task))

    def _shutdown(self) -> None:
        wait_until(lambda: not self._unfinished)
        self._is_closed = True
        self._shared.take_back(self)

    def _terminate(self) -> None:
        self._is_closed = True
        try:
            self.give_up(self._shared.drop(self))
            self._shared.stop(self)
            wait_until(lambda: not self._unfinished, _STOP_SECONDS if self._shared.can_stop else _GRACE_SECONDS)
            for future in tuple(self._unfinished):
                if (task := self._unfinished.pop(future, None)) is not None:
                    set_result(future, make_cancelled_result(task))
        finally:
            self._shared.take_back(self)
