"""Run tasks in worker processes: the default, and the only executor that can stop a document that hangs.

Workers are plain child processes (``python -m pdfbatch.executors.process.worker``), or forks of such a process that has no
threads. So pools work in scripts without a ``__main__`` guard, notebooks, threads, event loops and daemonic processes.
"""

import os
import pickle
import sys
import sysconfig
import threading
import weakref
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from types import FunctionType
from typing import Any, Literal

from pdfbatch.checks import Check, check_fields, choice, optional, size, whole_number
from pdfbatch.errors import PoolStartError, describe_error
from pdfbatch.executors.cpus import available_cpus, check_workers
from pdfbatch.executors.pool import PoolContext
from pdfbatch.executors.process.child import LaunchSpec
from pdfbatch.executors.process.command_queue import Command, CommandQueue
from pdfbatch.executors.process.forkserver_client import can_use_forkserver
from pdfbatch.executors.process.protocol import PICKLE_PROTOCOL, Setup
from pdfbatch.executors.process.supervisor import PoolSettings, Supervisor
from pdfbatch.executors.task_results import make_foreign_future
from pdfbatch.ports import BoundedResults, Shared, TaskProgress, Work
from pdfbatch.tasks import Task, TaskResult

StartMethod = Literal["forkserver", "spawn"]

_END_SECONDS = 10.0  # more than it takes to give up on a worker that cannot be killed
_START_END_SECONDS = 2.0
_FACTS_BYTES = 16 << 20  # of a result, beside its text
_CHECKS: Mapping[str, Check] = {
    "tasks_per_worker": whole_number(1),
    "recycle_bytes": optional(size),
    "start_method": optional(choice("forkserver", "spawn")),
}


@dataclass(frozen=True, slots=True)
class ProcessExecutor:
    """Run tasks in ``workers`` processes; by default one for each core that this process may use.

    A worker that exceeds the work's limits on time or memory is killed. That, or a crash, fails only the task that the worker
    was on; the result says why, and a new worker takes its place. Each worker has a session and a ``TMPDIR`` of its own: what
    it started is killed with it, and its temporary files are removed. When this process dies, by whatever signal, its workers
    die too.

    A worker is replaced after ``tasks_per_worker`` tasks, or when it holds more than ``recycle_bytes`` of resident memory
    after a task (``None``: never for that reason).

    ``start_method`` has the meaning that it has in ``multiprocessing``. ``"forkserver"``, the default on Linux, forks workers
    from a process that has loaded what they need, which is quick. ``"spawn"``, the default elsewhere, starts a new interpreter
    for each. Work that starts threads when it is unpickled is spawned either way. ``python`` is the interpreter of the workers
    and must be of the same version as this one; modules are found along this process's ``sys.path``. Child processes of
    workers see ``OMP_THREAD_LIMIT=1`` unless it is set.

    The memory limit is enforced on Linux only, by sampling ten times a second and, against faster growth, by RLIMIT_DATA.
    Callbacks of the futures run in the thread that supervises the workers, and must not block. Windows is not supported.

    Raises ``UsageError`` when a setting is not of its kind, such as ``workers`` below 1.
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
        check_workers(self)
        check_fields(self, _CHECKS)

    def start(self, work: Work) -> "ProcessPool":
        """Return a pool whose first worker is ready; the others are started when there are tasks for them.

        Raises ``PoolStartError`` when no worker can be started (or not by this ``start_method``), or ``work`` cannot be sent.
        """
        pickled = pickle_work(work)
        max_result_bytes = _find_max_result_bytes(work)
        setup = Setup(
            python_path=os.environ.get("PYTHONPATH"),
            recycle_bytes=self.recycle_bytes,
            max_result_bytes=max_result_bytes,
            work=pickled,
        )
        launch = LaunchSpec(
            python=self._find_interpreter(),
            environment=pass_environment(),
            setup=pickle.dumps(setup, PICKLE_PROTOCOL),
            use_forkserver=self._use_forkserver(),
            max_result_bytes=max_result_bytes,
        )
        settings = PoolSettings(
            launch=launch,
            limits=work.limits,
            workers=self.workers or available_cpus(),
            tasks_per_worker=self.tasks_per_worker,
        )
        return ProcessPool(settings)

    def _find_interpreter(self) -> str:
        if os.name != "posix":
            raise PoolStartError("ProcessExecutor needs Linux or macOS; use ThreadExecutor here")
        # In a frozen application sys.executable is the application itself.
        python = self.python or ("" if getattr(sys, "frozen", False) else sys.executable)
        if not python:
            raise PoolStartError("This program does not know its Python interpreter: give ProcessExecutor(python=...)")
        # A path is that of now, whatever the current folder will be when a worker is started.
        return os.path.abspath(python) if os.path.dirname(python) else python

    def _use_forkserver(self) -> bool:
        if self.start_method == "forkserver" and not can_use_forkserver():
            raise PoolStartError('ProcessExecutor(start_method="forkserver") needs Linux; use "spawn" here')
        return self.start_method != "spawn" and can_use_forkserver()


class ProcessPool(PoolContext):
    """Supervised worker processes. Callers know it by the protocols of ``pdfbatch.ports`` that it keeps."""

    name = "process"
    kills = True

    def __init__(self, settings: PoolSettings) -> None:
        super().__init__()
        self._capacity = settings.workers
        self._commands = CommandQueue()
        self._supervisor = supervisor = Supervisor(settings, self._commands)
        # For a pool that nobody has left, or whose end was cut short by a second Ctrl-C. When the interpreter exits, the
        # reaper does that.
        weakref.finalize(self, _end_forgotten, self._commands, self._owner).atexit = False
        # A daemon thread, so that the interpreter can exit while a pool is open; the reaper then kills the workers.
        self._thread = threading.Thread(target=supervisor.run, name="pdfbatch-supervisor", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:
            self._commands.close("no thread")
            raise PoolStartError(f"No thread can be started here: {error}") from error
        except BaseException:  # Ctrl-C: the thread may run already
            self._commands.request(Command.TERMINATE)
            supervisor.has_ended.wait(_START_END_SECONDS)
            raise
        try:
            supervisor.has_started.wait()
        except BaseException:
            self._terminate()
            raise
        if supervisor.start_error is not None:
            self._terminate()
            raise supervisor.start_error

    @property
    def capacity(self) -> int:
        """Number of workers."""
        return self._capacity

    @property
    def folder(self) -> str:
        """Where temporary files of its tasks may lie. It is removed with the pool, also when this process is killed."""
        return self._supervisor.folder

    @property
    def pending_writes(self) -> int:
        """Number of tasks that only wait for their output."""
        return self._supervisor.pending_writes

    def list_progress(self) -> Sequence[TaskProgress]:
        """Return what each busy worker is on."""
        self._supervisor.is_watched = True
        return () if self._is_closed else self._supervisor.progress

    @property
    def is_broken(self) -> bool:
        """Whether it does no more tasks."""
        return self._supervisor.has_ended.is_set or self._commands.is_lost

    def stop(self, futures: Collection[Future[TaskResult]]) -> None:
        """Ask for the end of these tasks."""
        if not self.is_foreign:
            self._commands.stop(futures)

    def submit(self, task: Task) -> Future[TaskResult]:
        """Take a task and return at once."""
        return make_foreign_future() if self.is_foreign else self._commands.put(task)

    def _shutdown(self) -> None:
        self._commands.request(Command.SHUTDOWN)
        self._wait(None)

    def _terminate(self) -> None:
        self._commands.request(Command.TERMINATE)
        self._wait(_END_SECONDS)

    def _wait(self, seconds: float | None) -> None:
        """Wait for the supervisor's end, unless this is its own thread (a callback, the garbage collector) or it is gone."""
        # While the interpreter ends, that thread no longer runs; the reaper kills the workers when this process has exited.
        if threading.get_ident() == self._supervisor.thread or sys.is_finalizing():
            return
        if self._commands.is_lost:
            seconds = (
                _START_END_SECONDS  # an idle supervisor cannot be woken; its workers find their pipes closed, and exit
            )
        if self._supervisor.has_ended.wait(seconds):
            self._thread.join(_START_END_SECONDS)


