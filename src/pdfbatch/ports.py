"""The ports: what an executor, an engine, an OCR engine, an output and a sink promise.

Each port is a ``Protocol``: an adapter need not inherit from it. What only some adapters can do is a protocol of its own,
``Supports…``, that pdfbatch asks for with ``isinstance``. ``pdfbatch.testing`` has a public contract for each port, with a
test for each promise made here.
"""

import math
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import IntEnum
from types import TracebackType
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, Self, runtime_checkable

from pdfbatch.model import DocumentExtras, DocumentResult
from pdfbatch.report import BatchStatus
from pdfbatch.settings import Limits
from pdfbatch.tasks import Task, TaskResult

if TYPE_CHECKING:
    from PIL.Image import Image

POINTS_PER_INCH = 72
TASKS_AHEAD = 16
"""How many tasks a pool is given for each one that it works on at one time, unless it is a ``SupportsSlices``."""


# --- work and executors ---------------------------------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a worker elsewhere is asked to show before it gets a document.

    ``probe`` is the name of a file that is in the work's output, empty without output. ``languages`` are those that the OCR
    engine shall read, empty where it may choose. ``input_path`` is a local file that must be there, too; empty for none.
    """

    probe: str = ""
    languages: str = ""
    input_path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a worker elsewhere finds when it looks for what it needs. A text says what is missing, and is empty when nothing is.

    ``engines`` has the versions of the work's engines, by their names.
    """

    engines: Mapping[str, str] = field(default_factory=dict[str, str])
    missing_ocr: str = ""
    hidden_output: str = ""
    hidden_input: str = ""


