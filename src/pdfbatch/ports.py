"""The ports: what an executor, an engine, an OCR engine, an output and a sink promise.

Each is a ``Protocol``; an adapter need not inherit from it. ``pdfbatch.testing`` has a public contract test for each.
"""

import math
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import IntEnum
from types import TracebackType
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, Self, runtime_checkable

from pdfbatch.model import DocumentResult
from pdfbatch.report import BatchStatus
from pdfbatch.settings import Limits
from pdfbatch.tasks import Task, TaskResult

if TYPE_CHECKING:
    from PIL.Image import Image

POINTS_PER_INCH = 72


# --- work and executors ---------------------------------------------------------------------------------------------


class Watch(Protocol):
    """Hears, inside the worker, which page a task is on. Cheap enough to be told of every page."""

    @abstractmethod
    def page(self, number: int) -> None:
        """The task begins with this page; 0 when it is on no page."""


class Work(Protocol):
    """What workers do. A picklable value, handed to a pool once, then called for each task.

    It never raises for what a document does: whatever goes wrong with a document is in the ``TaskResult``. Work whose
    libraries can be loaded beforehand is also a ``SupportsPreload``.
    """

    @property
    def limits(self) -> Limits:
        """The limits that the pool should enforce on a worker."""
        ...

    @abstractmethod
    def __call__(self, task: Task, watch: Watch | None = None) -> TaskResult:
        """Do one task."""


@runtime_checkable
class SupportsPreload(Protocol):
    """Work, or an output, that can load its libraries before the first task, so that forked workers have them already."""

    @abstractmethod
    def load(self) -> None:
        """Import what the first task would import, and no more: no connection, no thread. What it raises harms nothing."""


@runtime_checkable
class PipelinedWork(Work, Protocol):
    """Work that can be called in two steps, so that a worker reads the next document while it waits for an output."""

    @abstractmethod
    def begin(self, task: Task, watch: Watch | None = None) -> TaskResult | Callable[[], TaskResult]:
        """Do all of a task that needs the processor.

        What is returned is the result, or what ends the task and then has its result: a callable, to be called once, in any
        thread. Neither it nor this raises for what a document does.
        """


class Pool(Protocol):
    """An executor, running. A context manager.

    Leaving it normally waits for the tasks under way; leaving it by an exception cancels what has not begun, stops what
    has (where the executor can) and leaves nothing running. Both end within seconds and can be repeated. A pool whose
    workers go on while a task waits for its output is also a ``SupportsPendingWrites``.
    """

    @property
    def name(self) -> str:
        """The name of the executor that does the work: that of the one in use where there are several."""
        ...

    @property
    def capacity(self) -> int:
        """How many tasks it works on at one time, at least 1."""
        ...

    @abstractmethod
    def submit(self, task: Task) -> Future[TaskResult]:
        """Take a task and return at once; callable from one thread.

        The future ends exactly once. Whatever the task did (hang, crash, exhaust memory), it ends with a ``TaskResult``;
        it raises ``PoolBrokenError`` only when the pool could not do the task at all, and is cancelled only when the
        pool was left before the task began.
        """

    @abstractmethod
    def __enter__(self) -> Self:
        """The pool itself."""

    @abstractmethod
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the pool."""


@runtime_checkable
class SupportsPendingWrites(Protocol):
    """A pool whose workers begin the next task while the output of the last one is still being written."""

    @property
    def pending_writes(self) -> int:
        """How many submitted tasks only wait for their output. The pool is handed as many more than its capacity."""
        ...


class Shared(IntEnum):
    """What the workers of an executor have in common with this process; more is greater."""

    NOTHING = 0
    """They may be on other machines."""
    FILES = 1
    """They see this machine's files."""
    MEMORY = 2
    """They are threads of this process."""


class Executor(Protocol):
    """Where tasks run: a description, reusable, that starts pools.

    One that may be started in any thread of this process is also a ``SupportsBackgroundStart``.
    """

    @property
    def name(self) -> str:
        """What it is called in a status: ``process``, ``thread`` ..."""
        ...

    @property
    def kills(self) -> bool:
        """Whether it can stop a task that hangs and contain one that crashes or exhausts memory."""
        ...

    @property
    def shares(self) -> Shared:
        """What its workers surely share with this process: how documents and outputs can reach them depends on it."""
        ...

    @abstractmethod
    def start(self, work: Work) -> Pool:
        """A pool whose workers do ``work``.

        Raises ``PoolStartError`` when no worker can be started here.
        """


