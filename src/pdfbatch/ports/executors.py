"""What an executor promises, its pool and its workers, and what the work that they do promises."""

from abc import abstractmethod
from collections.abc import Collection, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from enum import IntEnum
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from pdfbatch.ports.work import Work
from pdfbatch.tasks import Task, TaskResult

TASKS_AHEAD = 16
"""How many tasks a pool is given for each one that it works on at one time, unless it is a ``SupportsSlices``."""


class Pool(Protocol):
    """A running executor. A context manager.

    Leaving it normally waits for the tasks that were submitted. Leaving it by an exception cancels the tasks that have not
    started, stops the others where the executor can, and ends within seconds. Leaving it again does nothing. After either,
    no thread and no child process of the pool is left, except a thread that is stuck in a task. A pool whose workers go on
    while a task waits for its output is also a ``SupportsPendingWrites``, one that sends several tasks at once a
    ``SupportsSlices``, one whose workers are elsewhere a ``SupportsSurvey``.
    """

    @property
    def name(self) -> str:
        """Name of the executor that does the work: the one in use where there are several."""
        ...

    @property
    def kills(self) -> bool:
        """Whether limits are enforced: ``kills`` of the executor that does the work."""
        ...

    @property
    def capacity(self) -> int:
        """Number of tasks that it works on at one time, at least 1. It may change while workers join and leave."""
        ...

    @abstractmethod
    def submit(self, task: Task) -> Future[TaskResult]:
        """Take a task and return at once. Called from one thread.

        The future ends exactly once. It ends with a ``TaskResult`` whatever the task did: hang, crash, raise (``SystemExit``
        too), exhaust memory. It raises ``PoolBrokenError`` only when the pool could not do the task at all. It is cancelled
        only when the pool was left before the task started, or when the task comes after that.

        A pool whose workers take other tasks along when they are lost says so: the failure of each task, ``worker_lost``, is
        then ``blameless``. The task is submitted again with one of its ``losses`` more, up to five times without counting it
        as an attempt, and the pool keeps it apart from others. ``VersionMismatchError`` is raised where a worker that joined
        later has another version.
        """

    @abstractmethod
    def __enter__(self) -> Self:
        """Return the pool itself."""

    @abstractmethod
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the pool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskProgress:
    """How far a worker is with the task that it is on, as ``Watch`` and ``SupportsPageCounts`` were told.

    ``seconds`` have passed since it began the task, ``page_seconds`` since it began ``page`` (0: it is on none). The counts are
    those of ``SupportsPageCounts.count``; ``total_pages`` is 0 before it has counted them.
    """

    task: Task
    seconds: float = 0.0
    page: int = 0
    page_seconds: float = 0.0
    total_pages: int = 0
    text_pages: int = 0
    ocr_pages: int = 0
    pending_pages: int = 0


@runtime_checkable
class SupportsTaskProgress(Protocol):
    """A pool that can say what its workers are on. Without it, a status shows no pages before their task has ended."""

    @abstractmethod
    def list_progress(self) -> Sequence[TaskProgress]:
        """Return what each busy worker is on, not older than about a second, at once. Called in the thread of ``submit``.

        Workers that nobody asks about are not looked at: the first answer may be empty.
        """


@runtime_checkable
class SupportsPendingWrites(Protocol):
    """A pool whose workers start the next task while the output of the last one is still being written."""

    @property
    def pending_writes(self) -> int:
        """Number of submitted tasks that only wait for their output. The pool is given so many more than its capacity."""
        ...


@runtime_checkable
class SupportsStop(Protocol):
    """A pool that can stop some of its tasks, so that several batches may share it. ``KeptExecutor`` asks for that."""

    @abstractmethod
    def stop(self, futures: Collection[Future[TaskResult]]) -> None:
        """Ask for the end of these tasks, and return at once. Callable from any thread.

        Their futures end within seconds where the executor can stop a task: cancelled, with a ``cancelled`` result, or with
        what the task came to before. No other task is lost, charged for it, or ended by it.
        """


@runtime_checkable
class SupportsRenewal(Protocol):
    """A pool that knows that it no longer works as it did at its start, so that it should not be kept for further batches."""

    @property
    def is_broken(self) -> bool:
        """Whether it broke, or moved on to an executor that was not its first choice when it started."""
        ...


@runtime_checkable
class SupportsFairShare(Protocol):
    """A pool that other batches use, too."""

    @property
    def fair_share(self) -> int:
        """How many of its workers this batch should count on for now, at least 1; ``capacity`` when no other batch is there."""
        ...


@runtime_checkable
class SupportsSlices(Protocol):
    """A pool that sends several tasks to a worker at once, and so wants to know many of them beforehand."""

    @property
    def ahead(self) -> int:
        """Number of tasks that it wants for each one that it works on at one time; it is given more at half of that."""
        ...

    @abstractmethod
    def flush(self) -> None:
        """Send what was submitted: there is no more to submit for now. Called from the thread that submits."""


class Shared(IntEnum):
    """What the workers of an executor surely share with this process; more is greater."""

    NOTHING = 0
    """Nothing: they may be on other machines."""
    FILES = 1
    """The files of this machine."""
    MEMORY = 2
    """Everything: they are threads of this process."""


class Executor(Protocol):
    """A description of where tasks run. It can start pools again and again, also side by side.

    One that may be started in any thread of this process is also a ``SupportsBackgroundStart``.
    """

    @property
    def name(self) -> str:
        """Short name for a status: ``process``, ``thread`` ..."""
        ...

    @property
    def kills(self) -> bool:
        """Whether it can stop a task that hangs and contain one that crashes or exhausts memory."""
        ...

    @property
    def shares(self) -> Shared:
        """What its workers share with this process: how documents and outputs can reach them depends on it."""
        ...

    @abstractmethod
    def start(self, work: Work) -> Pool:
        """Start a pool whose workers do ``work``.

        Raises ``PoolStartError`` when no worker can be started here.
        """


@runtime_checkable
class SupportsBackgroundStart(Protocol):
    """An executor that can be started in a background thread while the first documents are being located."""

    @property
    def starts_in_any_thread(self) -> bool:
        """Whether ``start`` may be called in another thread than the main one."""
        ...
