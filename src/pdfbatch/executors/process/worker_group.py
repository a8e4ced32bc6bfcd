"""The workers of a pool as processes: hired, heard, let go, killed, reaped. Knows nothing of tasks and limits."""

import itertools
import logging
import os
import selectors
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from enum import Enum

from pdfbatch.executors.process.child import Child, LaunchSpec, SpawnedChild
from pdfbatch.executors.process.command_queue import CommandQueue
from pdfbatch.executors.process.failures import Exit
from pdfbatch.executors.process.forkserver_client import ForkClient
from pdfbatch.executors.process.protocol import Kind
from pdfbatch.executors.process.reaper_client import ReaperClient
from pdfbatch.executors.process.worker_handle import WorkerHandle

log = logging.getLogger(__name__)

QUIT_SECONDS = 2.0
REAP_SECONDS = 5.0
POLL_SECONDS = 0.005


class Stream(Enum):
    """Which pipe of a worker has something."""

    FRAMES = 1
    ERRORS = 2
    ROOM = 3


@dataclass(slots=True, eq=False)
class _StoppingWorker:
    worker: WorkerHandle
    kill_at: float
    forget_at: float


class WorkerGroup:
    """The processes of one pool, its temporary folder, its guardian and its fork server. Belongs to one thread.

    ``live`` are the workers that may be given tasks. Those that are leaving are polled by ``reap``. Raises ``OSError`` when
    there is no temporary folder, or guardian or fork server cannot be launched.
    """

    def __init__(self, launch: LaunchSpec, inbox: CommandQueue) -> None:
        self.live: list[WorkerHandle] = []
        self._launch = launch
        self._leavers: list[_StoppingWorker] = []
        self._numbers = itertools.count(1)
        self._folder = tempfile.mkdtemp(prefix="pdfbatch-")
        self._lost_preparation = ""
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, self._folder, ignore_errors=True)
            self._lifeline = ReaperClient(launch.python, self._folder)
            stack.callback(self._lifeline.close)
            self._forks = ForkClient(launch, self._folder) if launch.forks else None
            stack.pop_all()
        self._selector = selectors.DefaultSelector()
        self._selector.register(inbox, selectors.EVENT_READ)
        if self._forks is not None:
            self._lifeline.add(self._forks.pid)
            self._selector.register(self._forks, selectors.EVENT_READ)

    def wait(self, seconds: float | None) -> Iterator[tuple[WorkerHandle, Stream]]:
        """Wait until a pipe has something, or the inbox has, or so long."""
        for key, _ in self._selector.select(seconds):
            if key.fileobj is self._forks and self._forks is not None:
                self._hear_of_forks(self._forks)
            elif key.data is not None:
                worker, stream = key.data
                if worker.present:  # it may have left since
                    yield worker, stream

    # --- beginning ------------------------------------------------------------------------------------------------

    @property
    def preparing(self) -> bool:
        """Whether it is not known yet how workers are started: none is to be hired before."""
        return self._forks is not None and self._forks.starting

    def stop_preparing(self) -> str:
        """Do without a fork server that does not get ready, or did not: how it ended if nobody has heard of that yet."""
        how, self._lost_preparation = self._lost_preparation, ""
        if self._forks is not None and self._forks.starting:
            self._selector.unregister(self._forks)
            self._do_without(self._forks)
        return how

    def hire(self) -> None:
        """Start a worker. Raises ``OSError``."""
        worker = WorkerHandle(os.path.join(self._folder, str(next(self._numbers))), self._launch.setup, self._child)
        self._lifeline.add(worker.pid)
        self._selector.register(worker.stdout, selectors.EVENT_READ, (worker, Stream.FRAMES))
        self._selector.register(worker.stderr, selectors.EVENT_READ, (worker, Stream.ERRORS))
        self.live.append(worker)
        self.flush(worker)

    def _child(self, folder: str) -> Child:
        forked = None if self._forks is None else self._forks.fork(os.path.basename(folder))
        return SpawnedChild(self._launch, folder) if forked is None else forked

    def _hear_of_forks(self, forks: ForkClient) -> None:
        self._selector.unregister(forks)
        if not forks.hear():
            self._lost_preparation = self._do_without(forks).how
        elif not forks.ready:
            self._do_without(forks)

    def _do_without(self, forks: ForkClient) -> Exit:
        self._forks = None
        self._lifeline.remove(forks.pid)
        return forks.end()

    # --- talking --------------------------------------------------------------------------------------------------

    def flush(self, worker: WorkerHandle) -> None:
        """Write what the worker takes now, the rest when it has room."""
        worker.flush()
        if worker.blocked != worker.wants_to_write:
            worker.blocked = worker.wants_to_write
            if worker.blocked:
                self._selector.register(worker.stdin, selectors.EVENT_WRITE, (worker, Stream.ROOM))
            else:
                self._selector.unregister(worker.stdin)

    def hear_errors(self, worker: WorkerHandle) -> None:
        """Keep the end of what a worker writes to stderr."""
        with suppress(BlockingIOError):
            if not worker.read_errors():
                self._selector.unregister(worker.stderr)

    # --- ending ---------------------------------------------------------------------------------------------------

    def dismiss(self, worker: WorkerHandle) -> None:
        """Let a worker without tasks go."""
        if not worker.ready:
            return self.kill(worker)
        worker.say(Kind.QUIT)
        worker.flush()
        return self._leave(worker, QUIT_SECONDS)

    def mourn(self, worker: WorkerHandle) -> None:
        """A worker has closed its end: it has died, or is to."""
        self._leave(worker, 0.5)

    def kill(self, worker: WorkerHandle) -> None:
        """Kill a worker and all that it started."""
        worker.killed = True
        worker.kill()
        self._leave(worker, 0.0)

    def _leave(self, worker: WorkerHandle, seconds: float) -> None:
        self.live.remove(worker)
        worker.present = False
        for pipe in (worker.stdin, worker.stdout, worker.stderr):
            with suppress(KeyError):
                self._selector.unregister(pipe)
        now = time.monotonic()
        self._leavers.append(_StoppingWorker(worker, now + seconds, now + seconds + REAP_SECONDS))

    @property
    def leaving(self) -> bool:
        """Whether some are still on their way out."""
        return bool(self._leavers)

    @property
    def leaving_unready(self) -> int:
        """How many of them went by themselves before they were ready."""
        return sum(not (leaver.worker.ready or leaver.worker.killed) for leaver in self._leavers)

    def reap(self, now: float) -> Iterator[tuple[WorkerHandle, Exit]]:
        """Those that have gone since the last time, and how; to be called again within ``POLL_SECONDS``."""
        for leaver in tuple(self._leavers):
            worker = leaver.worker
            if worker.has_exited():
                yield worker, self._bury(leaver)
            elif now >= leaver.forget_at:
                log.warning("Worker process %d does not die; it is left behind", worker.pid)
                self._leavers.remove(leaver)
                worker.close()
                yield worker, Exit(code=None)
            elif now >= leaver.kill_at:
                worker.kill()

    def _bury(self, leaver: _StoppingWorker) -> Exit:
        self._leavers.remove(leaver)
        leaver.worker.kill()  # what it started and did not wait for
        self._lifeline.remove(leaver.worker.pid)
        return leaver.worker.reap()

    def close(self) -> None:
        """Kill and reap whoever is left, and leave nothing behind."""
        for worker in tuple(self.live):
            self.kill(worker)
        while self._leavers:
            for worker, _ in self.reap(time.monotonic()):
                worker.close()
            time.sleep(POLL_SECONDS)
        if self._forks is not None:
            self._do_without(self._forks)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._lifeline.close()
        self._selector.close()
