"""A worker as a process: spawned by this process, or forked by the fork server. And how a process ended."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Protocol

from pdfbatch.executors.process import memory

_PIPE_BYTES = 1 << 20  # what any user may ask for (pipe(7))
_NEAR_THE_LIMIT = 0.8
_OUT_OF_MEMORY_WORDS = (b"bad_alloc", b"cannot allocate memory", b"out of memory", b"memoryerror")


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchSpec:
    """How to start workers: interpreter, environment, the pickled ``Setup`` that each needs, and whether to fork them."""

    python: str
    environment: dict[str, str]
    setup: bytes
    use_forkserver: bool = False

    def build_command(self, *arguments: str) -> list[str]:
        """Return the command line of a worker, or of the fork server."""
        return [self.python, "-P", "-m", "pdfbatch.executors.process.worker", *arguments]


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

    ``needs_setup``: the process waits for a ``Setup`` as its first message. A fork has it from the fork server.
    """

    pid: int
    stdin: int
    stdout: int
    stderr: int
    needs_setup: bool

    def has_exited(self) -> bool:
        """Return whether the process has exited. Where the platform allows, leave it a zombie, so that its id stays taken."""
        ...

    def reap(self) -> ExitStatus:
        """Wait until the process has exited, free its id, and return how it ended."""
        ...

    def close(self) -> None:
        """Close the pipes."""
        ...


class SpawnedChild:
    """A child of this process, started by running the interpreter. Raises ``OSError`` when that cannot be started."""

    needs_setup = True

    def __init__(self, launch: LaunchSpec, folder: str) -> None:
        self._process = process = subprocess.Popen(
            launch.build_command(folder, str(os.getpid())),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
            env={**launch.environment, "TMPDIR": os.path.join(folder, "tmp")},
        )
        pipes: tuple[IO[bytes] | None, ...] = (process.stdin, process.stdout, process.stderr)
        self._pipes = [pipe for pipe in pipes if pipe is not None]
        self.pid: int = process.pid
        self.stdin: int
        self.stdout: int
        self.stderr: int
        self.stdin, self.stdout, self.stderr = (_make_nonblocking(pipe.fileno()) for pipe in self._pipes)
        self._status: ExitStatus | None = None

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
        assert self._status is not None
        return self._status

    def close(self) -> None:
        """Close the pipes."""
        for pipe in self._pipes:
            with suppress(OSError):
                pipe.close()

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

    def __init__(self, pid: int, pipes: tuple[int, int, int], reap: Callable[[int], ExitStatus]) -> None:
        self.pid = pid
        self.stdin: int
        self.stdout: int
        self.stderr: int
        self.stdin, self.stdout, self.stderr = map(_make_nonblocking, pipes)
        self._ask_forkserver = reap
        self._status: ExitStatus | None = None
        self._poll = select.poll()
        try:
            self._pidfd: int | None = os.pidfd_open(pid)
        except ProcessLookupError:  # the fork server has exited, and this process too, reaped by init
            self._pidfd, self._status = None, ExitStatus()
        else:
            self._poll.register(self._pidfd, select.POLLIN)

    def has_exited(self) -> bool:
        """Return whether the process has exited."""
        return self._status is not None or bool(self._poll.poll(0))

    def reap(self) -> ExitStatus:
        """Wait until the process has exited, and return how it ended."""
        if self._status is None:
            self._poll.poll()
            self._status = self._ask_forkserver(self.pid)
        return self._status

    def close(self) -> None:
        """Close the pipes and the pidfd."""
        for descriptor in (self.stdin, self.stdout, self.stderr, self._pidfd):
            if descriptor is not None:
                os.close(descriptor)


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