@runtime_checkable
class SupportsBackgroundStart(Protocol):
    """An executor that can be started in a background thread while the first documents are being located."""

    @property
    def starts_in_any_thread(self) -> bool:
        """Whether ``start`` may be called in another thread than the main one."""
        ...


# --- engines ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFacts:
    """What an engine sees on a page without drawing it: the ground for the decision about OCR.

    ``image_coverage`` is the share of the page that images cover, 0 to 1; ``image_dpi`` the resolution of the largest,
    0 when there is none. ``glyphs`` counts characters of the text layer, ``unmapped_glyphs`` those without a Unicode
    value, ``suspicious_glyphs`` those of them whose character is none that a writer means. ``vector_objects`` counts paths,
    shadings and visible annotations, ``objects`` everything that the content of the page paints. ``undecoded_images`` are images
    that have data but no picture: they cannot be decoded, or come out in one even colour though their data does not.
    ``content_bytes`` is the length of the content, 0 when the engine does not know it. Width and
    height in points, as shown (after /Rotate).
    """

    width: float
    height: float
    image_coverage: float = 0.0
    image_dpi: float = 0.0
    images: int = 0
    glyphs: int = 0
    unmapped_glyphs: int = 0
    invisible_glyphs: int = 0
    vector_objects: int = 0
    objects: int = 0
    content_bytes: int = 0
    undecoded_images: int = 0
    suspicious_glyphs: int = 0


class Box(NamedTuple):
    """A rectangle on a page as it is shown (after /Rotate), in points from its top left corner."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentExtras:
    """What a document has beside its pages.

    ``attachments`` counts embedded files; a ``portfolio`` is a document whose pages are only a cover for them. ``form_fields``
    counts the fields of its form. ``xfa`` says whether it has a form of the XFA kind as well: a ``"static"`` one is drawn on the
    pages, a ``"dynamic"`` one is not, so that the pages hold no more than a request for another viewer.
    """

    attachments: int = 0
    portfolio: bool = False
    xfa: Literal["none", "static", "dynamic"] = "none"
    form_fields: int = 0


def pixels_per_side(points: float, dpi: float) -> int:
    """The pixels of a page's side of so many points, at least 1.

    As pypdfium2 reckons it, down to its rounding error (792 points at 300 dpi are 3301 pixels), so that tesseract sees what
    it sees after pypdfium2's own ``render``. One row more or less is enough to change how it divides a page into columns:
    the character error rate of a fax was 0.104 with 3300 rows and 0.002 with 3301. Neither size is better on the whole, but
    only one of them makes a reading comparable with those of others.
    """
    return max(math.ceil(points * (dpi / POINTS_PER_INCH)), 1)


class OpenPage(Protocol):
    """One page of an open document, valid until the next one is asked for."""

    @abstractmethod
    def text(self) -> str:
        """The text that a reader of the page sees, as far as the engine can tell; empty when there is none.

        Lines end in ``\\n``. A hyphen at the end of a line stays, and so does the line. Values of form fields and the text of
        annotations stand among the lines, where the page shows them, unless the document was opened without ``annotations``.
        """

    @abstractmethod
    def text_boxes(self) -> Sequence[Box]:
        """Where the text layer lies: a box for each line or word. Cheap; empty when the engine cannot tell."""

    @abstractmethod
    def facts(self) -> PageFacts:
        """What is on the page."""

    @abstractmethod
    def image(self, dpi: float) -> "Image":
        """The page as a grey picture (mode ``L``), drawn upright as shown at ``dpi``."""


class OpenDocument(Protocol):
    """A PDF, opened by an engine."""

    @property
    def page_count(self) -> int:
        """Number of pages."""
        ...

    @property
    def metadata(self) -> Mapping[str, str]:
        """Title, Author, Subject, Keywords, Creator, Producer, CreationDate, ModDate: those that are there."""
        ...

    @property
    def extras(self) -> DocumentExtras:
        """What the document has beside its pages."""
        ...

    @abstractmethod
    def page(self, number: int) -> AbstractContextManager[OpenPage]:
        """A page, counted from 1. Raises ``DocumentError`` when the page cannot be loaded."""


class TextEngine(Protocol):
    """PDF -> text layer, page images, metadata. A picklable value."""

    @property
    def name(self) -> str:
        """What it is called in a record: ``pdfium``, ``pypdf`` ..."""
        ...

    @property
    def version(self) -> str:
        """Version of the library behind it."""
        ...

    @abstractmethod
    def open(
        self, source: str | bytes, *, password: str | None = None, annotations: bool = True
    ) -> AbstractContextManager[OpenDocument]:
        """Open a local path or the bytes of a PDF; an empty user password is tried when none is given.

        ``annotations=False`` leaves values of form fields and the text of annotations out of the text of pages.

        Raises ``DocumentError`` (``malformed``, ``not_a_pdf``, ``password_required`` ...).
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What OCR read on a picture. ``confidence`` is the mean word confidence, 0 to 100, ``None`` without a word."""

    text: str
    confidence: float | None
    words: int


class OcrEngine(Protocol):
    """Picture -> text and confidence. A picklable value."""

    @property
    def name(self) -> str:
        """What it is called in a record: ``tesseract``, ``tesserocr`` ..."""
        ...

    @property
    def version(self) -> str:
        """Version of the program or library behind it; empty when it is not installed."""
        ...

    @abstractmethod
    def check(self, languages: str) -> None:
        """Raise ``DependencyError`` saying what to install when these languages cannot be read here."""

    @abstractmethod
    def read(self, image: "Image", *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        """Read a picture (mode ``L``, ``1`` or ``RGB``).

        Raises ``DocumentError`` (``timeout`` after ``timeout`` seconds, else ``ocr_failed``, ``ocr_unavailable``).
        """

    @abstractmethod
    def orientation(self, image: "Image", *, timeout: float | None = None) -> int | None:
        """How many degrees clockwise the picture must be turned to stand upright: 0, 90, 180 or 270.

        ``None`` when that cannot be told here (no orientation data, too little text).
        """


# --- outputs and sinks ------------------------------------------------------------------------------------------------


class Locality(IntEnum):
    """From where an output can be reached; more is farther."""

    PROCESS = 0
    """Only from this process, as ``memory://`` can."""
    MACHINE = 1
    """From all processes of this machine."""
    REMOTE = 2
    """Over a network: each call is a round trip."""