@runtime_checkable
class SupportsInspection(Protocol):
    """Work that finds out whether all that it needs is there, in the process where it is called."""

    @abstractmethod
    def inspect(self, needs: Needs) -> Findings:
        """Look for the engines, the output and the input; write to the output and remove it again. Never raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerFacts:
    """What a process of an engine beyond this machine says of itself.

    ``isolates``: whether it can start child processes, which keep the limits. ``memory_bytes`` is that of its machine.
    """

    pdfbatch: str
    python: str
    platform: str
    cpus: int
    memory_bytes: int | None
    isolates: bool
    findings: Findings


@runtime_checkable
class SupportsSurvey(Protocol):
    """A pool whose workers are elsewhere. They are asked what they are before they get a document."""

    @abstractmethod
    def survey(self, needs: Needs) -> Mapping[str, WorkerFacts]:
        """Return what each worker that is there now says of itself, by its address.

        Raises ``VersionMismatchError`` when one has another version of pdfbatch or Python, and ``PoolBrokenError`` when none
        answers.
        """


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


# --- engines ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFacts:
    """What an engine finds on a page without drawing it. pdfbatch decides by it which pages need OCR.

    An engine that cannot count something leaves it at 0. A page with nothing but zeros counts as blank.
    """

    width: float
    """Width in points of the page as it is shown: its crop box, after /Rotate."""
    height: float
    """Height in points of the page as it is shown."""
    image_coverage: float = 0.0
    """Share of the page that images cover together, 0 to 1."""
    image_dpi: float = 0.0
    """Resolution of the largest image where it lies on the page, in pixels per inch; 0 when there is none."""
    images: int = 0
    """Number of images drawn, inline images and those inside forms included."""
    glyphs: int = 0
    """Number of characters of the text layer."""
    unmapped_glyphs: int = 0
    """Number of those for which the font gives no Unicode value."""
    invisible_glyphs: int = 0
    """Number of those in text rendering mode 3, as OCR software puts them behind a scan."""
    vector_objects: int = 0
    """Number of paths, shadings and drawn annotations; of very many, some thousands are enough."""
    objects: int = 0
    """Number of texts, paths, shadings, images and forms that the content of the page paints; some thousands are enough."""
    content_bytes: int = 0
    """Length of the content of the page, unpacked; 0 when there is none or the engine does not know it."""
    suspicious_glyphs: int = 0
    """Number of unmapped glyphs whose character is none that a writer means: control characters, private use, unassigned."""


class Box(NamedTuple):
    """A rectangle on a page as it is shown (after /Rotate), in points from its top left corner."""

    left: float
    top: float
    right: float
    bottom: float


def pixels_per_side(points: float, dpi: float) -> int:
    """Return how many pixels a side of a page has that is so many points long, at least 1.

    The formula is pypdfium2's own, rounding error included (792 points at 300 dpi are 3301 pixels), so that tesseract reads
    the same picture as after pypdfium2's ``render``: one row more or less can change how it divides a page into columns.
    """
    return max(math.ceil(points * (dpi / POINTS_PER_INCH)), 1)


class OpenPage(Protocol):
    """One page of an open document. It is valid until the next one is asked for."""

    @abstractmethod
    def text(self) -> str:
        r"""Return the text that a reader of the page sees, as far as the engine can tell; empty when there is none.

        Lines end in ``\n``; there is no ``\r``, no form feed, no control character but the tab, and nothing that UTF-8 cannot
        encode: ``pdfbatch.text.storable_text`` makes any string so. A hyphen at the end of a line stays, and so does the line.
        Values of form fields and what annotations show stand among the lines where the page shows them, each once, unless the
        document was opened without ``annotations``; hidden ones do not, nor those that are not to be printed.
        """

    @abstractmethod
    def text_boxes(self) -> Sequence[Box]:
        """Return where the text lies, a box for each line or word, and for each annotation in the text.

        Nothing when the engine cannot tell. Cheap.
        """

    @abstractmethod
    def facts(self) -> PageFacts:
        """Return what is on the page."""

    @abstractmethod
    def image(self, dpi: float) -> "Image":
        """Draw the page in grey (mode ``L``), upright as it is shown, with ``pixels_per_side`` pixels at ``dpi``.

        An engine that cannot draw raises ``DocumentError``.
        """


@runtime_checkable
class SupportsEvidence(Protocol):
    """An open page that can be looked at more closely. Without it, the facts of a page must do."""

    @abstractmethod
    def is_plain(self) -> bool:
        """Return whether a glance finds hardly anything but text: no image, no form XObject, few drawings.

        Takes microseconds, and looks at a sample of the objects of a page that has many.
        """

    @abstractmethod
    def is_cut(self) -> bool:
        """Return whether the content of the page surely ends early, so that a part of it is missing.

        Asked for each page whose text is read: an engine may answer no where only a slow search would tell.
        """

    @abstractmethod
    def cut_images(self) -> int:
        """Return how many large images surely end early, so that a part of them is not shown."""

    @abstractmethod
    def count_lost_images(self) -> int:
        """Return how many large images have data but no picture: it cannot be decoded, or comes out in one colour.

        May be slow: asked only for a page on which OCR has found nothing.
        """


class OpenDocument(Protocol):
    """A PDF that an engine has opened."""

    @property
    def page_count(self) -> int:
        """Number of pages, at least 1."""
        ...

    @property
    def metadata(self) -> Mapping[str, str]:
        """Those of Title, Author, Subject, Keywords, Creator, Producer, CreationDate and ModDate that are there."""
        ...

    @property
    def extras(self) -> DocumentExtras:
        """What the document has beside its pages."""
        ...

    @abstractmethod
    def page(self, number: int) -> AbstractContextManager[OpenPage]:
        """Open a page, counted from 1, in any order and as often as asked.

        Raises ``DocumentError`` (``malformed``) that says "page <number>" when there is no such page or it cannot be loaded.
        """


class TextEngine(Protocol):
    """Reads PDFs: text layer, facts, images and metadata. A picklable value."""

    @property
    def name(self) -> str:
        """Short name for a record: ``pdfium``, ``pypdf`` ..."""
        ...

    @property
    def version(self) -> str:
        """Version of the library behind it."""
        ...

    @abstractmethod
    def open(
        self, source: str | bytes, *, password: str | None = None, annotations: bool = True
    ) -> AbstractContextManager[OpenDocument]:
        """Open a local path or the bytes of a PDF; several may be open at once.

        The empty password is tried when none is given, and after one that does not fit. ``annotations=False`` leaves values of
        form fields and what annotations show out of texts, boxes, facts and images. Raises ``DocumentError``, its message
        beginning with the path: ``empty_input``, ``not_a_pdf`` for another kind of file, ``malformed`` (also without pages),
        ``password_required``, ``not_a_file`` for a folder, ``storage_not_found``. No message tells a password.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What OCR read in a picture. ``summarize_words`` makes one of the words.

    ``confidence`` is the mean word confidence, 0 to 100; ``None`` without a word. A word is sure from a confidence of
    ``SURE_CONFIDENCE`` (60) on: ``weak_share`` is the share of words below, 0 to 1, ``None`` when the engine does not tell, and
    ``letters`` are the letters and digits of the sure words. Of two readings of one page, the one with more of them has read
    more of it.
    """

    text: str = field(repr=False)
    confidence: float | None
    words: int
    weak_share: float | None = None
    letters: int = 0


SURE_CONFIDENCE = 60.0
"""Confidence from which a word counts as read."""


def summarize_words(text: str, words: Iterable[tuple[str, float]]) -> Reading:
    """Return the reading of a text and of its words, each with its confidence, 0 to 100."""
    pairs = list(words)
    if not pairs:
        return Reading(text=text, confidence=None, words=0)
    sure = [word for word, confidence in pairs if confidence >= SURE_CONFIDENCE]
    return Reading(
        text=text,
        confidence=round(sum(confidence for _, confidence in pairs) / len(pairs), 2),
        words=len(pairs),
        weak_share=round(1 - len(sure) / len(pairs), 4),
        letters=sum(map(str.isalnum, "".join(sure))),
    )


@runtime_checkable
class SupportsLanguages(Protocol):
    """An OCR engine that can say which languages it reads. Without it, pdfbatch cannot guess the language of a page."""

    @abstractmethod
    def list_languages(self) -> frozenset[str]:
        """Return the codes of the languages that it can read here, each alone; none when it is not installed.

        Called for each document with pages for OCR, so an answer that takes long must be kept.
        """


class OcrEngine(Protocol):
    """Reads pictures: text and confidence. A picklable value, also after it has read; it may be called in many threads.

    One that knows its languages is also a ``SupportsLanguages``.
    """

    @property
    def name(self) -> str:
        """Short name for a record: ``tesseract``, ``tesserocr`` ..."""
        ...

    @property
    def version(self) -> str:
        """Version of the program or library behind it; empty when it is not installed."""
        ...

    @abstractmethod
    def check(self, languages: str) -> None:
        """Raise ``DependencyError`` when these languages (``eng+deu``), or none, cannot be read here.

        The message names the missing languages and says what to install.
        """

    @abstractmethod
    def read(self, image: "Image", *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        """Read a picture (mode ``L``, ``1`` or ``RGB``) and leave it as it is. Lines of the text end in a line feed.

        Raises ``DocumentError``: ``timeout`` after ``timeout`` seconds (at once for 0 or less), ``ocr_unavailable`` when a
        language is missing, else ``ocr_failed``. The engine can read on after each.
        """

    @abstractmethod
    def orientation(self, image: "Image", *, timeout: float | None = None) -> int | None:
        """Return how many degrees clockwise the picture must be turned to stand upright: 0, 90, 180 or 270.

        Return ``None`` when that cannot be told (no orientation data, too little text).
        """


@runtime_checkable
class SupportsSecondReader(Protocol):
    """An OCR engine that knows another one, which reads the pages once more of whose words it is not sure."""

    @property
    def second_reader(self) -> OcrEngine:
        """The other engine. It reads the same languages."""
        ...


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
    r"""A place for text and records. A picklable value that each process opens for itself; many threads may call it.

    Names are relative, with ``/`` between folders. They hold what a path may hold on every system, blanks and letters of any
    script too: no control characters, none of ``" * : < > ? \ |``, no empty part, none that begins with ``..``, up to 255 bytes
    between two slashes and 850 in all. An output may refuse others. What only some outputs can do: ``SupportsPreload``,
    ``SupportsSweep``, ``SupportsNaming``, ``SupportsSizes``, ``SupportsSync``, ``SupportsAppend``.
    """

    @property
    def locality(self) -> Locality:
        """From where it can be reached. Workers must be able to reach it."""
        ...

    @abstractmethod
    def check(self) -> None:
        """Make the place if it is not there. Keep what is there, and add no name.

        Raises ``OutputError`` when nothing can be written there.
        """

    @abstractmethod
    def uri(self, name: str) -> str:
        """Return the full address of a name, or of the place itself for an empty one, without secrets."""

    @abstractmethod
    def write(self, name: str, data: bytes) -> None:
        """Store bytes under a name, whole or not at all, also when the process is killed. Replace what was there.

        Make the folders of the name. Raises ``DocumentError`` with a storage cause.
        """

    @abstractmethod
    def read(self, name: str) -> bytes:
        """Return the bytes under a name.

        Raises ``DocumentError`` with a storage cause, not transient ``storage_not_found`` when there is no such name.
        """

    @abstractmethod
    def delete(self, name: str) -> None:
        """Remove a name, or all names below it when it ends in ``/``. Do nothing when there is none."""

    @abstractmethod
    def names(self, below: str = "") -> Iterable[str]:
        """Return all names that begin with ``below``, in all folders, as they are now, by one listing.

        In any order; none when the place is not there yet. Temporary files of writers are not among them.
        """


@runtime_checkable
class SupportsSweep(Protocol):
    """An output that can remove the temporary files that killed writers left behind."""

    @abstractmethod
    def sweep(self) -> int:
        """Remove them, spare those of writers that may be alive, and return how many were removed.

        Raises ``DocumentError`` with a storage cause.
        """


@runtime_checkable
class SupportsNaming(Protocol):
    """An output that says what the files of documents are called: by default as ``"path"``."""

    @property
    def naming(self) -> Literal["path", "id"]:
        """After a document's path below the folder, pattern or prefix that it was found by, or all after their ids."""
        ...


