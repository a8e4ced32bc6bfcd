"""One worker as its supervisor sees it: a process, three pipes, a temporary folder, and the tasks it was sent."""

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from pdfbatch.executors import memory
from pdfbatch.executors.channel import Frame, Inflow, Kind, Outflow, encode
from pdfbatch.executors.endings import Exit
from pdfbatch.executors.inbox import Job
from pdfbatch.executors.place import Place, PlaceReader

QUICK_SECONDS = 0.1

_TAIL_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How to start a worker: interpreter, environment, and the pickled ``Setup`` that it hears first."""

    python: str
    environment: dict[str, str]
    setup: bytes


class WorkerProcess:
    """A worker process in a session of its own. Belongs to one thread; nothing here blocks.

    ``sent`` are the tasks that it has not answered yet, in the order of sending; ``head_since`` is when it could begin
    with the first of them. ``quick``: its last task took less than ``QUICK_SECONDS``. ``recalled``: it was asked to return
    what it has not begun. ``retiring``: it gets no more tasks. ``blocked``: its pipe is full. ``present``: it is in the crew.
    ``killed``: the crew has killed it, and knows why.
    """

    def __init__(self, launch: Launch, folder: str) -> None:
        self.sent: dict[int, Job] = {}
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
        self._exit: Exit | None = None
        os.makedirs(os.path.join(folder, "tmp"), mode=0o700)
        self._place = PlaceReader(os.path.join(folder, "place"))
        try:
            self._process = _start(launch, folder)
        except BaseException:
            self._remove_files()
            raise
        self.pid = self._process.pid
        self.stdin, self.stdout, self.stderr = (_unblocked(pipe) for pipe in _pipes(self._process))
        self._outflow.put(encode(Kind.SETUP, payload=launch.setup))

    # --- talking --------------------------------------------------------------------------------------------------

    @property
    def wants_to_write(self) -> bool:
        """Whether something waits until the pipe has room."""
        return bool(self._outflow)

    @property
    def is_idle(self) -> bool:
        """Whether it waits for a task."""
        return self.ready and not self.sent and not self.retiring

    def has_room(self, depth: int, now: float) -> bool:
        """Whether it should get a task behind just this many others; nothing is put behind a task that takes long."""
        if len(self.sent) != depth or not self.ready or self.retiring or self.recalled:
            return False
        return depth == 0 or (self.quick and not self.blocked and now - self.head_since < QUICK_SECONDS)

    def give(self, job: Job, payload: bytes, now: float) -> None:
        """Send a task with the next flush."""
        if not self.sent:
            self.head_since = now
        self.sent[job.number] = job
        self.taken += 1
        self._outflow.put(encode(Kind.TASK, job.number, payload))

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

    def place(self) -> Place:
        """Where it is, or was when it died."""
        return self._place.read()

    def resident_bytes(self) -> int | None:
        """Resident memory; ``None`` where that cannot be told."""
        return memory.resident_bytes(self.pid)

    def has_exited(self) -> bool:
        """Whether the process has ended. It stays a zombie, and its number taken, where the platform allows."""
        if self._exit is not None:
            return True
        if not hasattr(os, "waitid"):  # macOS before Python 3.13
            return self._wait(os.WNOHANG)
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:  # somebody else in the host waits for all children, or ignores SIGCHLD
            return self._wait(os.WNOHANG)

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
        self._wait(0)
        assert self._exit is not None
        return self._exit

    def close(self) -> None:
        """Close the pipes and remove its files."""
        for pipe in _pipes(self._process):
            with suppress(OSError):
                pipe.close()
        self._remove_files()

    def _wait(self, options: int) -> bool:
        if self._exit is not None:
            return True
        try:
            pid, status, usage = os.wait4(self.pid, options)
        except ChildProcessError:
            self._ended(None, 0)
            return True
        if pid:
            self._ended(os.waitstatus_to_exitcode(status), memory.peak_bytes(usage.ru_maxrss))
        return bool(pid)

    def _ended(self, code: int | None, peak_bytes: int) -> None:
        self._process.returncode = code or 0  # or Popen would wait for it, too
        peak = peak_bytes if peak_bytes > self._first_peak else 0
        self._exit = Exit(code=code, peak_bytes=peak, errors=self._errors)

    def _remove_files(self) -> None:
        self._place.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _start(launch: Launch, folder: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [launch.python, "-P", "-m", "pdfbatch.executors.worker", os.path.join(folder, "place"), str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        start_new_session=True,
        env={**launch.environment, "TMPDIR": os.path.join(folder, "tmp")},
    )


def _pipes(process: subprocess.Popen[bytes]) -> list[IO[bytes]]:
    return [pipe for pipe in (process.stdin, process.stdout, process.stderr) if pipe is not None]


def _unblocked(pipe: IO[bytes]) -> int:
    os.set_blocking(pipe.fileno(), False)
    return pipe.fileno()
