"""The fork server: a process that has loaded what workers need, and forks a worker on request (Linux only).

A fork skips the imports, which are most of what the start of a worker costs. The fork server has one thread and runs no
task, so it is safe to fork. If something that it loads starts threads, it says so and exits, and workers are spawned instead.

Run as ``python -m pdfbatch.executors.process.worker --fork FOLDER CONTROL SETUP HOST``: the pool's folder, a socket, an
unnamed file with the pickled ``Setup``, and a pidfd of the process that uses the workers. The fork server exits when the other
end of the socket is closed, or the host exits. It is the subreaper of all that its workers start: what loses its parent becomes
its child, and is killed with the worker, so that nothing outlives the pool.
"""

import gc
import os
import pickle
import select
import signal
import socket
import struct
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum

from pdfbatch import task_log
from pdfbatch.executors.process import descendants
from pdfbatch.executors.process.protocol import Setup
from pdfbatch.ports import SupportsPreload, Work

_MAX_MESSAGE_BYTES = 256  # the kind, and two numbers or the name of a folder
_PIPES = 3
_GRACE_SECONDS = (
    0.8  # for workers whose host has died: longer than they take to finish writing, shorter than the reaper waits
)
_POLL_SECONDS = 0.02
_MAX_KILL_SECONDS = 0.5  # below the time after which the client takes the fork server for hung


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
    """What a newly forked worker starts with: its folder, pipes, a pidfd of the host, and what the fork server loaded."""

    folder: str
    commands: int
    answers: int
    host_pidfd: int
    setup: Setup
    work: Work


def serve(pool_folder: str, control_fd: int, setup_fd: int, host_pidfd: int) -> ForkedWorker | None:
    """Fork workers on request.

    Returns in each worker, and returns ``None`` in the fork server itself when it is no longer needed.
    """
    os.set_inheritable(host_pidfd, False)
    control = socket.socket(fileno=control_fd)
    control.set_inheritable(False)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # if the host ignores it, so does this process, and wait4 would fail
    descendants.adopt_orphans()
    with open(setup_fd, "rb") as file:
        setup: Setup = pickle.load(file)  # noqa: S301 (from our parent)
    restore_pythonpath(setup)
    gc.disable()  # what is loaded stays: to look for garbage among it takes a tenth of the time
    work = load_work(setup)
    if len(os.listdir("/proc/self/task")) > 1:
        _send(control, Message.THREADED)
        return None
    gc.collect()
    gc.enable()
    gc.freeze()  # else the garbage collector of each worker would touch, and so copy, the pages that all share
    _send(control, Message.READY)
    workers: set[int] = set()
    forked = _fork_on_request(control, host_pidfd, workers)
    if forked is None:
        _end_workers(workers, host_pidfd)
        return None
    control.close()
    name, commands, answers = forked
    folder = os.path.join(pool_folder, name)
    os.environ["TMPDIR"] = os.path.join(folder, "tmp")
    tempfile.tempdir = None  # forget the fork server's own
    return ForkedWorker(folder, commands, answers, host_pidfd, setup, work)


def _end_workers(workers: set[int], host_pidfd: int) -> None:
    """Wait for workers whose host has died, then kill what is left."""
    is_host_dead = bool(select.select([host_pidfd], [], [], 0)[0])
    deadline = time.monotonic() + (_GRACE_SECONDS if is_host_dead else 0.0)
    while workers and time.monotonic() < deadline:
        workers -= {pid for pid in workers if descendants.reap(pid)}
        time.sleep(_POLL_SECONDS)
    descendants.kill_children()


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


def _fork_on_request(control: socket.socket, host_pidfd: int, workers: set[int]) -> tuple[str, int, int] | None:
    """Serve requests. Return the worker's name and pipes in each worker, ``None`` when nobody needs the fork server."""
    while True:
        ready, _, _ = select.select([control.fileno(), host_pidfd], [], [])
        if host_pidfd in ready:
            return None
        data, pipes, _, _ = socket.recv_fds(control, _MAX_MESSAGE_BYTES, _PIPES)
        if not data:
            return None
        match Message(data[0]):
            case Message.FORK:
                if (own := _fork(control, pipes, workers)) is not None:
                    return data[1:].decode("ascii"), *own
            case Message.REAP:
                _reap(control, data, workers)
            case _:
                return None


def _fork(control: socket.socket, pipes: Sequence[int], workers: set[int]) -> tuple[int, int] | None:
    """Fork, and return the pipes for frames in the new process, which gets a session and standard streams of its own."""
    try:
        pid = os.fork()
    except OSError as error:
        pid, refusal = -1, error.errno or 0
    else:
        refusal = 0
    if pid == 0:
        return _become_worker(*pipes)
    for pipe in pipes:
        os.close(pipe)
    if pid < 0:
        _send(control, Message.REFUSED, refusal)
        return None
    workers.add(pid)
    # A pidfd means the same process in every namespace of process ids; a number does not.
    try:
        pidfd = os.pidfd_open(pid)
    except OSError as error:
        os.kill(pid, signal.SIGKILL)
        _send(control, Message.REFUSED, error.errno or 0)
        return None
    socket.send_fds(control, [MESSAGE.pack(Message.DONE, pid, 0)], [pidfd])
    os.close(pidfd)
    return None


def _become_worker(commands: int, answers: int, stderr: int) -> tuple[int, int]:
    os.setsid()
    for pipe in (commands, answers):
        os.set_inheritable(pipe, False)
    redirect_streams(stderr)
    os.close(stderr)
    return commands, answers


def redirect_streams(stderr: int) -> None:
    """Let this process and its children read nothing from stdin, and print to one pipe."""
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.dup2(stderr, 1)
    os.dup2(stderr, 2)
    os.close(empty)


def _reap(control: socket.socket, data: bytes, workers: set[int]) -> None:
    _, pid, _ = MESSAGE.unpack(data)
    try:
        _, status, usage = os.wait4(pid, 0)
    except ChildProcessError as error:
        _send(control, Message.REFUSED, error.errno or 0)
        return
    workers.discard(pid)
    # What a dead worker leaves behind is a child of this process; what a living one starts is not.
    descendants.kill_children(keep=workers, seconds=_MAX_KILL_SECONDS)
    _send(control, Message.DONE, status, usage.ru_maxrss)


def _send(control: socket.socket, message: Message, first: int = 0, second: int = 0) -> None:
    control.send(MESSAGE.pack(message, first, second))
