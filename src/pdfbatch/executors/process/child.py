"""A worker as a process: spawned by this process, or forked by the fork server. And how a process ended."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Protocol

from pdfbatch.executors.process import descendants, memory

_PIPE_BYTES = 1 << 20  # what any user may ask for (pipe(7))
_NEAR_THE_LIMIT = 0.8
_REAP_SECONDS = 0.5
_OUT_OF_MEMORY_WORDS = (b"bad_alloc", b"cannot allocate memory", b"out of memory", b"memoryerror")


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchSpec:
    """How to start workers: interpreter, environment, the pickled ``Setup`` that each needs, whether to fork them.

    ``max_result_bytes`` is the length of the longest answer to a task.
    """

    python: str
    environment: dict[str, str]
    setup: bytes
    use_forkserver: bool = False
    max_result_bytes: int = 1 << 30

    def build_command(self, *arguments: str) -> list[str]:
        """Return the command line of a worker, or of the fork server."""
        # Names of files are decoded as they are here: utf8_mode is no part of the environment.
        utf8_mode = f"utf8={sys.flags.utf8_mode}"
        return [self.python, "-P", "-X", utf8_mode, "-m", "pdfbatch.executors.process.worker", *arguments]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitStatus:
    """How a process ended.

    ``code`` is its exit code, negative for a signal as in ``subprocess``, or ``None`` when other code of the host collected
    it first. ``peak_bytes`` is its highest resident memory, 0 when unknown; ``stderr`` the end of what it wrote there.
    """

    code: int | None = None
    peak_bytes: int = 0
    stderr: bytes = b""

    @classmethod
    def from_wait4(cls, status: int, ru_maxrss: int) -> "ExitStatus":
        """Convert what wait4(2) returns."""
        return cls(code=os.waitstatus_to_exitcode(status), peak_bytes=memory.convert_maxrss(ru_maxrss))

    @property
    def description(self) -> str:
        """For messages: ``was killed by SIGSEGV``, ``ended with exit code 3: the last line on stderr``."""
        match self.code:
            case None:
                return "ended"
            case code if code < 0:
                return f"was killed by {_signal_name(-code)}"
            case code:
                return f"ended with exit code {code}" + (f": {self.last_line}" if self.last_line else "")

    @property
    def last_line(self) -> str:
        """The last line on stderr; after an uncaught exception it names that."""
        lines = self.stderr.decode("utf-8", "backslashreplace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def is_out_of_memory(self, limit: int | None) -> bool:
        """Guess whether memory was the reason: the process was killed near its limit, or stderr says so."""
        if limit is not None and self.code is not None and self.code < 0 and self.peak_bytes >= _NEAR_THE_LIMIT * limit:
            return True
        text = self.stderr.lower()
        return self.code != 0 and any(words in text for words in _OUT_OF_MEMORY_WORDS)


class Child(Protocol):
    """A process that leads a session of its own, and the parent's ends of its three pipes, which do not block.

    Frames go through ``commands`` and come through ``answers``, pipes that nothing else knows of: whatever is printed in the
    process goes to ``stderr``. ``needs_setup``: the process waits for a ``Setup`` as its first message. A fork has it from the
    fork server.
    """

    pid: int
    commands: int
    answers: int
    stderr: int
    needs_setup: bool

    def has_exited(self) -> bool:
        """Return whether the process has exited. Where the platform allows, leave it a zombie, so that its id stays taken."""
        ...

    def kill(self) -> None:
        """Kill the process and what it started."""
        ...

    def reap(self) -> ExitStatus:
        """Wait until the process has exited, free its id, and return how it ended."""
        ...

    def close(self) -> None:
        """Close the pipes."""
        ...


def open_pipe(our_ends: ExitStack, their_ends: ExitStack, *, we_write: bool) -> tuple[int, int]:
    """Return our end and the other process's end of a new pipe, and add each to the stack that closes it."""
    reader, writer = os.pipe()
    ours, theirs = (writer, reader) if we_write else (reader, writer)
    our_ends.callback(_close, ours)
    their_ends.callback(_close, theirs)
    return ours, theirs


def open_pidfd() -> int | None:
    """Return a descriptor that becomes readable when this process ends; ``None`` where there are none."""
    try:
        return os.pidfd_open(os.getpid())
    except (AttributeError, OSError):  # not Linux, or a filter of system calls
        return None


def _close(descriptor: int) -> None:
    with suppress(OSError):  # closed by the host, as daemons do with all descriptors
        os.close(descriptor)


