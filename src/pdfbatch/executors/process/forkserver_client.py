"""The parent's side of the fork server: start it, have it fork workers, and ask it how they ended."""

import logging
import os
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from typing import IO

from pdfbatch.executors.process.child import Child, ExitStatus, ForkedChild, LaunchSpec
from pdfbatch.executors.process.forkserver import MESSAGE, Message

log: logging.Logger = logging.getLogger(__name__)

_STDERR_BYTES = 4096
_EXIT_SECONDS = 0.5

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
            with theirs, _unnamed_file(launch.setup) as setup:
                descriptors = theirs.fileno(), setup.fileno()
                self._stderr = _unnamed_file(b"")  # not a pipe, which somebody would have to empty
                self._process = subprocess.Popen(
                    launch.build_command("--fork", folder, *map(str, descriptors), str(os.getpid())),
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
        message, _, _ = self._read_reply()
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
            pipes = [_open_pipe(our_ends, their_ends, we_write=number == 0) for number in range(3)]
            ours, theirs = zip(*pipes, strict=True)
            reply, pid, _ = self._request(bytes([Message.FORK]) + name.encode("ascii"), theirs)
            if reply is Message.REFUSED:
                raise OSError(pid, os.strerror(pid))  # the number is an error number then
            if reply is not Message.DONE:
                return None
            child = ForkedChild(pid, ours, self.reap)
            our_ends.pop_all()  # from here on the child closes them
            return child

    def reap(self, pid: int) -> ExitStatus:
        """Return how a worker that has exited ended."""
        reply, status, ru_maxrss = self._request(MESSAGE.pack(Message.REAP, pid, 0)) if self.is_ready else (None, 0, 0)
        return ExitStatus.from_wait4(status, ru_maxrss) if reply is Message.DONE else ExitStatus()

    def stop(self) -> ExitStatus:
        """Kill the server, unless it is about to exit by itself, and return how it ended."""
        self._control.close()
        if not self.is_ready:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_EXIT_SECONDS)
        self.is_starting = self.is_ready = False
        self._process.kill()
        with self._stderr as file:
            code = self._process.wait()
            file.seek(max(0, file.seek(0, os.SEEK_END) - _STDERR_BYTES))
            return ExitStatus(code=code, stderr=file.read())

    def _request(self, message: bytes, pipes: "tuple[int, ...]" = ()) -> tuple[Message | None, int, int]:
        try:
            socket.send_fds(self._control, [message], pipes)
        except OSError:  # the fork server has exited, or its socket buffer is full
            self.is_ready = False
            return None, 0, 0
        return self._read_reply()

    def _read_reply(self) -> tuple[Message | None, int, int]:
        """Return the next message and its numbers, with ``None`` for the message when the server has exited or hangs."""
        try:
            data = self._control.recv(MESSAGE.size)
        except OSError:
            data = b""
        if len(data) != MESSAGE.size:
            self.is_ready = False
            return None, 0, 0
        kind, first, second = MESSAGE.unpack(data)
        return Message(kind), first, second


def _open_pipe(our_ends: ExitStack, their_ends: ExitStack, *, we_write: bool) -> tuple[int, int]:
    """Return our end and the worker's end of a new pipe, and add each to the stack that closes it."""
    reader, writer = os.pipe()
    ours, theirs = (writer, reader) if we_write else (reader, writer)
    our_ends.callback(os.close, ours)
    their_ends.callback(os.close, theirs)
    return ours, theirs


def _unnamed_file(content: bytes) -> IO[bytes]:
    file = os.fdopen(os.memfd_create("pdfbatch"), "r+b")
    file.write(content)
    file.seek(0)
    return file
