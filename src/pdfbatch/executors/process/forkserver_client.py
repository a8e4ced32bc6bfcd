"""The parent's side of the fork server: start it, have it fork workers, and ask it how they ended."""

import errno
import os
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from functools import partial
from typing import IO

from pdfbatch.common import SafeLogger
from pdfbatch.executors.process.child import Child, ExitStatus, ForkedChild, LaunchSpec, open_pidfd, open_pipe
from pdfbatch.executors.process.forkserver import MESSAGE, Message

log: SafeLogger = SafeLogger(__name__)

_STDERR_BYTES = 4096
_EXIT_SECONDS = 2.0  # to kill what workers left behind; one that hangs gets less
_HUNG_EXIT_SECONDS = 0.5

REPLY_SECONDS = 1.0  # a fork takes milliseconds: a server that needs so long hangs, and is not used again


def can_use_forkserver() -> bool:
    """Return whether a fork server can be used: on Linux, where pidfds let a process watch others that are not its children."""
    return sys.platform == "linux" and hasattr(os, "pidfd_open") and hasattr(os, "memfd_create")


class ForkServerClient:
    """A fork server. For one thread. Raises ``OSError`` when it cannot be launched.

    While it ``is_starting``, it is not known yet whether it will fork; once it ``is_ready``, it forks. When it is neither, it
    does not fork, and workers are to be spawned.
    """

    def __init__(self, launch: LaunchSpec, folder: str) -> None:
        self.is_starting: bool = True
        self.is_ready: bool = False
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(REPLY_SECONDS)
        try:
            with theirs, _unnamed_file(launch.setup) as setup, ExitStack() as stack:
                host = open_pidfd()
                if host is None:
                    raise OSError(errno.ENOSYS, "pidfd_open is not allowed here")
                stack.callback(os.close, host)
                descriptors = theirs.fileno(), setup.fileno(), host
                self._stderr = _unnamed_file(b"")  # not a pipe, which somebody would have to empty
                self._process = subprocess.Popen(
                    launch.build_command("--fork", folder, *map(str, descriptors)),
                    pass_fds=descriptors,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=self._stderr,
                    start_new_session=True,
                    env={**launch.environment, "TMPDIR": folder},
                )
        except BaseException:
            self._control.close()
            raise
        self.pid: int = self._process.pid

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when the server no longer ``is_starting``."""
        return self._control.fileno()

    def finish_start(self) -> bool:
        """Read the server's first message and return whether there was one; see ``is_ready`` for what it said."""
        self.is_starting = False
        message, *_ = self._read_reply()
        self.is_ready = message is Message.READY
        if message is Message.THREADED:
            log.debug("The work starts threads when it is loaded: workers are spawned instead of forked")
        return message is not None

    def fork(self, name: str) -> Child | None:
        """Fork a worker whose folder has this name. Return ``None`` when the fork server has exited or hangs.

        Raises ``OSError`` when the fork fails.
        """
        if not self.is_ready:
            return None
        with ExitStack() as our_ends, ExitStack() as their_ends:
            pipes = [open_pipe(our_ends, their_ends, we_write=number == 0) for number in range(3)]
            ours, theirs = zip(*pipes, strict=True)
            reply, pid, _, pidfd = self._request(bytes([Message.FORK]) + name.encode("ascii"), theirs)
            if reply is Message.REFUSED:
                raise OSError(pid, os.strerror(pid))  # the number is an error number then
            if reply is not Message.DONE:
                return None
            if pidfd is None:  # there was no room for it: the worker finds its pipes closed, and exits
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            child = ForkedChild(_read_pid(pidfd, pid), pidfd, ours, partial(self.reap, pid))
            our_ends.pop_all()  # from here on the child closes them
            return child

    def reap(self, pid: int) -> ExitStatus:
        """Return how a worker that has exited ended. ``pid`` is its number as the fork server knows it."""
        if not self.is_ready:
            return ExitStatus()
        reply, status, ru_maxrss, _ = self._request(MESSAGE.pack(Message.REAP, pid, 0))
        return ExitStatus.from_wait4(status, ru_maxrss) if reply is Message.DONE else ExitStatus()

    def stop(self) -> ExitStatus:
        """Let the server kill what workers left behind and exit, kill it if it does not, and return how it ended."""
        with suppress(OSError):
            self._control.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_EXIT_SECONDS if self.is_ready else _HUNG_EXIT_SECONDS)
        self.is_starting = self.is_ready = False
        self._process.kill()
        code, stderr = self._process.wait(), b""
        with suppress(OSError), self._stderr as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _STDERR_BYTES))
            stderr = file.read()
        return ExitStatus(code=code, stderr=stderr)

    def _request(self, message: bytes, pipes: "tuple[int, ...]" = ()) -> tuple[Message | None, int, int, int | None]:
        try:
            socket.send_fds(self._control, [message], pipes)
        except OSError:  # the fork server has exited, or its socket buffer is full
            self.is_ready = False
            return None, 0, 0, None
        return self._read_reply()

    def _read_reply(self) -> tuple[Message | None, int, int, int | None]:
        """Return the next message, its numbers and its descriptor; ``None`` for the message when the server exited or hangs."""
        try:
            data, descriptors, _, _ = socket.recv_fds(self._control, MESSAGE.size, 1)
        except OSError:
            data, descriptors = b"", []
        if len(data) != MESSAGE.size:
            self.is_ready = False
            return None, 0, 0, None
        kind, first, second = MESSAGE.unpack(data)
        pidfd = descriptors[0] if descriptors else None
        if pidfd is not None:
            os.set_inheritable(pidfd, False)
        return Message(kind), first, second, pidfd


def _read_pid(pidfd: int, number: int) -> int:
    """Return the id that a process has here, which differs from its ``number`` where that is in a namespace of its own."""
    with suppress(OSError, ValueError), open(f"/proc/self/fdinfo/{pidfd}", encoding="ascii") as file:
        here = next((int(line[4:]) for line in file if line.startswith("Pid:")), 0)
        return here if here > 0 else number
    return number


def _unnamed_file(content: bytes) -> IO[bytes]:
    file = os.fdopen(os.memfd_create("pdfbatch"), "r+b")
    file.write(content)
    file.seek(0)
    return file
