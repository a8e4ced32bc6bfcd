"""Where a worker is, kept in a small mapped file: the worker writes it at no cost, the supervisor reads it when it must.

So the parent is not woken for each page, and still knows the page when a worker hangs or dies. Times are those of
``time.monotonic``, which all processes of a Linux or macOS system share.
"""

import math
import mmap
import os
import struct
import time
from dataclasses import dataclass

# Native layout: each field is stored whole. The order within each half makes a half-written one harmless: the start is
# renewed before the number that it belongs to, so that nothing new is ever seen with an old start.
_WHOLE = struct.Struct("@dQdQ")
_PAGE = struct.Struct("@dQ")
_PAGE_OFFSET = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentTask:
    """The task that a worker is on (0: none yet), since when, its page (0: none), and since when.

    A start is infinite once the task is done and its result is being sent.
    """

    task: int = 0
    task_started: float = math.inf
    page: int = 0
    page_started: float = math.inf


def place_path(folder: str) -> str:
    """Where the place of the worker with this folder is kept."""
    return os.path.join(folder, "place")


class CurrentTaskWriter:
    """The worker's hand: a ``Watch``."""

    def __init__(self, path: str) -> None:
        with open(path, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), _WHOLE.size)

    def begin(self, task: int) -> None:
        """The worker begins with a task."""
        _WHOLE.pack_into(self._map, 0, time.monotonic(), task, math.inf, 0)

    def page(self, number: int) -> None:
        """The task begins with this page; 0 when it is on no page."""
        _PAGE.pack_into(self._map, _PAGE_OFFSET, time.monotonic(), number)

    def end(self, task: int) -> None:
        """The task is done; what is left is to send its result, which no deadline bounds."""
        _WHOLE.pack_into(self._map, 0, math.inf, task, math.inf, 0)


class CurrentTaskReader:
    """The supervisor's eye. Makes the file."""

    def __init__(self, path: str) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        os.write(self._fd, _WHOLE.pack(math.inf, 0, math.inf, 0))

    def read(self) -> CurrentTask:
        """Where the worker is, or was when it died."""
        data = self._bytes()
        while data != (again := self._bytes()):  # the worker was writing
            data = again
        task_started, task, page_started, page = _WHOLE.unpack(data)
        return CurrentTask(task=task, task_started=task_started, page=page, page_started=page_started)

    def close(self) -> None:
        """Let go of the file; it is removed with its folder."""
        os.close(self._fd)

    def _bytes(self) -> bytes:
        return os.pread(self._fd, _WHOLE.size, 0)