@runtime_checkable
class SupportsLayout(Protocol):
    """An output that says how texts and records lie in it: by default as ``"files"``, two for each document."""

    @property
    def layout(self) -> Literal["files", "jsonl", "parquet"]:
        """``"files"``, or files with very many documents each: compressed JSON lines, or Parquet."""
        ...

    @property
    def shard_bytes(self) -> int:
        """About how long such a file may be."""
        ...


@runtime_checkable
class SupportsAppend(Protocol):
    """An output on this machine whose names are paths of files to which lines can be added."""

    @abstractmethod
    def append(self, name: str, data: bytes) -> None:
        """Add lines at the end of a file, in the place of a last line that a killed writer has left unfinished.

        Make the file if it is not there. Raises ``DocumentError`` with a storage cause.
        """


@runtime_checkable
class SupportsSizes(Protocol):
    """An output that knows how long the files under its names are, by a listing. A resume finds cut texts by that."""

    @abstractmethod
    def sizes(self, below: str = "") -> Iterable[tuple[str, int | None]]:
        """Return what ``names`` returns, each with its length in bytes; ``None`` where that is unknown.

        Raises ``DocumentError`` with a storage cause, perhaps while it is iterated.
        """


@runtime_checkable
class SupportsSync(Protocol):
    """An output that does not write each file through to its disk, but all of a group together."""

    @abstractmethod
    def sync(self, names: Iterable[str]) -> None:
        """Return when what was written under these names, in any process, survives a power failure.

        Raises ``DocumentError`` with a storage cause.
        """


@runtime_checkable
class Sink(Protocol):
    """A receiver of a batch's progress. All calls come from one thread, and the batch waits for each.

    A sink that talks over a network does so in a thread of its own. What a sink raises is logged once and harms nothing.
    """

    @abstractmethod
    def update(self, status: BatchStatus) -> None:
        """Take a snapshot, which replaces the one before.

        The first comes before any document, the last when the batch has ended; between them come four a second at most.
        """

    @abstractmethod
    def document(self, result: DocumentResult) -> None:
        """Take the result of a document that has ended."""

    @abstractmethod
    def close(self) -> None:
        """End the batch, within three seconds. Another batch may follow, and begins with ``update``."""


SinkLike = Sink | Callable[[DocumentResult], object]
"""A sink, or a function that is called with each result; accepted wherever sinks are given."""

ProgressLike = bool | Sink | Callable[[BatchStatus], object]
"""What ``progress=`` takes: ``True`` to show it to a person, a sink, or a function that is called with each snapshot."""
