"""The thread that carries a batch's latest status away, so that nobody waits for the server."""

import logging
import math
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import Condition, Event, Thread

from pdfbatch.report import BatchStatus
from pdfbatch.sinks import formatting as wording

log = logging.getLogger(__name__)

Deliver = Callable[[BatchStatus], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often something is sent.

    ``interval_seconds`` lies between two snapshots (the last one does not wait), ``heartbeat_seconds`` between two signs of
    life while nothing changes, ``retry_seconds`` between two tries while the server fails. ``linger_seconds`` is how long
    after the end the last state is still tried, as long as the process lives. ``close_seconds`` is how long an end waits.
    """

    interval_seconds: float = 0.25
    heartbeat_seconds: float = 5.0
    retry_seconds: float = 1.0
    linger_seconds: float = 300.0
    close_seconds: float = 2.5


class Sender:
    """Sends one batch's latest status from a daemon thread: what is overtaken before it was sent is never sent.

    ``opened`` is entered in the thread and gives the function that delivers a status, or raises. A status that was not
    delivered is tried again until a newer one replaces it. The first failure of a batch is one WARNING; it harms nothing.
    """

    def __init__(self, first: BatchStatus, opened: Callable[[], AbstractContextManager[Deliver]], pace: Pace) -> None:
        self.batch_id = first.batch_id
        self._name = wording.one_line(first.batch_id)
        self._process = os.getpid()
        self._opened = opened
        self._pace = pace
        self._latest = first
        self._tried: BatchStatus | None = None
        self._delivered: BatchStatus | None = None
        self._tried_at = -math.inf
        self._failing = False
        self._warned = False
        self._give_up_at: float | None = None
        self._condition = Condition()
        self._settled = Event()
        Thread(target=self._run, name=f"pdfbatch-status-{self.batch_id}", daemon=True).start()

    def serves(self, status: BatchStatus) -> bool:
        """Whether the status is of this batch, and of the same run of it."""
        return self.batch_id == status.batch_id and self._give_up_at is None and self._is_here

    def offer(self, status: BatchStatus) -> None:
        """Replace the status that is to be sent. Takes microseconds."""
        with self._condition:
            self._latest = status
            self._condition.notify()

    def close(self) -> None:
        """Wait until the last status has arrived or failed to, then leave it to the thread."""
        if self._is_here:
            self._end_within(self._pace.linger_seconds)
            self._settled.wait(self._pace.close_seconds)

    def make_way(self, status: BatchStatus) -> None:
        """The sink has gone on to this status: what is left to send may linger, unless it is of the same batch."""
        if self._is_here:
            self._end_within(0 if status.batch_id == self.batch_id else self._pace.linger_seconds)

    @property
    def _is_here(self) -> bool:
        """Whether the thread lives in this process: a fork inherits neither it nor the lock in a usable state."""
        return self._process == os.getpid()

    def _end_within(self, seconds: float) -> None:
        with self._condition:
            self._give_up_at = time.monotonic() + seconds
            self._condition.notify()

    def _run(self) -> None:
        try:
            with self._opened() as deliver:
                while (status := self._due()) is not None:
                    self._try(deliver, status)
        except Exception as error:  # noqa: BLE001 (as in _try; it could not be opened, as by a package that is broken)
            self._note(failure=error)
        finally:
            self._settled.set()

    def _due(self) -> BatchStatus | None:
        """The status that is to be sent next, as soon as it is; ``None`` when there is nothing more to do."""
        with self._condition:
            while (seconds := self._seconds_to_wait()) is not None:
                if seconds <= 0:
                    return self._latest
                self._condition.wait(None if seconds == math.inf else seconds)
        return None

    def _seconds_to_wait(self) -> float | None:
        now, pending = time.monotonic(), self._latest is not self._delivered
        late = self._give_up_at is not None and now >= self._give_up_at and self._tried is self._latest
        if late or (self._give_up_at is not None and not pending):
            return None
        return self._tried_at + self._pause(pending=pending) - now

    def _pause(self, *, pending: bool) -> float:
        if pending and self._is_last(self._latest) and self._tried is not self._latest:
            return 0
        if self._failing:
            return self._pace.retry_seconds
        if pending:
            return self._pace.interval_seconds
        return math.inf if self._latest.state.ended else self._pace.heartbeat_seconds

    def _is_last(self, status: BatchStatus) -> bool:
        return status.state.ended or self._give_up_at is not None

    def _try(self, deliver: Deliver, status: BatchStatus) -> None:
        last = self._is_last(status)
        self._tried = status
        try:
            deliver(status)
        except Exception as error:  # noqa: BLE001 (isolation is the purpose: whatever it is, it must not end the thread)
            self._note(failure=error)
        else:
            self._delivered = status
            self._note(failure=None)
        if last:
            self._settled.set()

    def _note(self, *, failure: Exception | None) -> None:
        if failure is not None and not self._warned:
            self._warned = True
            log.warning("the status of batch %s cannot be sent, the batch goes on: %s", self._name, failure)
        elif failure is None and self._failing:
            log.info("the status of batch %s arrives again", self._name)
        with self._condition:
            self._failing = failure is not None
            self._tried_at = time.monotonic()
