"""A worker's current task and page, shared through a small memory-mapped file.

The worker writes it for every page at next to no cost, and without waking the supervisor. The supervisor reads it when it
checks deadlines, and after the worker has hung or died.
"""

import math
import mmap
import os
import struct
import time
from dataclasses import dataclass

# Native layout, so that each field is stored at once. A start time is written before the number that it belongs to: a
# reader that sees a half-written record then never sees a new task or page with an old start time, which would look late.
_RECORD = struct.Struct("@dQdQ")
_PAGE = struct.Struct("@dQ")
_PAGE_OFFSET = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentTask:
    """Number of the task that a worker is on (0: none yet) and of the page (0: none), and when each started.

    Times are those of ``time.monotonic``, which all processes of a Linux or macOS system share. They are infinite when there
    is no task or page, and once the task is done and its result is being sent.
    """

    task: int = 0
    task_started: float = math.inf
    page: int = 0
    page_started: float = math.inf


def current_task_path(folder: str) -> str:
    """Return the path of the file for the worker with this folder."""
    return os.path.join(folder, "current-task")


class CurrentTaskWriter:
    """The worker's side of the file. It is the ``Watch`` of the worker's tasks."""

    def __init__(self, path: str) -> None:
        with open(path, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), _RECORD.size)

    def begin(self, task: int) -> None:
        """Note that the worker begins a task."""
        _RECORD.pack_into(self._map, 0, time.monotonic(), task, math.inf, 0)

    def page(self, number: int) -> None:
        """Note that the task begins a page, or is on no page when that is 0."""
        _PAGE.pack_into(self._map, _PAGE_OFFSET, time.monotonic(), number)

    def end(self, task: int) -> None:
        """Note that the task is done. Sending its result is left, which no deadline limits."""
        _RECORD.pack_into(self._map, 0, math.inf, task, math.inf, 0)


class CurrentTaskReader:
    """The supervisor's side of the file, which it creates."""

    def __init__(self, path: str) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        os.write(self._fd, _RECORD.pack(math.inf, 0, math.inf, 0))

    def read(self) -> CurrentTask:
        """Return the worker's current task, or its last one if it has died."""
        data = os.pread(self._fd, _RECORD.size, 0)
        while data != (again := os.pread(self._fd, _RECORD.size, 0)):  # the worker was writing
            data = again
        task_started, task, page_started, page = _RECORD.unpack(data)
        return CurrentTask(task=task, task_started=task_started, page=page, page_started=page_started)

    def close(self) -> None:
        """Close the file. It is removed together with its folder."""
        os.close(self._fd)
