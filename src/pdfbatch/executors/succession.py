"""Executors in the order in which they are tried, and the pools that were started on the way."""

import logging
import threading
from collections import deque
from collections.abc import Iterable
from contextlib import ExitStack

from pdfbatch.errors import PoolBrokenError, PoolStartError
from pdfbatch.ports import Executor, Pool, Work

log = logging.getLogger(__name__)


class Succession:
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