def _end_forgotten(commands: CommandQueue, owner: int) -> None:
    """Tell the supervisor of a pool that nobody has any more to end, without waiting for it. Called in any thread."""
    if os.getpid() == owner:
        commands.request(Command.TERMINATE)


def _find_max_result_bytes(work: Work) -> int:
    if isinstance(work, BoundedResults):
        return work.max_result_bytes
    text = work.limits.max_text_bytes
    return _FACTS_BYTES + ((1 << 40) if text is None else text)


def pickle_work(work: Work) -> bytes:
    """Return the work as bytes. Raises ``PoolStartError`` when it cannot be pickled, or belongs to the script that runs."""
    file = BytesIO()
    pickler = _WorkPickler(file)
    try:
        pickler.dump(work)
    except Exception as error:
        raise PoolStartError(f"The work cannot be sent to worker processes: {describe_error(error)}") from error
    if pickler.names_in_main:
        names = ", ".join(dict.fromkeys(pickler.names_in_main))
        raise PoolStartError(
            f"Worker processes cannot import {names} from the script that is running: define it in a module of its own"
        )
    return file.getvalue()


class _WorkPickler(pickle.Pickler):
    """Collects names of what the script itself defines, as a worker cannot import that."""

    def __init__(self, file: BytesIO) -> None:
        super().__init__(file, PICKLE_PROTOCOL)
        self.names_in_main: list[str] = []

    def reducer_override(self, obj: object) -> Any:  # the type of NotImplemented, to typeshed
        if isinstance(obj, (type, FunctionType)) and obj.__module__ == "__main__":
            self.names_in_main.append(obj.__qualname__)
        return NotImplemented


def pass_environment() -> dict[str, str]:
    """Return the environment of the workers. That of this process is not changed."""
    # The interpreter finds its standard library by itself; PYTHONPATH cannot hold a path with a separator in it.
    standard = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
    paths: list[str] = []
    for path in sys.path:
        with suppress(FileNotFoundError):  # relative to a current folder that was removed: nothing is found there
            paths.append(os.path.abspath(path))
    ours = [path for path in dict.fromkeys(paths) if path not in standard and os.pathsep not in path]
    return {"OMP_THREAD_LIMIT": "1", **os.environ, "PYTHONPATH": os.pathsep.join(ours)}
