"""A worker's current task and page, shared through a small memory-mapped file.

The worker writes it for every page at next to no cost, and without waking the supervisor. The supervisor reads it when it
checks deadlines, and after the worker has hung or died.
"""

import math
import mmap
import os
import struct
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from pdfbatch.executors.process.pages_so_far import PagesSoFarWriter, pages_so_far_path
from pdfbatch.model import Page
from pdfbatch.tasks import TaskResult

# Native layout, so that each field is stored at once. A start time is written before the number that it belongs to: a
# reader that sees a half-written record then never sees a new task or page with an old start time, which would look late.
_RECORD = struct.Struct("@dQdQ4Q")
_PAGE = struct.Struct("@dQ")
_PAGE_OFFSET = 16
_COUNTS = struct.Struct("@4Q")
_COUNTS_OFFSET = 32
_MAX_READS = 100  # until one is the same as the one before
_MAX_PAGE = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentTask:
    """Number of the task that a worker is on (0: none yet) and of the page (0: none), and when each started.

    ``total_pages`` to ``pending_pages`` are the counts of ``SupportsPageCounts``, all 0 before the task has counted its pages.

    Times are those of ``time.monotonic``, which all processes of a Linux or macOS system share. They are infinite when there
    is no task or page, and once the task is done and its result is being sent.
    """

    task: int = 0
    task_started: float = math.inf
    page: int = 0
    page_started: float = math.inf
    total_pages: int = 0
    text_pages: int = 0
    ocr_pages: int = 0
    pending_pages: int = 0


def clamp_current_task(current: CurrentTask, since: float) -> CurrentTask:
    """Return what can be true of a worker that could begin its task at ``since`` at the earliest."""
    task_started = _latest(since, current.task_started)
    page_started = _latest(task_started, current.page_started)
    page = current.page if current.page <= _MAX_PAGE else 0
    found = CurrentTask(task=current.task, task_started=task_started, page=page, page_started=page_started)
    total, text, ocr, pending = counts = _counts(current)
    if max(counts) > _MAX_PAGE or text + ocr + pending > total:  # half-written, or a lie
        return found
    return replace(found, total_pages=total, text_pages=text, ocr_pages=ocr, pending_pages=pending)


def _counts(current: CurrentTask) -> tuple[int, int, int, int]:
    return current.total_pages, current.text_pages, current.ocr_pages, current.pending_pages


def _latest(earliest: float, said: float) -> float:
    return earliest if math.isnan(said) else max(earliest, said)


def current_task_path(folder: str) -> str:
    """Return the path of the file for the worker with this folder."""
    return os.path.join(folder, "current-task")


class CurrentTaskWriter:
    """The worker's side of the file. It is the ``Watch`` of the worker's tasks, counts their pages and takes those so far."""

    def __init__(self, path: str) -> None:
        with open(path, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), _RECORD.size)
        self._pages = PagesSoFarWriter(pages_so_far_path(os.path.dirname(path)))

    def begin(self, task: int) -> None:
        """Note that the worker begins a task."""
        self._pages.begin(task)
        _RECORD.pack_into(self._map, 0, time.monotonic(), task, math.inf, 0, 0, 0, 0, 0)

    def page(self, number: int) -> None:
        """Note that the task begins a page, or is on no page when that is 0."""
        _PAGE.pack_into(self._map, _PAGE_OFFSET, time.monotonic(), number)

    def count(self, *, total: int, text_pages: int, ocr_pages: int, pending_pages: int) -> None:
        """Note how far the task is."""
        _COUNTS.pack_into(self._map, _COUNTS_OFFSET, total, text_pages, ocr_pages, pending_pages)

    def hand_over(self, pages: Sequence[Page], fingerprint: str) -> None:
        """Keep pages for the supervisor, in case that it loses this worker."""
        self._pages.write(pages, fingerprint)

    def with_pages(self, result: TaskResult) -> TaskResult:
        """Return the failed result of the task with the pages that it has handed over."""
        return self._pages.so_far.add_to(result)

    def end(self, task: int) -> None:
        """Note that the task is done. Sending its result is left, which no deadline limits."""
        _RECORD.pack_into(self._map, 0, math.inf, task, math.inf, 0, 0, 0, 0, 0)


class CurrentTaskReader:
    """The supervisor's side of the file, which it creates."""

    def __init__(self, path: str) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        os.write(self._fd, _RECORD.pack(math.inf, 0, math.inf, 0, 0, 0, 0, 0))

    def read(self) -> CurrentTask:
        """Return what the worker says is its current task, or was its last one if it has died.

        The numbers may be anything, as a document may have taken the worker over; see ``clamp_current_task``.
        """
        data = os.pread(self._fd, _RECORD.size, 0)
        for _ in range(_MAX_READS):
            again = os.pread(self._fd, _RECORD.size, 0)
            if data == again:
                break
            data = again  # the worker was writing
        if len(data) != _RECORD.size:
            return CurrentTask()
        task_started, task, page_started, page, total, text, ocr, pending = _RECORD.unpack(data)
        return CurrentTask(
            task=task,
            task_started=task_started,
            page=page,
            page_started=page_started,
            total_pages=total,
            text_pages=text,
            ocr_pages=ocr,
            pending_pages=pending,
        )

    def close(self) -> None:
        """Close the file. It is removed together with its folder."""
        with suppress(OSError):  # closed by the host
            os.close(self._fd)
