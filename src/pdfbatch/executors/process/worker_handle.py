"""One worker as its supervisor sees it: a process, three pipes, a temporary folder, and the tasks it was sent."""

import os
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress

from pdfbatch.executors.process import memory
from pdfbatch.executors.process.child import Child
from pdfbatch.executors.process.command_queue import WorkItem
from pdfbatch.executors.process.current_task import CurrentTask, CurrentTaskReader, place_path
from pdfbatch.executors.process.failures import Exit
from pdfbatch.executors.process.protocol import Frame, Inflow, Kind, Outflow, encode

QUICK_SECONDS = 0.1

_TAIL_BYTES = 4096


class WorkerHandle:
    """A worker process in a session of its own. Belongs to one thread; nothing here blocks.

    ``sent`` are the tasks that it has not answered yet, in the order of sending; of those in ``pending_writes`` only the output
    is waited for. ``head_since`` is when it could begin with the first of the others. ``quick``: its last task took less
    than ``QUICK_SECONDS``. ``recalled``: it was asked to return what it has not begun. ``retiring``: it gets no more tasks.
    ``blocked``: its pipe is full. ``present``: it is in the crew. ``killed``: the crew has killed it, and knows why.
    """

    def __init__(self, folder: str, setup: bytes, start: Callable[[str], Child]) -> None:
        self.sent: dict[int, WorkItem] = {}
        self.pending_writes: set[int] = set()
        self.taken = 0
        self.ready = False
        self.quick = False
        self.recalled = False
        self.retiring = False
        self.blocked = False
        self.present = True
        self.killed = False
        self.started = self.head_since = time.monotonic()
        self._folder = folder
        self._inflow = Inflow()
        self._outflow = Outflow()
        self._errors = b""
        self._first_peak = 0
        os.makedirs(os.path.join(folder, "tmp"), mode=0o700)
        self._place = CurrentTaskReader(place_path(folder))
        try:
            self._child = child = start(folder)
        except BaseException:
            self._remove_files()
            raise
        self.pid, self.stdin, self.stdout, self.stderr = child.pid, child.stdin, child.stdout, child.stderr
        if child.needs_setup:
            self._outflow.put(encode(Kind.SETUP, payload=setup))

    # --- talking --------------------------------------------------------------------------------------------------

    @property
    def wants_to_write(self) -> bool:
        """Whether something waits until the pipe has room."""
        return bool(self._outflow)

    @property
    def is_idle(self) -> bool:
        """Whether it waits for a task."""
        return self.ready and not self.at_hand and not self.retiring

    @property
    def at_hand(self) -> int:
        """How many tasks it has to do."""
        return len(self.sent) - len(self.pending_writes)

    def has_room(self, depth: int, now: float) -> bool:
        """Whether it should get a task behind just this many others; nothing is put behind a task that takes long."""
        if self.at_hand != depth or not self.ready or self.retiring or self.recalled:
            return False
        return depth == 0 or (self.quick and not self.blocked and now - self.head_since < QUICK_SECONDS)

    def give(self, job: WorkItem, payload: bytes, now: float) -> None:
        """Send a task with the next flush."""
        if not self.at_hand:
            self.head_since = now
        self.sent[job.number] = job
        self.taken += 1
        self._outflow.put(encode(Kind.TASK, job.number, payload))

    def take_back(self, number: int) -> WorkItem | None:
        """The task with this number, which is no longer its own; ``None`` when it was not given that one."""
        self.pending_writes.discard(number)
        return self.sent.pop(number, None)

    def say(self, kind: Kind) -> None:
        """Send a word with the next flush."""
        self._outflow.put(encode(kind))

    def flush(self) -> None:
        """Write what the pipe takes now. A dead worker's pipe takes all: its death is heard elsewhere."""
        try:
            self._outflow.flush(self.stdin)
        except BrokenPipeError:
            self._outflow = Outflow()

    def read_frames(self) -> list[Frame]:
        """What has come in. Raises ``EOFError``, ``BlockingIOError``, ``ChannelError``."""
        return self._inflow.read(self.stdout)

    def read_errors(self) -> bool:
        """Keep the end of what it writes to stderr; whether there was something.

        Raises ``BlockingIOError`` when nothing has come in.
        """
        data = os.read(self.stderr, 1 << 16)
        self._errors = (self._errors + data)[-_TAIL_BYTES:]
        return bool(data)

    def welcome(self, peak_bytes: int) -> None:
        """It is ready. Its peak so far may be that of the parent, which Linux hands on through vfork and exec."""
        self.ready = True
        self._first_peak = peak_bytes

    # --- watching -------------------------------------------------------------------------------------------------

    def place(self) -> CurrentTask:
        """Where it is, or was when it died."""
        return self._place.read()

    def resident_bytes(self) -> int | None:
        """Resident memory; ``None`` where that cannot be told."""
        return memory.resident_bytes(self.pid)

    def has_exited(self) -> bool:
        """Whether the process has ended. It stays a zombie, and its number taken, where the platform allows."""
        return self._child.has_exited()

    # --- ending ---------------------------------------------------------------------------------------------------

    def kill(self) -> None:
        """Kill the process and all that it started."""
        with suppress(ProcessLookupError, PermissionError):  # nobody left; only zombies left, on macOS
            os.killpg(self.pid, signal.SIGKILL)

    def reap(self) -> Exit:
        """How a process that has exited ended; frees its number."""
        with suppress(BlockingIOError):
            while self.read_errors():
                continue
        end = self._child.reap()
        peak = end.peak_bytes if end.peak_bytes > self._first_peak else 0
        return Exit(code=end.code, peak_bytes=peak, errors=self._errors)

    def close(self) -> None:
        """Close the pipes and remove its files."""
        self._child.close()
        self._remove_files()

    def _remove_files(self) -> None:
        self._place.close()
        shutil.rmtree(self._folder, ignore_errors=True)
