"""Write the output of tasks in threads, while the worker goes on with the next tasks."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for

MAX_PENDING = 32
"""Writes that may be pending at one time. A local disk keeps one or two busy; a distant object store takes as long for the
texts of one document as a worker takes to read some thirty small ones.
"""

_STACK_BYTES = 1 << 20


class WriteBehind:
    """Run the last step of tasks in threads, ``MAX_PENDING`` at one time. For one thread, but any may call ``drain``.

    ``on_wait`` is called with the number of a task before ``put`` waits for it; ``on_done``, in any thread, after each task.
    """

    def __init__(self, on_wait: Callable[[int], None], on_done: Callable[[], None]) -> None:
        self._on_wait = on_wait
        self._on_done = on_done
        self._threads = ThreadPoolExecutor(MAX_PENDING, thread_name_prefix="pdfbatch-write-behind")
        self._pending: dict[int, Future[None]] = {}

    def put(self, number: int, step: Callable[[], None]) -> None:
        """Start the last step of a task. When too many are pending, wait for the oldest. Raise what that raised."""
        # New threads get small stacks, because the limit on a worker's memory counts what they reserve.
        default_size = threading.stack_size(_STACK_BYTES)
        try:
            future = self._pending[number] = self._threads.submit(step)
        finally:
            threading.stack_size(default_size)
        future.add_done_callback(lambda _: self._on_done())
        if len(self.list_pending()) > MAX_PENDING:
            oldest = next(iter(self._pending))
            self._on_wait(oldest)
            self._pending[oldest].result()

    def list_pending(self) -> list[int]:
        """Return the numbers of the tasks whose step has not ended, the oldest first. Raise what one that ended raised."""
        for number, future in tuple(self._pending.items()):
            if future.done():
                del self._pending[number]
                future.result()
        return list(self._pending)

    def drain(self, seconds: float) -> None:
        """Wait for the pending steps, at most so long."""
        wait_for(list(self._pending.values()), timeout=seconds)

    def close(self) -> None:
        """Wait for the pending steps and end the threads."""
        self._threads.shutdown()
