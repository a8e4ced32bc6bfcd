"""The crew's end of the fork server: starts it, has it fork workers, and asks it how they ended."""

import logging
import os
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from typing import IO

from pdfbatch.executors.process.child import Child, ExitInfo, ForkedChild, LaunchSpec
from pdfbatch.executors.process.failures import Exit
from pdfbatch.executors.process.forkserver import MESSAGE, Message

log = logging.getLogger(__name__)

_TAIL_BYTES = 4096
_LEAVE_SECONDS = 0.5

ANSWER_SECONDS = 1.0  # a fork takes some milliseconds; what takes so long is stuck, and not waited for again


def can_fork() -> bool:
    """Whether there can be a fork server here: on Linux, whose pidfds let us watch processes that are not our children."""
    return sys.platform == "linux" and hasattr(os, "pidfd_open") and hasattr(os, "memfd_create")


class ForkClient:
    """A fork server on its way, there, or gone. Belongs to one thread. Raises ``OSError`` when it cannot be launched.

    ``starting``: it is not known yet whether it will fork. ``ready``: it forks. Neither: it does not; workers are then
    started by themselves.
    """

    def __init__(self, launch: LaunchSpec, folder: str) -> None:
        self.starting, self.ready = True, False
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(ANSWER_SECONDS)
        try:
            with theirs, _unnamed_file(launch.setup) as setup:
                numbers = theirs.fileno(), setup.fileno()
                self._errors = _unnamed_file(b"")  # no pipe: nobody would empty it
                self._process = subprocess.Popen(
                    launch.command("--fork", folder, *map(str, numbers), str(os.getpid())),
                    pass_fds=numbers,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=self._errors,
                    start_new_session=True,
                    env={**launch.environment, "TMPDIR": folder},
                )
        except BaseException:
            self._control.close()
            raise
        self.pid = self._process.pid

    def fileno(self) -> int:
        """What to wait on while it is ``starting``."""
        return self._control.fileno()

    def hear(self) -> bool:
        """Take its first word; whether there was one. It may be that it is not going to fork."""
        self.starting = False
        word, _, _ = self._answer()
        self.ready = word is Message.READY
        if word is Message.THREADED:
            log.debug("What workers load has threads of its own: they are started by themselves instead of forked")
        return word is not None

    def fork(self, name: str) -> Child | None:
        """A new worker, whose folder has this name; ``None`` when the fork server is gone or stuck.

        Raises ``OSError`` when it cannot fork.
        """
        if not self.ready:
            return None
        with ExitStack() as mine, ExitStack() as its:
            pipes = [_pipe(mine, its, we_write=number == 0) for number in range(3)]
            ours, theirs = zip(*pipes, strict=True)
            word, pid, _ = self._asked(bytes([Message.FORK]) + name.encode("ascii"), theirs)
            if word is Message.REFUSED:
                raise OSError(pid, os.strerror(pid))
            if word is not Message.DONE:
                return None
            child = ForkedChild(pid, ours, self)
            mine.pop_all()
            return child

    def reap(self, pid: int) -> ExitInfo:
        """How a worker that has exited ended."""
        word, status, ru_maxrss = self._asked(MESSAGE.pack(Message.REAP, pid, 0)) if self.ready else (None, 0, 0)
        return ExitInfo.of(status, ru_maxrss) if word is Message.DONE else ExitInfo()

    def end(self) -> Exit:
        """ExitInfo it, unless it is about to do so by itself, and say how it ended."""
        self._control.close()
        if not self.ready:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_LEAVE_SECONDS)
        self.starting = self.ready = False
        self._process.kill()
        with self._errors:
            code = self._process.wait()
            return Exit(code=code, errors=_tail(self._errors))

    def _asked(self, message: bytes, pipes: "tuple[int, ...]" = ()) -> tuple[Message | None, int, int]:
        try:
            socket.send_fds(self._control, [message], pipes)
        except OSError:  # it is gone, or stuck with its ears full
            self.ready = False
            return None, 0, 0
        return self._answer()

    def _answer(self) -> tuple[Message | None, int, int]:
        """What it says, with ``None`` for the word when it is gone or stuck."""
        try:
            data = self._control.recv(MESSAGE.size)
        except OSError:
            data = b""
        if len(data) != MESSAGE.size:
            self.ready = False
            return None, 0, 0
        word, first, second = MESSAGE.unpack(data)
        return Message(word), first, second


def _pipe(mine: ExitStack, its: ExitStack, *, we_write: bool) -> tuple[int, int]:
    """Our end of a new pipe and the worker's, each closed by its stack."""
    reads, writes = os.pipe()
    ours, theirs = (writes, reads) if we_write else (reads, writes)
    mine.callback(os.close, ours)
    its.callback(os.close, theirs)
    return ours, theirs


def _unnamed_file(content: bytes) -> IO[bytes]:
    file = os.fdopen(os.memfd_create("pdfbatch"), "r+b")
    file.write(content)
    file.seek(0)
    return file


def _tail(file: IO[bytes]) -> bytes:
    file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
    return file.read()
