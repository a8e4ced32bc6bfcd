"""Send a batch's latest status from a thread, so that the batch does not wait for the server."""

import math
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event, Thread

from pdfbatch.common import SafeLogger
from pdfbatch.report import BatchStatus
from pdfbatch.sinks.formatting import escape_unprintable

log: SafeLogger = SafeLogger(__name__)

Deliver = Callable[[BatchStatus], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often a ``Sender`` sends, and how long it tries.

    ``interval_seconds`` lie between two snapshots (the last one does not wait), ``heartbeat_seconds`` between two sends
    while nothing changes, ``retry_seconds`` between two attempts while the server fails. For ``linger_seconds`` after the end
    of a batch the thread tries to send the last state, while the process lives; for ``close_seconds`` of them ``close`` waits.
    """

    interval_seconds: float = 0.25
    heartbeat_seconds: float = 5.0
    retry_seconds: float = 1.0
    linger_seconds: float = 300.0
    close_seconds: float = 2.5


class Sender:
    """Send one batch's latest status from a daemon thread. A newer status replaces one that was not sent yet.

    The thread enters ``connect``, which yields the function that delivers a status. It retries a status that it could not
    deliver until a newer one replaces it. It logs the first failure of a batch as one WARNING and raises nothing.
    """

    def __init__(self, first: BatchStatus, connect: Callable[[], AbstractContextManager[Deliver]], pace: Pace) -> None:
        self.batch_id: str = first.batch_id
        self._name = escape_unprintable(first.batch_id)
        self._process_id = os.getpid()
        self._connect = connect
        self._pace = pace
        self._latest = first
        self._tried: BatchStatus | None = None
        self._delivered: BatchStatus | None = None
        self._tried_at = -math.inf
        self._failing = False
        self._warned = False
        self._give_up_at: float | None = None
        self._wakes = SimpleQueue[None]()  # of C code: a signal in the batch's thread cannot leave it locked
        self._is_settled = Event()
        Thread(target=self._run, name=f"pdfbatch-status-{self.batch_id}", daemon=True).start()

    def accepts(self, status: BatchStatus) -> bool:
        """Return whether the status is of this batch, and of the same run of it."""
        return self.batch_id == status.batch_id and self._give_up_at is None and self._is_in_this_process

    def offer(self, status: BatchStatus) -> None:
        """Replace the status to send. Takes microseconds."""
        self._latest = status
        self._wakes.put(None)

    def close(self) -> None:
        """Wait until the last status was sent or could not be sent; the thread keeps trying for ``linger_seconds``."""
        if self._is_in_this_process:
            self._stop_after(self._pace.linger_seconds)
            self._is_settled.wait(self._pace.close_seconds)

    def retire(self, successor: BatchStatus) -> None:
        """Stop, because the sink now serves another batch or another run of this one.

        A status that is still to be sent is sent, unless the successor's would replace it.
        """
        if self._is_in_this_process:
            # The same batch, once more: an old state must not replace the new one.
            self._stop_after(0 if successor.batch_id == self.batch_id else self._pace.linger_seconds)

    @property
    def _is_in_this_process(self) -> bool:
        """Whether the thread runs in this process: a fork gets no copy of it, and perhaps a lock that stays locked."""
        return self._process_id == os.getpid()

    def _stop_after(self, seconds: float) -> None:
        self._give_up_at = time.monotonic() + seconds
        self._wakes.put(None)

    def _run(self) -> None:
        try:
            with self._connect() as deliver:
                while (status := self._next()) is not None:
                    self._send(deliver, status)
        except Exception as error:  # noqa: BLE001 (as in _send; even loading redis-py may raise)
            self._record(failure=error)
        finally:
            self._is_settled.set()

    def _next(self) -> BatchStatus | None:
        """Wait until a status should be sent and return it; return ``None`` when nothing will be sent any more."""
        while (seconds := self._seconds_to_wait()) is not None:
            if seconds <= 0:
                return self._latest
            with suppress(Empty):
                self._wakes.get(timeout=None if seconds == math.inf else seconds)
                while True:  # one look is enough for all
                    self._wakes.get_nowait()
        return None

    def _seconds_to_wait(self) -> float | None:
        """Return the seconds until the next send, or ``None`` to stop."""
        now, pending = time.monotonic(), self._latest is not self._delivered
        late = self._give_up_at is not None and now >= self._give_up_at and self._tried is self._latest
        if late or (self._give_up_at is not None and not pending):
            return None
        return self._tried_at + self._pause(pending=pending) - now

    def _pause(self, *, pending: bool) -> float:
        """Return the seconds that must lie between the last attempt and the next one."""
        if pending and self._is_last(self._latest) and self._tried is not self._latest:
            return 0
        if self._failing:
            return self._pace.retry_seconds
        if pending:
            return self._pace.interval_seconds
        return math.inf if self._latest.state.ended else self._pace.heartbeat_seconds

    def _is_last(self, status: BatchStatus) -> bool:
        return status.state.ended or self._give_up_at is not None

    def _send(self, deliver: Deliver, status: BatchStatus) -> None:
        last = self._is_last(status)
        self._tried = status
        try:
            deliver(status)
        except Exception as error:  # noqa: BLE001 (isolation is the purpose: no error may end the thread)
            self._record(failure=error)
        else:
            self._delivered = status
            self._record(failure=None)
        if last:
            self._is_settled.set()

    def _record(self, *, failure: Exception | None) -> None:
        if failure is not None and not self._warned:
            self._warned = True
            log.warning("the status of batch %s cannot be sent, the batch goes on: %s", self._name, failure)
        elif failure is None and self._failing:
            log.info("the status of batch %s arrives again", self._name)
        self._failing = failure is not None
        self._tried_at = time.monotonic()
