"""The fork server: a process that has loaded what workers need, and forks a worker on request (Linux only).

A fork skips the imports, which are most of what the start of a worker costs. The fork server has one thread and runs no
task, so it is safe to fork. If something that it loads starts threads, it says so and exits, and workers are spawned instead.

Run as ``python -m pdfbatch.executors.process.worker --fork FOLDER CONTROL SETUP HOST``: the pool's folder, a socket, an
unnamed file with the pickled ``Setup``, and the id of the process that uses the workers. The fork server exits when the other
end of the socket is closed, or the host exits.
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

_MAX_MESSAGE_BYTES = 256  # the kind, and two numbers or the name of a folder
_PIPES = 3


class Message(IntEnum):
    """The kinds of messages on the socket: the first byte of each."""

    READY = 1
    THREADED = 2
    FORK = 3
    REAP = 4
    DONE = 5
    REFUSED = 6


MESSAGE = struct.Struct("@Bqq")
"""A kind and two numbers: the process id of a forked worker; the status and ``ru_maxrss`` of a reaped one, as in wait4(2); or
the error number of a refused request.
"""


@dataclass(frozen=True, slots=True)
class ForkedWorker:
    """What a newly forked worker starts with: its folder, a pidfd of the host, and what the fork server loaded."""

    folder: str
    host_pidfd: int
    setup: Setup
    work: Work


def serve(pool_folder: str, control_fd: int, setup_fd: int, host: int) -> ForkedWorker | None:
    """Fork workers on request.

    Returns in each worker, and returns ``None`` in the fork server itself when it is no longer needed.
    """
    control = socket.socket(fileno=control_fd)
    host_pidfd = os.pidfd_open(host)
    if os.getppid() != host:  # it died before the pidfd was opened, and another process may have its id
        return None
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # if the host ignores it, so does this process, and wait4 would fail
    with open(setup_fd, "rb") as file:
        setup: Setup = pickle.load(file)  # noqa: S301 (from our parent)
    restore_pythonpath(setup)
    work = load_work(setup)
    if len(os.listdir("/proc/self/task")) > 1:
        _send(control, Message.THREADED)
        return None
    gc.collect()
    gc.freeze()  # else the garbage collector of each worker would touch, and so copy, the pages that all share
    _send(control, Message.READY)
    name = _fork_on_request(control, host_pidfd)
    if name is None:
        return None
    control.close()
    folder = os.path.join(pool_folder, name)
    os.environ["TMPDIR"] = os.path.join(folder, "tmp")
    tempfile.tempdir = None  # forget the fork server's own
    return ForkedWorker(folder, host_pidfd, setup, work)


def restore_pythonpath(setup: Setup) -> None:
    """Give children of workers the host's own ``PYTHONPATH``; that of the worker itself has the host's whole ``sys.path``."""
    os.environ.pop("PYTHONPATH", None)
    if setup.python_path is not None:
        os.environ["PYTHONPATH"] = setup.python_path


def load_work(setup: Setup) -> Work:
    """Unpickle the work and let it load its libraries."""
    task_log.route_all()
    work: Work = pickle.loads(setup.work)  # noqa: S301 (from our parent)
    with suppress(Exception):  # the first task fails in the same way, and its result says why
        if isinstance(work, SupportsPreload):
            work.load()
    return work


def _fork_on_request(control: socket.socket, host_pidfd: int) -> str | None:
    """Serve requests. Return the worker's name in each worker, ``None`` in the fork server when nobody needs it any more."""
    while True:
        ready, _, _ = select.select([control.fileno(), host_pidfd], [], [])
        if host_pidfd in ready:
            return None
        data, pipes, _, _ = socket.recv_fds(control, _MAX_MESSAGE_BYTES, _PIPES)
        if not data:
            return None
        match Message(data[0]):
            case Message.FORK:
                if _fork(control, pipes):
                    return data[1:].decode("ascii")
            case Message.REAP:
                _reap(control, data)
            case _:
                return None


def _fork(control: socket.socket, pipes: list[int]) -> bool:
    """Fork, and return whether this is the new process; give that a session and standard streams of its own."""
    try:
        pid = os.fork()
    except OSError as error:
        pid, refusal = -1, error.errno or 0
    else:
        refusal = 0
    if pid == 0:
        os.setsid()
        for number, pipe in enumerate(pipes):
            os.dup2(pipe, number)
            os.close(pipe)
        return True
    for pipe in pipes:
        os.close(pipe)
    if pid < 0:
        _send(control, Message.REFUSED, refusal)
    else:
        _send(control, Message.DONE, pid)
    return False


def _reap(control: socket.socket, data: bytes) -> None:
    _, pid, _ = MESSAGE.unpack(data)
    try:
        _, status, usage = os.wait4(pid, 0)
    except ChildProcessError as error:
        _send(control, Message.REFUSED, error.errno or 0)
    else:
        _send(control, Message.DONE, status, usage.ru_maxrss)


def _send(control: socket.socket, message: Message, first: int = 0, second: int = 0) -> None:
    control.send(MESSAGE.pack(message, first, second))
