"""What is left of tasks, waited for in threads while the worker begins with the next ones."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for

AHEAD = 32
"""Tasks that may wait for their output at one time: those of a local disk are one or two. Behind 200 ms a request an object
store takes 0.4 s for a document, text and record, in which a worker reads thirty small ones."""

_STACK_BYTES = 1 << 20


class WriteBehind:
    """Runs what is left of tasks, ``AHEAD`` at one time. For one thread, but ``drain`` is for any.

    ``on`` hears the number of a task that is waited for, ``ended``, in any thread, that one has come to its end.
    """

    def __init__(self, on: Callable[[int], None], ended: Callable[[], None]) -> None:
        self._on = on
        self._ended = ended
        self._threads = ThreadPoolExecutor(AHEAD, thread_name_prefix="pdfbatch-finisher")
        self._waiting: dict[int, Future[None]] = {}

    def put(self, number: int, finish: Callable[[], None]) -> None:
        """Take what is left of a task. Waits for the oldest one when there are too many. Raises what that raised."""
        future = self._waiting[number] = self._submitted(finish)
        future.add_done_callback(lambda _: self._ended())
        if len(self.waiting()) > AHEAD:
            oldest = next(iter(self._waiting))
            self._on(oldest)
            self._waiting[oldest].result()

    def _submitted(self, finish: Callable[[], None]) -> Future[None]:
        """Hand it to the threads, new ones with small stacks: the limit on a worker's memory counts what they reserve."""
        before = threading.stack_size(_STACK_BYTES)
        try:
            return self._threads.submit(finish)
        finally:
            threading.stack_size(before)

    def waiting(self) -> list[int]:
        """The numbers of those that have not ended, the oldest first. Raises what those that have ended raised."""
        for number, future in tuple(self._waiting.items()):
            if future.done():
                del self._waiting[number]
                future.result()
        return list(self._waiting)

    def drain(self, seconds: float) -> None:
        """Give what has been begun so long to end."""
        wait_for(list(self._waiting.values()), timeout=seconds)

    def close(self) -> None:
        """Wait for what has been begun, and end the threads."""
        self._threads.shutdown()
