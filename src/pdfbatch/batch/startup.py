"""Start the pool while the first documents are being located; end it, and what else has begun, whatever signals come."""

import math
import os
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import TypeVar

from pdfbatch.ports import Executor, Pool, SupportsBackgroundStart, Work

T = TypeVar("T")

_STOP_SECONDS, _POLL_SECONDS = 2.0, 0.5
_LEAVE_SECONDS = 10.0  # more than a pool takes to end


@contextmanager
def start_pool(
    executor: Executor, work: Work, prepare: Callable[[Callable[[], bool]], T], wake: Callable[[], None]
) -> Generator[tuple[Pool, T]]:
    """Give the block a running pool of ``executor`` and what ``prepare`` returned; ``prepare`` runs in this thread.

    An executor that says that it ``starts_in_any_thread`` is started in another thread at the same time: workers and the
    client of a remote storage each take a while to load, on cores that have nothing else to do. ``prepare`` is given a
    function that says whether the start waits for it, and ``wake`` is called when it begins to. Raises what ``start`` and
    ``prepare`` raise.
    """
    if not (isinstance(executor, SupportsBackgroundStart) and executor.starts_in_any_thread):
        prepared = prepare(lambda: True)
        with _use(executor.start(work)) as pool:
            yield pool, prepared
        return
    starting = _Starting(executor, work, wake)
    try:
        starting.begin()
        prepared = prepare(starting.has_ended)
        with _use(starting.wait()) as pool:
            starting.is_in_use = True
            yield pool, prepared
    except BaseException as interruption:  # Ctrl-C: a pool that has started, or is about to, must not be left behind
        if not starting.is_in_use:
            reason = interruption
            insist(lambda: starting.stop(reason))
        raise


def insist(end: Callable[[], T]) -> T:
    """Call a function that bears to be called twice, once more when a signal cuts it short; then raise what that raised."""
    try:
        return end()
    except Exception:
        raise
    except BaseException:
        end()
        raise


@contextmanager
def _use(pool: Pool) -> Generator[Pool]:
    """Give the block the pool, and leave that whatever comes between.

    A process that is forked within the block does not end the pool of its parent.
    """
    ended = _InThisProcess(pool)
    try:
        with ended:
            yield pool.__enter__()
    except BaseException as interruption:
        if not ended.is_left:  # a second Ctrl-C came while the pool was being left because of the first
            ended.__exit__(type(interruption), interruption, interruption.__traceback__)
        raise


class _InThisProcess:
    """The end of a pool, in the process that has made it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._pid = os.getpid()
        self.is_left = False

    def __enter__(self) -> None:
        """Do nothing: the pool is entered apart."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if os.getpid() == self._pid:
            self._pool.__exit__(kind, error, trace)
        self.is_left = True


class _Starting:
    """A pool that is being started in a thread.

    A signal may come at any moment in the thread that waits for it. So nothing is handed over that could get lost on the way,
    and there is no lock of Python code that could stay locked for ever.
    """

    def __init__(self, executor: Executor, work: Work, wake: Callable[[], None]) -> None:
        self.is_in_use = False
        self._wake_others = wake
        self._started: Pool | BaseException | None = None
        self._is_left = False
        self._leaving = threading.RLock()  # of C code, and reentrant: a signal between two steps leaves nobody waiting
        self._reason: BaseException | None = None
        self._wake = SimpleQueue[None]()
        arguments = (executor, work)
        self._thread = threading.Thread(target=self._run, args=arguments, name="pdfbatch-start", daemon=True)

    def begin(self) -> None:
        """Start the thread. Apart from the rest, as a signal may come while that is under way."""
        self._thread.start()

    def has_ended(self) -> bool:
        """Return whether the pool has started, or failed to."""
        return self._started is not None

    def wait(self) -> Pool:
        """Return the pool, or raise what its start raised."""
        started = self._wait(math.inf)
        assert started is not None
        if isinstance(started, BaseException):
            raise started
        return started

    def stop(self, reason: BaseException) -> None:
        """End the pool, which may have ended before; one that takes longer to start ends when it has."""
        self._reason = reason
        if self._thread.ident is not None:
            self._wait(_STOP_SECONDS)
        self._leave(reason, _LEAVE_SECONDS)

    def _wait(self, seconds: float) -> "Pool | BaseException | None":
        end = time.monotonic() + seconds
        while self._started is None and time.monotonic() < end:
            with suppress(Empty):
                self._wake.get(timeout=_POLL_SECONDS)
        return self._started

    def _run(self, executor: Executor, work: Work) -> None:
        try:
            self._started = executor.start(work)
        except BaseException as error:  # noqa: BLE001 (raised where the pool is waited for)
            self._started = error
        self._wake.put(None)
        self._wake_others()
        if (reason := self._reason) is not None:
            self._leave(reason)

    def _leave(self, reason: BaseException, seconds: float = 0.0) -> None:
        """End the pool, or wait so many seconds for the other thread that is doing it: the process may exit after that."""
        started = self._started
        if started is None or isinstance(started, BaseException):
            return
        if not self._is_left and self._leaving.acquire(timeout=seconds):
            try:
                if not self._is_left:
                    started.__exit__(type(reason), reason, None)
                self._is_left = True
            finally:
                self._leaving.release()
