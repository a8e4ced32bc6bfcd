"""Keep the lease of a unit while a worker is at it, and find out when the work is no longer wanted."""

import threading
from types import TracebackType
from typing import Self

from pdfbatch.celery.run_state import RunState
from pdfbatch.celery.status import show_status
from pdfbatch.common import SafeLogger
from pdfbatch.executors import stop_pool

log: SafeLogger = SafeLogger(__name__)

_SECONDS = 1.0


class Heartbeat:
    """A thread that renews a lease once a second while the block runs, and shows the batch's status when that has changed.

    ``is_over`` says that nobody wants the outcome any more: the batch has ended, or another worker has taken over. What runs
    for a batch that has ended is stopped.
    """

    def __init__(self, state: RunState, unit: str, owner: str) -> None:
        self.is_over: bool = False
        self._state, self._unit, self._owner = state, unit, owner
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"pdfbatch-{unit}", daemon=True)

    def __enter__(self) -> Self:
        """Start the thread."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it. It is not waited for: it may hang in a request."""
        self._end.set()

    def wait(self, seconds: float) -> None:
        """Wait between two attempts."""
        self._end.wait(seconds)

    def _run(self) -> None:
        while not self._end.wait(_SECONDS) and not self.is_over:
            try:
                self._beat()
            except Exception as error:  # noqa: BLE001 (whatever it is, the next beat tries again; the lease outlives some)
                log.warning("the heartbeat of %s in batch %s failed: %s", self._unit, self._state.run, error)

    def _beat(self) -> None:
        match self._state.beat(self._unit, self._owner):
            case "show":
                show_status(self._state)
            case "lost":
                self.is_over = True
            case "over":
                self.is_over = True
                if not self._end.is_set():  # else it was the last document that ended the batch
                    stop_pool(self._state.run)
            case _:
                pass
