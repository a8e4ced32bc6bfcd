"""The room of a spool: bytes that copies may take, given to those who wait in the order in which they came."""

import threading
from collections import deque


class ByteQuota:
    """``most_bytes`` of room. Who needs more than all of it waits until it is empty, and then has it alone."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._taken = 0
        self._queue = deque[object]()
        self._changed = threading.Condition()
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many wait for room."""
        return len(self._queue)

    def take(self, size_bytes: int) -> bool:
        """Wait for so much room and take it; ``False`` when the room was closed instead."""
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
            self._changed.wait_for(lambda: self._closed or (self._queue[0] is ticket and self._fits(size_bytes)))
            self._queue.remove(ticket)
            self._taken += 0 if self._closed else size_bytes
            self._changed.notify_all()
            return not self._closed

    def take_now(self, size_bytes: int) -> bool:
        """Take so much room if it is free and nobody waits."""
        with self._changed:
            is_free = not (self._closed or self._queue) and self._fits(size_bytes)
            self._taken += size_bytes if is_free else 0
            return is_free

    def give_back(self, size_bytes: int) -> None:
        """So much is free again."""
        with self._changed:
            self._taken -= size_bytes
            self._changed.notify_all()

    def close(self) -> None:
        """Let nobody wait any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _fits(self, size_bytes: int) -> bool:
        return self._taken == 0 or self._taken + size_bytes <= self._most
