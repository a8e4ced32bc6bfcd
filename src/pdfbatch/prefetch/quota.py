"""Share a bounded number of bytes among threads, first come, first served."""

import threading
from collections import deque


class ByteQuota:
    """``most_bytes`` that may be held at one time. A request for more than all of them waits until none is held."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._held = 0
        self._queue = deque[object]()
        self._changed = threading.Condition()
        self._closed = False

    @property
    def waiters(self) -> int:
        """Number of threads that wait in ``acquire``."""
        return len(self._queue)

    @property
    def whole_bytes(self) -> int:
        """What to request to be the only holder: more than all bytes."""
        return self._most + 1

    def acquire(self, size_bytes: int) -> bool:
        """Wait until so many bytes are free and take them; return ``False`` when the quota was closed instead."""
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
            self._changed.wait_for(lambda: self._closed or (self._queue[0] is ticket and self._fits(size_bytes)))
            self._queue.remove(ticket)
            self._held += 0 if self._closed else size_bytes
            self._changed.notify_all()
            return not self._closed

    def try_acquire(self, size_bytes: int) -> bool:
        """Take so many bytes if they are free and nobody waits; return whether that was so."""
        with self._changed:
            is_free = not (self._closed or self._queue) and self._fits(size_bytes)
            self._held += size_bytes if is_free else 0
            return is_free

    def release(self, size_bytes: int) -> None:
        """Give so many bytes back."""
        with self._changed:
            self._held -= size_bytes
            self._changed.notify_all()

    def close(self) -> None:
        """Let no thread wait any longer."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _fits(self, size_bytes: int) -> bool:
        return self._held == 0 or self._held + size_bytes <= self._most
