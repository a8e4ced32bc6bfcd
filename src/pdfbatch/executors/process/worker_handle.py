"""One worker as its supervisor sees it: a process, three pipes, a temporary folder, and the tasks it was sent."""

import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

from pdfbatch.executors.process import memory
from pdfbatch.executors.process.child import Child, ExitStatus
from pdfbatch.executors.process.command_queue import WorkItem
from pdfbatch.executors.process.current_task import (
    CurrentTask,
    CurrentTaskReader,
    clamp_current_task,
    current_task_path,
)
from pdfbatch.executors.process.folders import remove_folder
from pdfbatch.executors.process.pages_so_far import PagesSoFar, pages_so_far_path, read_pages_so_far
from pdfbatch.executors.process.protocol import (
    Frame,
    FrameKind,
    FrameReader,
    FrameWriter,
    ProtocolError,
    RefusedAnswerError,
    encode_frame,
)
from pdfbatch.ports import TaskProgress

QUICK_SECONDS = 0.1

_STDERR_BYTES = 4096
_STDERR_READS = 64  # at the end: a process that goes on writing must not keep us
_MAX_NUMBERS_BYTES = 4096  # of a message that is a list of tasks
# Messages that a worker may send for each task that it was given, and beyond these.
_FRAMES_PER_TASK, _MORE_FRAMES = 4, 16


_RESULTS = frozenset({FrameKind.RESULT, FrameKind.LAST_RESULT})