class SpawnedChild:
    """A child of this process, started by running the interpreter. Raises ``OSError`` when that cannot be started."""

    needs_setup = True
    pid: int
    commands: int
    answers: int
    stderr: int

    def __init__(self, launch: LaunchSpec, folder: str) -> None:
        with ExitStack() as our_ends, ExitStack() as their_ends:
            self.commands, commands = open_pipe(our_ends, their_ends, we_write=True)
            self.answers, answers = open_pipe(our_ends, their_ends, we_write=False)
            self.stderr, stderr = open_pipe(our_ends, their_ends, we_write=False)
            if (host := open_pidfd()) is not None:
                their_ends.callback(_close, host)
            inherited = [commands, answers] if host is None else [commands, answers, host]
            self._process = process = subprocess.Popen(
                launch.build_command(folder, *map(str, inherited)),
                pass_fds=inherited,
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
                start_new_session=True,
                env={**launch.environment, "TMPDIR": os.path.join(folder, "tmp")},
            )
            self._ends = our_ends.pop_all()
        self.pid = process.pid
        for pipe in (self.commands, self.answers, self.stderr):
            _make_nonblocking(pipe)
        self._status: ExitStatus | None = None
        self._descendants: set[int] = set()

    def has_exited(self) -> bool:
        """Return whether the process has exited."""
        if self._status is not None:
            return True
        if not hasattr(os, "waitid"):  # macOS before Python 3.13
            return self._wait4(os.WNOHANG)
        try:
            # WNOWAIT leaves the zombie: as long as the process id is taken, killpg cannot hit somebody else's processes.
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:  # other code of the host waits for all children, or ignores SIGCHLD
            return self._wait4(os.WNOHANG)

    def reap(self) -> ExitStatus:
        """Wait until the process has exited, and return how it ended."""
        if self._status is None:
            self._wait4(0)
            self._reap_descendants()
        assert self._status is not None
        return self._status

    def kill(self) -> None:
        """Kill the process and what it started: its group, and by descent what has left that."""
        if self._status is None:
            self._descendants.update(descendants.list_descendants(self.pid))
        _kill_group(self.pid)
        descendants.kill(self._descendants)

    def close(self) -> None:
        """Close the pipes."""
        self._ends.close()

    def _reap_descendants(self) -> None:
        """Wait until what was killed with the process has exited.

        Reap it if it becomes a child of this process: the first one of a container.
        """
        deadline = time.monotonic() + _REAP_SECONDS
        is_left = descendants.exists if os.getpid() == 1 else descendants.is_running
        while self._descendants and time.monotonic() < deadline:
            self._descendants = {pid for pid in self._descendants if not descendants.reap(pid) and is_left(pid)}
            time.sleep(0.001 if self._descendants else 0.0)

    def _wait4(self, options: int) -> bool:
        """Reap the process if it has exited, and return whether it has."""
        try:
            pid, status, usage = os.wait4(self.pid, options)
        except ChildProcessError:
            self._status = ExitStatus()
        else:
            if not pid:
                return False
            self._status = ExitStatus.from_wait4(status, usage.ru_maxrss)
        self._process.returncode = self._status.code or 0  # or Popen would wait for the process, too
        return True


class ForkedChild:
    """A child of the fork server. This process watches and kills it; ``reap`` asks the fork server how it ended."""

    needs_setup = False
    pid: int
    commands: int
    answers: int
    stderr: int

    def __init__(self, pid: int, pidfd: int, pipes: tuple[int, int, int], reap: Callable[[], ExitStatus]) -> None:
        self.pid = pid
        self.commands, self.answers, self.stderr = map(_make_nonblocking, pipes)
        self._ask_forkserver = reap
        self._status: ExitStatus | None = None
        self._pidfd = pidfd
        self._poll = select.poll()
        self._poll.register(pidfd, select.POLLIN)

    def has_exited(self) -> bool:
        """Return whether the process has exited."""
        return self._status is not None or bool(self._poll.poll(0))

    def reap(self) -> ExitStatus:
        """Wait until the process has exited, and return how it ended."""
        if self._status is None:
            self._poll.poll()
            self._status = self._ask_forkserver()
        return self._status

    def kill(self) -> None:
        """Kill the process and its group; what has left that becomes a child of the fork server, which kills it."""
        _kill_group(self.pid)

    def close(self) -> None:
        """Close the pipes and the pidfd."""
        for descriptor in (self.commands, self.answers, self.stderr, self._pidfd):
            _close(descriptor)


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # no process left; on macOS only zombies left
        os.killpg(leader, signal.SIGKILL)


def _make_nonblocking(pipe: int) -> int:
    """Return the pipe, which no longer blocks; on Linux enlarged to hold most documents' text, so that workers do not wait."""
    os.set_blocking(pipe, False)
    if sys.platform == "linux":
        import fcntl  # noqa: PLC0415 (not there on Windows)

        with suppress(OSError):  # this user's pipes hold as much memory as allowed
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return pipe


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
