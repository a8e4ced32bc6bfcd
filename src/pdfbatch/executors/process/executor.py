"""Tasks in worker processes of our own: the default, and the only executor that can stop a document that hangs.

Workers are plain child processes (``python -m pdfbatch.executors.process.worker``) or forks of one that is kept for that and
has no threads: so this works in scripts without a ``__main__`` guard, notebooks, threads, event loops and daemonic processes.
"""

import os
import pickle
import sys
import sysconfig
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from io import BytesIO
from types import FunctionType
from typing import Any, Literal

from pdfbatch.errors import PoolStartError, UsageError
from pdfbatch.executors.cpus import available_cpus, check_workers
from pdfbatch.executors.pool import PoolContext
from pdfbatch.executors.process.child import LaunchSpec
from pdfbatch.executors.process.command_queue import Command, CommandQueue
from pdfbatch.executors.process.forkserver_client import can_fork
from pdfbatch.executors.process.protocol import PICKLE_PROTOCOL, Setup
from pdfbatch.executors.process.supervisor import PoolTerms, Supervisor
from pdfbatch.ports import Pool, Shared, Work
from pdfbatch.tasks import Task, TaskResult

StartMethod = Literal["forkserver", "spawn"]


@dataclass(frozen=True, slots=True)
class ProcessExecutor:
    """Does tasks in ``workers`` processes; one for each core that this process may use when not given.

    A worker that hangs past the work's limits, holds more memory than they allow, or dies, costs the task that it was on,
    whose result says why; another takes its place. Each worker has a session and a ``TMPDIR`` of its own: what it started is
    killed with it, and its temporary files are removed. When this process dies, by whatever signal, its workers die too.

    A worker is replaced after ``tasks_per_worker`` tasks, or when it holds more than ``recycle_bytes`` of resident memory
    after one (``None``: never for that).

    ``start_method``, in the words of ``multiprocessing``: ``"forkserver"``, the default on Linux, forks workers from a process
    that has loaded what they need, which takes some milliseconds; ``"spawn"``, the default elsewhere, starts each by itself,
    which takes a fifth of a second. Work that starts threads when it is unpickled is spawned either way. ``python`` is the
    interpreter of the workers, of the same version as this one; modules are found along this process's ``sys.path``. Children
    of workers see ``OMP_THREAD_LIMIT=1`` unless it is set.

    The memory limit is enforced by sampling ten times a second and, against faster growth, by RLIMIT_DATA; on Linux only.
    Callbacks of the futures run in the thread that supervises the workers, and must not block. Not for Windows.

    Raises ``UsageError`` when ``workers`` or ``tasks_per_worker`` is below 1.
    """

    workers: int | None = None
    tasks_per_worker: int = 10_000
    recycle_bytes: int | None = 512 << 20
    start_method: StartMethod | None = None
    python: str | None = None

    name = "process"
    kills = True
    shares = Shared.FILES
    starts_in_any_thread = True

    def __post_init__(self) -> None:
        check_workers(self, self.workers)
        if self.tasks_per_worker < 1:
            raise UsageError(f"ProcessExecutor(tasks_per_worker={self.tasks_per_worker}): give at least 1 task")

    def start(self, work: Work) -> Pool:
        """A pool whose first worker is ready; more are started when there are tasks for them.

        Raises ``PoolStartError`` when no worker can be started (or not by this ``start_method``), or ``work`` cannot be sent.
        """
        setup = Setup(python_path=os.environ.get("PYTHONPATH"), recycle_bytes=self.recycle_bytes, work=_pickled(work))
        launch = LaunchSpec(
            python=self._interpreter(),
            environment=_environment(),
            setup=pickle.dumps(setup, PICKLE_PROTOCOL),
            forks=self._forks(),
        )
        workers = self.workers or available_cpus()
        terms = PoolTerms(launch=launch, limits=work.limits, workers=workers, tasks_per_worker=self.tasks_per_worker)
        return _ProcessPool(terms)

    def _forks(self) -> bool:
        if self.start_method == "forkserver" and not can_fork():
            raise PoolStartError('ProcessExecutor(start_method="forkserver") needs Linux; use "spawn" here')
        return self.start_method != "spawn" and can_fork()

    def _interpreter(self) -> str:
        if os.name != "posix":
            raise PoolStartError("ProcessExecutor needs Linux or macOS; use ThreadExecutor here")
        python = self.python or ("" if getattr(sys, "frozen", False) else sys.executable)
        if not python:
            raise PoolStartError("This program does not know its Python interpreter: give ProcessExecutor(python=...)")
        return python


class _ProcessPool(PoolContext):
    name = "process"

    def __init__(self, terms: PoolTerms) -> None:
        self._capacity = terms.workers
        self._inbox = CommandQueue()
        self._supervisor = supervisor = Supervisor(terms, self._inbox)
        # A daemon, so that an interpreter with a live pool can exit; the guardian then ends the workers.
        self._thread = threading.Thread(target=supervisor.run, name="pdfbatch-supervisor", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:
            self._inbox.close("no thread")
            raise PoolStartError(f"No thread can be started here: {error}") from error
        try:
            supervisor.started.result()
        except BaseException:
            self._stop()
            raise

    @property
    def capacity(self) -> int:
        return self._capacity

    @property
    def pending_writes(self) -> int:
        return self._supervisor.pending_writes

    def submit(self, task: Task) -> Future[TaskResult]:
        return self._inbox.put(task)

    def _finish(self) -> None:
        self._inbox.ask(Command.FINISH)
        self._supervisor.ended.wait()
        self._thread.join()

    def _stop(self) -> None:
        self._inbox.ask(Command.STOP)
        if sys.is_finalizing():
            return  # the supervisor's thread runs no more; the guardian stops the workers as soon as we are gone
        self._supervisor.ended.wait()
        self._thread.join()


class _WorkPickler(pickle.Pickler):
    """Notes what is defined in the script itself: a worker cannot import it."""

    def __init__(self, file: BytesIO) -> None:
        super().__init__(file, PICKLE_PROTOCOL)
        self.homeless: list[str] = []

    def reducer_override(self, obj: object) -> Any:  # the type of NotImplemented, to typeshed
        if isinstance(obj, (type, FunctionType)) and obj.__module__ == "__main__":
            self.homeless.append(obj.__qualname__)
        return NotImplemented


def _pickled(work: Work) -> bytes:
    file = BytesIO()
    pickler = _WorkPickler(file)
    try:
        pickler.dump(work)
    except Exception as error:
        raise PoolStartError(f"The work cannot be sent to worker processes: {type(error).__name__}: {error}") from error
    if pickler.homeless:
        names = ", ".join(dict.fromkeys(pickler.homeless))
        raise PoolStartError(
            f"Worker processes cannot import {names} from the script that is running: define it in a module of its own"
        )
    return file.getvalue()


def _environment() -> dict[str, str]:
    """The environment of the workers, from this process's own, which is left as it is."""
    standard = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
    paths = [os.path.abspath(path) for path in sys.path]
    ours = [path for path in dict.fromkeys(paths) if path not in standard and os.pathsep not in path]
    return {"OMP_THREAD_LIMIT": "1", **os.environ, "PYTHONPATH": os.pathsep.join(ours)}