class Output(Protocol):
    """Where text goes. A picklable value; opened by each process for itself.

    An output whose client can be loaded beforehand is also a ``SupportsPreload``; one that can find the temporary files of
    writers that were killed is also a ``SupportsSweep``.
    """

    @property
    def locality(self) -> Locality:
        """From where it can be reached. Workers must be able to reach it."""
        ...

    @abstractmethod
    def check(self) -> None:
        """Make it ready for a batch. Raises ``OutputError`` when nothing can be written there."""

    @abstractmethod
    def uri(self, name: str) -> str:
        """The full address of a name, without secrets; of the place itself for an empty one."""

    @abstractmethod
    def write(self, name: str, data: bytes) -> None:
        """Store bytes under a relative name, whole or not at all, replacing what was there.

        Raises ``DocumentError`` with a storage cause.
        """

    @abstractmethod
    def read(self, name: str) -> bytes:
        """The bytes under a name. Raises ``DocumentError`` (``storage_not_found`` ...)."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Remove a name, or everything below it when it ends in ``/``; what is not there is fine."""

    @abstractmethod
    def names(self, below: str = "") -> Iterable[str]:
        """All relative names below a prefix, as they are now, by one listing."""


@runtime_checkable
class SupportsSweep(Protocol):
    """An output that can remove the temporary files that killed writers left behind."""

    @abstractmethod
    def sweep(self) -> int:
        """Remove them and return how many there were. Raises ``DocumentError`` with a storage cause."""


@runtime_checkable
class Sink(Protocol):
    """Hears how a batch is going. Called from one thread; what it raises is logged once and harms nothing."""

    @abstractmethod
    def update(self, status: BatchStatus) -> None:
        """A snapshot. The first comes before any work, the last when the batch has ended; each replaces the one before."""

    @abstractmethod
    def document(self, result: DocumentResult) -> None:
        """A document has ended."""

    @abstractmethod
    def close(self) -> None:
        """The batch is over; ends within three seconds."""


SinkLike = Sink | Callable[[DocumentResult], object]
"""What stands for a sink wherever sinks are given: a sink, or a function to call with each result."""