class WorkerHandle:
    """A worker process in a session of its own. For one thread; no method blocks.

    What it is doing: ``tasks`` are the tasks that it was sent and has not answered, in the order of sending. Of those in
    ``pending_writes`` only the output is still being written. ``busy_since`` is when it could begin the first of the others.
    ``task_count`` is how many tasks it was given in all.

    Its state: ``is_ready`` for tasks. ``is_quick``: its last task took less than ``QUICK_SECONDS``. ``is_recalled``: it was
    asked to return the tasks that it has not begun. ``is_retiring``: it gets no more tasks. ``is_blocked``: its pipe is full.
    ``is_listed``: it belongs to the ``workers`` of its group. ``is_killed``: its group has killed it, and knows why.
    """

    def __init__(
        self, folder: str, setup: bytes, start: Callable[[str], Child], *, max_result_bytes: int = 1 << 30
    ) -> None:
        self.tasks: dict[int, WorkItem] = {}
        self.pending_writes: set[int] = set()
        self.task_count: int = 0
        self.is_ready: bool = False
        self.is_quick = False
        self.is_recalled = False
        self.is_retiring = False
        self.is_blocked = False
        self.is_listed = True
        self.is_killed = False
        self.start_time: float = time.monotonic()
        self.busy_since: float = self.start_time
        self._folder = folder
        self._reader = FrameReader(self._check_frame, os.path.dirname(folder))
        self._max_result_bytes = max_result_bytes
        self._frames_left = _MORE_FRAMES
        self._writer = FrameWriter()
        self._stderr_tail = b""
        self._inherited_peak_bytes = 0
        os.makedirs(os.path.join(folder, "tmp"), mode=0o700)
        self._current_task = CurrentTaskReader(current_task_path(folder))
        try:
            self._child = child = start(folder)
        except BaseException:
            self._remove_files()
            raise
        self.pid: int = child.pid
        self.commands: int = child.commands
        self.answers: int = child.answers
        self.stderr: int = child.stderr
        if child.needs_setup:
            self._writer.put(encode_frame(FrameKind.SETUP, payload=setup))

    # --- tasks ----------------------------------------------------------------------------------------------------

    @property
    def queue_length(self) -> int:
        """Number of tasks that it has begun or is yet to begin, without those whose output is being written."""
        return len(self.tasks) - len(self.pending_writes)

    @property
    def is_idle(self) -> bool:
        """Whether it waits for a task."""
        return self.is_ready and not self.queue_length and not self.is_retiring

    def accepts(self, queue_length: int, now: float) -> bool:
        """Return whether it has exactly ``queue_length`` tasks and should get one more.

        A task is never put behind one that takes long, where it would have to wait.
        """
        if self.queue_length != queue_length or not self.is_ready or self.is_retiring or self.is_recalled:
            return False
        return queue_length == 0 or (self.is_quick and not self.is_blocked and now - self.busy_since < QUICK_SECONDS)

    def assign(self, item: WorkItem, payload: bytes, now: float) -> None:
        """Send a task with the next flush."""
        if not self.queue_length:
            self.busy_since = now
        self.tasks[item.number] = item
        self.task_count += 1
        self._frames_left += _FRAMES_PER_TASK
        self._writer.put(encode_frame(FrameKind.TASK, item.number, payload))

    def complete(self, number: int) -> WorkItem | None:
        """Remove and return the task with this number, ``None`` when the worker does not have it."""
        self.pending_writes.discard(number)
        return self.tasks.pop(number, None)

    # --- messages -------------------------------------------------------------------------------------------------

    @property
    def has_unsent_data(self) -> bool:
        """Whether something waits until the pipe has room."""
        return bool(self._writer)

    def send(self, kind: FrameKind) -> None:
        """Send a message without payload with the next flush."""
        self._writer.put(encode_frame(kind))

    def flush(self) -> None:
        """Write as much as the pipe takes now. Writes to a dead worker are discarded; its exit is detected by ``reap``."""
        try:
            self._writer.flush(self.commands)
        except BrokenPipeError:
            self._writer = FrameWriter()

    def read_frames(self) -> Iterator[Frame]:
        """Read once and yield the complete frames. Raises ``EOFError``, ``BlockingIOError``, ``ProtocolError``."""
        return self._reader.read(self.answers)

    def _check_frame(self, kind: FrameKind, task: int, length: int) -> None:
        """Refuse a frame, before there is room for it, that no worker sends here. Raises ``ProtocolError``."""
        self._frames_left -= 1
        if self._frames_left < 0:
            raise ProtocolError("more messages than tasks")
        if kind not in _RESULTS:
            if length > _MAX_NUMBERS_BYTES:
                raise ProtocolError("a list that is too long")
        elif task not in self.tasks:
            raise ProtocolError("the result of another task")
        elif length > self._max_result_bytes:
            raise RefusedAnswerError(f"{length} bytes, more than the {self._max_result_bytes} that are allowed", task)

    def read_stderr(self) -> bool:
        """Read from stderr once, keep the end of it for ``reap``, and return ``False`` at the end of file.

        Raises ``BlockingIOError`` when there is nothing to read.
        """
        data = os.read(self.stderr, 1 << 16)
        self._stderr_tail = (self._stderr_tail + data)[-_STDERR_BYTES:]
        return bool(data)

    def mark_ready(self, peak_bytes: int) -> None:
        """Note that the worker is ready. ``peak_bytes`` is its peak memory so far.

        That may be the peak of its parent, as Linux passes it on through vfork and exec; ``reap`` ignores it then.
        """
        self.is_ready = True
        self._inherited_peak_bytes = peak_bytes

    # --- the process ----------------------------------------------------------------------------------------------

    def read_current_task(self) -> CurrentTask:
        """Return what it says is its current task, or its last one if it has died, within what can be true."""
        return clamp_current_task(self._current_task.read(), self.busy_since)

    def find_progress(self, now: float) -> TaskProgress | None:
        """Return how far it is with the task that it is on; ``None`` when it is on none, or only sends its result."""
        if not self.tasks:
            return None
        current = self.read_current_task()
        item = self.tasks.get(current.task)
        if item is None or current.task_started == math.inf:
            return None
        return TaskProgress(
            task=item.task,
            seconds=max(0.0, now - current.task_started),
            page=current.page,
            page_seconds=max(0.0, now - current.page_started) if current.page else 0.0,
            total_pages=current.total_pages,
            text_pages=current.text_pages,
            ocr_pages=current.ocr_pages,
            pending_pages=current.pending_pages,
        )

    def read_pages_so_far(self, item: WorkItem) -> PagesSoFar:
        """Return the pages of a task that it handed over before it was lost."""
        return read_pages_so_far(pages_so_far_path(self._folder), item.number, item.task)

    def excuse(self, seconds: float) -> None:
        """Let so many seconds, in which nobody could run, count as before it was given its tasks."""
        self.start_time += seconds
        self.busy_since += seconds

    def read_resident_bytes(self) -> int | None:
        """Return its resident memory, ``None`` where that is unknown."""
        return memory.read_resident_bytes(self.pid)

    def has_exited(self) -> bool:
        """Return whether the process has exited. Where the platform allows, its id stays taken until ``reap``."""
        return self._child.has_exited()

    def kill(self) -> None:
        """Kill the process and all that it started."""
        self._child.kill()

    def reap(self) -> ExitStatus:
        """Return how a process that has exited ended, and free its id."""
        with suppress(OSError):
            for _ in range(_STDERR_READS):
                if not self.read_stderr():
                    break
        status = self._child.reap()
        has_own_peak = status.peak_bytes > self._inherited_peak_bytes
        return replace(status, peak_bytes=status.peak_bytes if has_own_peak else 0, stderr=self._stderr_tail)

    def close(self) -> None:
        """Close the pipes and remove its files."""
        self._child.close()
        self._remove_files()

    def _remove_files(self) -> None:
        self._current_task.close()
        remove_folder(self._folder)
