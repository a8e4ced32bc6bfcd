"""The processes of a pool: start them, wait for their messages, stop, kill and reap them. Knows nothing of tasks and limits."""

import itertools
import os
import selectors
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from enum import Enum

from pdfbatch.common import SafeLogger
from pdfbatch.executors.process.child import Child, ExitStatus, LaunchSpec, SpawnedChild
from pdfbatch.executors.process.command_queue import CommandQueue
from pdfbatch.executors.process.folders import remove_folder
from pdfbatch.executors.process.forkserver_client import ForkServerClient
from pdfbatch.executors.process.protocol import FrameKind
from pdfbatch.executors.process.reaper_client import ReaperClient
from pdfbatch.executors.process.worker_handle import WorkerHandle

log: SafeLogger = SafeLogger(__name__)

QUIT_SECONDS = 2.0  # from asking a worker to quit, to killing it
EXIT_SECONDS = 0.5  # from the end of a worker's pipe, to killing it
REAP_SECONDS = 3.0  # from killing a worker, to giving up on it
POLL_SECONDS = 0.005


class Stream(Enum):
    """Which pipe of a worker is ready: one of two to read from, or the one to write to."""

    ANSWERS = 1
    STDERR = 2
    COMMANDS = 3


@dataclass(slots=True, eq=False)
class _StoppingWorker:
    worker: WorkerHandle
    kill_at: float
    forget_at: float


