"""The fork server: a process that has loaded what workers need, and forks one whenever the crew asks for it (Linux).

A worker that is started by itself spends a seventh of a second of CPU on imports; a fork of one that has them is there
in some milliseconds. The fork server has one thread and does no task, so that its forks are safe: when something that it
loaded has started threads, it says so and ends, and workers are started by themselves.

Run as ``python -m pdfbatch.executors.process.worker --fork FOLDER CONTROL SETUP HOST``: the folder of the pool, a socket, an
unnamed file with the pickled ``Setup``, and the process that all this is for. It ends when the other end of the socket is
closed, or the host dies.
"""

import gc
import os
import pickle
import select
import signal
import socket
import struct
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum

from pdfbatch import task_log
from pdfbatch.executors.process.protocol import Setup
from pdfbatch.ports import SupportsPreload, Work

_MOST_BYTES = 256  # of a message: a word, and two numbers or the name of a folder
_PIPES = 3


class Message(IntEnum):
    """What the two sides say: the first byte of a message."""

    READY = 1
    THREADED = 2
    FORK = 3
    REAP = 4
    DONE = 5
    REFUSED = 6


MESSAGE = struct.Struct("@Bqq")
"""A word and two numbers: of a forked process its number; of a reaped one its status and most resident memory, as wait4(2)
gives them; of a refusal the error number.
"""


@dataclass(frozen=True, slots=True)
class ForkedWorker:
    """What a worker that has just been forked needs: its folder, the host's end, and what was loaded for it."""

    folder: str
    host: int
    setup: Setup
    work: Work


def serve(pool_folder: str, control_fd: int, setup_fd: int, host: int) -> ForkedWorker | None:
    """Fork until nobody needs it any more. Returns in each worker, and in the fork server itself (``None``) at its end."""
    control = socket.socket(fileno=control_fd)
    end = os.pidfd_open(host)
    if os.getppid() != host:
        return None
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # a host that ignores it has told us to, too
    with open(setup_fd, "rb") as file:
        setup: Setup = pickle.load(file)  # noqa: S301 (from our parent)
    restore(setup)
    work = loaded(setup)
    if len(os.listdir("/proc/self/task")) > 1:
        _say(control, Message.THREADED)
        return None
    gc.collect()
    gc.freeze()  # what is there now stays: the collector of a worker need not touch, and so copy, its pages
    _say(control, Message.READY)
    name = _forks(control, end)
    if name is None:
        return None
    control.close()
    folder = os.path.join(pool_folder, name)
    os.environ["TMPDIR"] = os.path.join(folder, "tmp")
    tempfile.tempdir = None
    return ForkedWorker(folder, end, setup, work)


def restore(setup: Setup) -> None:
    """Give the worker's children the host's own ``PYTHONPATH``: ours was only meant for this process."""
    os.environ.pop("PYTHONPATH", None)
    if setup.python_path is not None:
        os.environ["PYTHONPATH"] = setup.python_path


def loaded(setup: Setup) -> Work:
    """The work, with the libraries that it wants beforehand."""
    task_log.route_all()
    work: Work = pickle.loads(setup.work)  # noqa: S301 (from our parent)
    with suppress(Exception):  # the first task then meets it, and says what it is
        if isinstance(work, SupportsPreload):
            work.load()
    return work


def _forks(control: socket.socket, end: int) -> str | None:
    """The name of the worker in each of them, ``None`` in the fork server when it is no longer needed."""
    while True:
        ready, _, _ = select.select([control.fileno(), end], [], [])
        if end in ready:
            return None
        data, pipes, _, _ = socket.recv_fds(control, _MOST_BYTES, _PIPES)
        if not data:
            return None
        match Message(data[0]):
            case Message.FORK:
                if _forked(control, pipes):
                    _settle_in(pipes)
                    return data[1:].decode("ascii")
            case Message.REAP:
                _reap(control, data)
            case _:
                return None


def _forked(control: socket.socket, pipes: list[int]) -> bool:
    """Fork; whether this is the new process."""
    try:
        pid = os.fork()
    except OSError as error:
        pid, refusal = -1, error.errno or 0
    else:
        refusal = 0
    if pid == 0:
        return True
    for pipe in pipes:
        os.close(pipe)
    if pid < 0:
        _say(control, Message.REFUSED, refusal)
    else:
        _say(control, Message.DONE, pid)
    return False


def _settle_in(pipes: list[int]) -> None:
    """A session and standard streams of its own."""
    os.setsid()
    for number, pipe in enumerate(pipes):
        os.dup2(pipe, number)
        os.close(pipe)


def _reap(control: socket.socket, data: bytes) -> None:
    _, pid, _ = MESSAGE.unpack(data)
    try:
        _, status, usage = os.wait4(pid, 0)
    except ChildProcessError as error:
        _say(control, Message.REFUSED, error.errno or 0)
    else:
        _say(control, Message.DONE, status, usage.ru_maxrss)


def _say(control: socket.socket, word: Message, first: int = 0, second: int = 0) -> None:
    control.send(MESSAGE.pack(word, first, second))
