"""A worker as a process: one that was started by itself, or one that the fork server has forked."""

import os
import select
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Protocol

from pdfbatch.executors.process import memory

_ROOM_BYTES = 1 << 20  # what any user may ask for (pipe(7))


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchSpec:
    """How to start workers: interpreter, environment, the pickled ``Setup`` that each needs, and whether to fork them."""

    python: str
    environment: dict[str, str]
    setup: bytes
    forks: bool = False

    def command(self, *arguments: str) -> list[str]:
        """The command line of a worker, or of the fork server."""
        return [self.python, "-P", "-m", "pdfbatch.executors.process.worker", *arguments]


@dataclass(frozen=True, slots=True)
class ExitInfo:
    """How a process ended: its exit code as in ``subprocess``, ``None`` when somebody else took it, and its most resident
    memory, 0 when unknown.
    """

    code: int | None = None
    peak_bytes: int = 0

    @classmethod
    def of(cls, status: int, ru_maxrss: int) -> "ExitInfo":
        """From what wait4(2) gives."""
        return cls(os.waitstatus_to_exitcode(status), memory.peak_bytes(ru_maxrss))


class Child(Protocol):
    """A process that leads a session of its own, and our ends of its pipes, which do not block."""

    pid: int
    stdin: int
    stdout: int
    stderr: int
    needs_setup: bool

    def has_exited(self) -> bool:
        """Whether it has ended. It stays a zombie, and its number taken, where the platform allows."""
        ...

    def reap(self) -> ExitInfo:
        """How it ended; waits for that, and frees its number."""
        ...

    def close(self) -> None:
        """Close the pipes."""
        ...


class SpawnedChild:
    """A process of its own from the beginning. Raises ``OSError`` when it cannot be started."""

    needs_setup = True

    def __init__(self, launch: LaunchSpec, folder: str) -> None:
        self._process = subprocess.Popen(
            launch.command(folder, str(os.getpid())),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
            env={**launch.environment, "TMPDIR": os.path.join(folder, "tmp")},
        )
        self.pid = self._process.pid
        self.stdin, self.stdout, self.stderr = (_unblocked(pipe.fileno()) for pipe in self._pipes())
        self._end: ExitInfo | None = None

    def has_exited(self) -> bool:
        """As ``Child`` promises."""
        if self._end is not None:
            return True
        if not hasattr(os, "waitid"):  # macOS before Python 3.13
            return self._wait(os.WNOHANG)
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:  # somebody else in the host waits for all children, or ignores SIGCHLD
            return self._wait(os.WNOHANG)

    def reap(self) -> ExitInfo:
        """As ``Child`` promises."""
        self._wait(0)
        assert self._end is not None
        return self._end

    def close(self) -> None:
        """As ``Child`` promises."""
        for pipe in self._pipes():
            with suppress(OSError):
                pipe.close()

    def _wait(self, options: int) -> bool:
        if self._end is not None:
            return True
        try:
            pid, status, usage = os.wait4(self.pid, options)
        except ChildProcessError:
            pid, self._end = self.pid, ExitInfo()
        else:
            self._end = ExitInfo.of(status, usage.ru_maxrss) if pid else None
        if self._end is not None:
            self._process.returncode = self._end.code or 0  # or Popen would wait for it, too
        return bool(pid)

    def _pipes(self) -> list[IO[bytes]]:
        process = self._process
        return [pipe for pipe in (process.stdin, process.stdout, process.stderr) if pipe is not None]


class Reaper(Protocol):
    """Whoever may wait for a process that is not our own child."""

    def reap(self, pid: int) -> ExitInfo:
        """How a process that has exited ended."""
        ...


class ForkedChild:
    """A child of the fork server: ours to watch and to kill, the fork server's (``reaper``) to wait for."""

    needs_setup = False

    def __init__(self, pid: int, pipes: tuple[int, int, int], reaper: Reaper) -> None:
        self.pid = pid
        self.stdin, self.stdout, self.stderr = map(_unblocked, pipes)
        self._reaper = reaper
        self._end: ExitInfo | None = None
        self._watched = select.poll()
        try:
            self._pidfd: int | None = os.pidfd_open(pid)
        except ProcessLookupError:  # the fork server is gone, and so is this one, reaped by others
            self._pidfd, self._end = None, ExitInfo()
        else:
            self._watched.register(self._pidfd, select.POLLIN)

    def has_exited(self) -> bool:
        """As ``Child`` promises."""
        return self._end is not None or bool(self._watched.poll(0))

    def reap(self) -> ExitInfo:
        """As ``Child`` promises."""
        if self._end is None:
            self._watched.poll()
            self._end = self._reaper.reap(self.pid)
        return self._end

    def close(self) -> None:
        """As ``Child`` promises."""
        for pipe in (self.stdin, self.stdout, self.stderr, self._pidfd):
            if pipe is not None:
                os.close(pipe)


def _unblocked(pipe: int) -> int:
    """The pipe, made not to block; on Linux with room for the text of a document, so that a worker need not wait for us."""
    os.set_blocking(pipe, False)
    if sys.platform == "linux":
        import fcntl  # noqa: PLC0415 (not there on Windows)

        with suppress(OSError):  # this user's pipes have too much room already
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _ROOM_BYTES)
    return pipe
