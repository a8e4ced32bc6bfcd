"""What the work promises that workers do, one task at a time."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from pdfbatch.model import Page
from pdfbatch.settings import Limits
from pdfbatch.tasks import Task, TaskResult


class Watch(Protocol):
    """Tracks, inside a worker, which page a task is on. Cheap enough to be called for every page."""

    @abstractmethod
    def page(self, number: int) -> None:
        """Note that the task starts with this page; 0 when it is on no page."""


@runtime_checkable
class SupportsPageCounts(Watch, Protocol):
    """A watch that also takes how far a task is. As cheap as ``Watch.page``."""

    @abstractmethod
    def count(self, *, total: int, text_pages: int, ocr_pages: int, pending_pages: int) -> None:
        """Note that of the ``total`` pages of the task so many were read from their text layer, and so many by OCR.

        ``pending_pages`` are known to need OCR and have not been read. Blank and failed pages count as read.
        """


@runtime_checkable
class SupportsPagesSoFar(Watch, Protocol):
    """A watch that takes pages before their task is done. A pool that loses the worker returns them with the failure."""

    @abstractmethod
    def hand_over(self, pages: Sequence[Page], fingerprint: str) -> None:
        """Take pages of the document with this fingerprint as they are so far; a later call may bring one of them anew.

        Never raises for want of room.
        """


class Work(Protocol):
    """A function that workers call for each task. A picklable value, handed to a pool once.

    It returns whatever goes wrong with a document as the failure of a ``TaskResult`` and never raises for it. Work whose
    libraries can be loaded beforehand is also a ``SupportsPreload``.
    """

    @property
    def limits(self) -> Limits:
        """Limits that a pool that kills enforces on its workers."""
        ...

    @abstractmethod
    def __call__(self, task: Task, watch: Watch | None = None) -> TaskResult:
        """Do one task."""


@runtime_checkable
class SupportsPreload(Protocol):
    """Work or an output that can load its libraries before the first task, so that forked workers have them already."""

    @abstractmethod
    def load(self) -> None:
        """Import what the first task would import: open no connection, start no thread.

        Whoever calls it ignores what it raises, because the first task meets the same error and reports it.
        """


@runtime_checkable
class PipelinedWork(Work, Protocol):
    """Work that can be called in two steps, so that a worker reads the next document while an output is written."""

    @abstractmethod
    def begin(self, task: Task, watch: Watch | None = None) -> TaskResult | Callable[[], TaskResult]:
        """Do the part of a task that needs the processor.

        Return the result, or a callable that waits for the output and returns the result. Call it once, in any thread. As
        ``__call__``, neither raises for what a document does.
        """


@runtime_checkable
class BoundedResults(Protocol):
    """Work that knows how much a result may amount to. A pool with processes refuses a longer one from a worker."""

    @property
    def max_result_bytes(self) -> int:
        """The most bytes that a ``TaskResult`` takes when it is written as plain data."""
        ...
