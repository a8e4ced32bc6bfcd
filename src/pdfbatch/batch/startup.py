"""Start the pool while the first documents are being located."""

import math
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import TypeVar

from pdfbatch.ports import Executor, Pool, SupportsBackgroundStart, Work

T = TypeVar("T")

_STOP_SECONDS, _POLL_SECONDS = 2.0, 0.5


@contextmanager
def start_pool(executor: Executor, work: Work, prepare: Callable[[], T]) -> Generator[tuple[Pool, T]]:
    """Give the block a running pool of ``executor`` and what ``prepare`` returned; ``prepare`` runs in this thread.

    An executor that says that it ``starts_in_any_thread`` is started in another thread at the same time: workers and the
    client of a remote storage each take a while to load, on cores that have nothing else to do. Raises what ``start`` and
    ``prepare`` raise.
    """
    if not (isinstance(executor, SupportsBackgroundStart) and executor.starts_in_any_thread):
        prepared = prepare()
        with executor.start(work) as pool:
            yield pool, prepared
        return
    starting = _Starting(executor, work)
    try:
        starting.begin()
        prepared = prepare()
        with starting.wait() as pool:
            starting.is_in_use = True
            yield pool, prepared
    except BaseException as error:  # Ctrl-C: a pool that has started, or is about to, must not be left behind
        if not starting.is_in_use:
            starting.stop(error)
        raise


class _Starting:
    """A pool that is being started in a thread.

    A signal may come at any moment in the thread that waits for it. So nothing is handed over that could get lost on the way,
    and there is no lock of Python code that could stay locked for ever.
    """

    def __init__(self, executor: Executor, work: Work) -> None:
        self.is_in_use = False
        self._started: Pool | BaseException | None = None
        self._is_left = threading.Lock()  # held for ever by whoever ends the pool
        self._reason: BaseException | None = None
        self._wake = SimpleQueue[None]()
        arguments = (executor, work)
        self._thread = threading.Thread(target=self._run, args=arguments, name="pdfbatch-start", daemon=True)

    def begin(self) -> None:
        """Start the thread. Apart from the rest, as a signal may come while that is under way."""
        self._thread.start()

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
        self._leave(reason)

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
        if (reason := self._reason) is not None:
            self._leave(reason)

    def _leave(self, reason: BaseException) -> None:
        started = self._started
        if started is None or isinstance(started, BaseException):
            return
        if self._is_left.acquire(blocking=False):
            started.__exit__(type(reason), reason, None)