class WorkerGroup:
    """The processes of one pool, its temporary folder, its reaper and its fork server. For one thread.

    ``workers`` are those that may be given tasks, ``folder`` is the temporary folder. A worker that was stopped, killed or lost
    leaves the list at once, and is polled by ``reap`` until it has exited. Where no fork server can be launched, workers are
    spawned. Raises ``OSError`` when the temporary folder or the reaper cannot be created.
    """

    def __init__(self, launch: LaunchSpec, commands: CommandQueue) -> None:
        self.workers: list[WorkerHandle] = []
        self._launch = launch
        self._stopping: list[_StoppingWorker] = []
        self._names = itertools.count(1)
        self.folder: str = tempfile.mkdtemp(prefix="pdfbatch-")
        self._forkserver_failure = ""
        with ExitStack() as stack:
            stack.callback(remove_folder, self.folder)
            self._reaper = ReaperClient(launch.python, self.folder)
            stack.callback(self._reaper.close)
            self._forkserver = self._launch_forkserver() if launch.use_forkserver else None
            stack.pop_all()
        self._selector = selectors.DefaultSelector()
        self._selector.register(commands, selectors.EVENT_READ)
        if self._forkserver is not None:
            self._reaper.add(self._forkserver.pid)
            self._selector.register(self._forkserver, selectors.EVENT_READ)

    def wait(self, seconds: float | None) -> Iterator[tuple[WorkerHandle, Stream]]:
        """Wait for a ready pipe, a command or the fork server, at most so many seconds. Yield the ready pipes."""
        for key, _ in self._selector.select(seconds):
            if key.fileobj is self._forkserver and self._forkserver is not None:
                self._finish_forkserver_start(self._forkserver)
            elif key.data is not None:
                worker, stream = key.data
                if worker.is_listed:  # an earlier event of this loop may have removed it
                    yield worker, stream

    def _launch_forkserver(self) -> ForkServerClient | None:
        try:
            return ForkServerClient(self._launch, self.folder)
        except OSError as error:  # a filter of system calls, no room for descriptors
            log.debug("No fork server can be launched, so workers are spawned: %s", error)
            return None

    # --- starting -------------------------------------------------------------------------------------------------

    @property
    def is_forkserver_starting(self) -> bool:
        """Whether it is still open if workers are forked or spawned. None is to be started before that is known."""
        return self._forkserver is not None and self._forkserver.is_starting

    def take_forkserver_failure(self) -> str:
        """Return how the fork server ended if it did so before it was ready, but only once; else an empty string."""
        failure, self._forkserver_failure = self._forkserver_failure, ""
        return failure

    def start_worker(self) -> None:
        """Start a worker. Raises ``OSError``."""
        folder = os.path.join(self.folder, str(next(self._names)))
        worker = WorkerHandle(
            folder, self._launch.setup, self._start_child, max_result_bytes=self._launch.max_result_bytes
        )
        self._reaper.add(worker.pid)
        self._selector.register(worker.answers, selectors.EVENT_READ, (worker, Stream.ANSWERS))
        self._selector.register(worker.stderr, selectors.EVENT_READ, (worker, Stream.STDERR))
        self.workers.append(worker)
        self.flush(worker)

    def _start_child(self, folder: str) -> Child:
        forked = None if self._forkserver is None else self._forkserver.fork(os.path.basename(folder))
        return SpawnedChild(self._launch, folder) if forked is None else forked

    def _finish_forkserver_start(self, forkserver: ForkServerClient) -> None:
        self._selector.unregister(forkserver)
        if not forkserver.finish_start():
            self._forkserver_failure = self._stop_forkserver(forkserver).description
            log.debug("The fork server %s, so workers are spawned", self._forkserver_failure)
        elif not forkserver.is_ready:
            self._stop_forkserver(forkserver)

    def _stop_forkserver(self, forkserver: ForkServerClient) -> ExitStatus:
        self._forkserver = None
        self._reaper.remove(forkserver.pid)
        return forkserver.stop()

    # --- messages -------------------------------------------------------------------------------------------------

    def flush(self, worker: WorkerHandle) -> None:
        """Write what the worker's pipe takes now, and have ``wait`` report when it has room for the rest."""
        worker.flush()
        if worker.is_blocked != worker.has_unsent_data:
            worker.is_blocked = worker.has_unsent_data
            if worker.is_blocked:
                self._selector.register(worker.commands, selectors.EVENT_WRITE, (worker, Stream.COMMANDS))
            else:
                self._selector.unregister(worker.commands)

    def read_stderr(self, worker: WorkerHandle) -> None:
        """Read what a worker has written to stderr."""
        with suppress(BlockingIOError):
            if not worker.read_stderr():
                self._selector.unregister(worker.stderr)

    # --- stopping -------------------------------------------------------------------------------------------------

    def stop_worker(self, worker: WorkerHandle) -> None:
        """Ask a worker without tasks to exit; kill it if it is not ready, as it would not read that yet."""
        if not worker.is_ready:
            self.kill(worker)
            return
        worker.send(FrameKind.QUIT)
        worker.flush()
        self._remove(worker, QUIT_SECONDS)

    def on_pipe_closed(self, worker: WorkerHandle) -> None:
        """Remove a worker that closed its pipe: it has exited or is about to."""
        self._remove(worker, EXIT_SECONDS)

    def kill(self, worker: WorkerHandle) -> None:
        """Kill a worker and all that it started."""
        worker.is_killed = True
        worker.kill()
        self._remove(worker, 0.0)

    def _remove(self, worker: WorkerHandle, seconds: float) -> None:
        """Remove a worker from the list, and kill it if it has not exited after so many seconds."""
        self.workers.remove(worker)
        worker.is_listed = False
        for pipe in (worker.commands, worker.answers, worker.stderr):
            with suppress(KeyError, ValueError, OSError):
                self._selector.unregister(pipe)
        kill_at = time.monotonic() + seconds
        self._stopping.append(_StoppingWorker(worker, kill_at, kill_at + REAP_SECONDS))

    @property
    def is_stopping(self) -> bool:
        """Whether some workers were removed and have not exited yet."""
        return bool(self._stopping)

    @property
    def failing_starts(self) -> int:
        """Number of workers that closed their pipe before they were ready, and have not exited yet."""
        return sum(not (stopping.worker.is_ready or stopping.worker.is_killed) for stopping in self._stopping)

    def reap(self, now: float) -> Iterator[tuple[WorkerHandle, ExitStatus]]:
        """Yield the workers that have exited since the last call. Call it every ``POLL_SECONDS`` while ``is_stopping``."""
        for stopping in tuple(self._stopping):
            worker = stopping.worker
            if worker.has_exited():
                self._stopping.remove(stopping)
                worker.kill()  # processes that it started and left behind; must come before reap frees its number
                self._reaper.remove(worker.pid)
                yield worker, worker.reap()
            elif now >= stopping.forget_at:
                log.warning("Worker process %d does not exit, although it was killed; it is left behind", worker.pid)
                self._stopping.remove(stopping)
                worker.close()
                yield worker, ExitStatus()
            elif now >= stopping.kill_at:
                worker.kill()

    def close(self) -> None:
        """Kill and reap all workers, and remove all files: each step even if another fails, as descriptors may be gone."""
        with ExitStack() as steps:
            steps.callback(self._selector.close)
            steps.callback(self._reaper.close)
            steps.callback(remove_folder, self.folder)
            steps.callback(self._close_forkserver)
            for worker in tuple(self.workers):
                self.kill(worker)
            while self._stopping:
                for worker, _ in self.reap(time.monotonic()):
                    worker.close()
                time.sleep(POLL_SECONDS)

    def _close_forkserver(self) -> None:
        if self._forkserver is not None:
            self._stop_forkserver(self._forkserver)
