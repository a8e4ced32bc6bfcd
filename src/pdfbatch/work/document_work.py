"""What a worker does to one task: read, extract, recognize, persist. The one place that isolates errors.

A ``read`` task opens a document, takes the text layer of every page and finds out which pages need OCR. A few are read at
once; more make the document split: ``part`` tasks read some pages each, and a ``join`` puts the document together.
"""

from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass, field, replace

from pdfbatch import task_log
from pdfbatch.errors import Cause, DocumentError
from pdfbatch.model import Document, DocumentResult, Failure
from pdfbatch.outcomes import failed
from pdfbatch.ports import OcrEngine, Output, SupportsPreload, TextEngine, Watch
from pdfbatch.retry import counting
from pdfbatch.settings import Extraction, Limits
from pdfbatch.tasks import DuplicateOf, JoinTask, PartialDocument, PartTask, ReadTask, Task, TaskResult
from pdfbatch.work.opener import DocumentOpener
from pdfbatch.work.result_writer import PendingWrite, ResultWriter
from pdfbatch.work.splitter import Parts
from pdfbatch.work.time_budget import TimeBudget

WAITING_BYTES = 1 << 20
"""More than that is written before the next document is begun, so that what waits to be written stays small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentWork:
    """Text from PDFs: the work that a ``BatchProcessor`` hands to its workers.

    ``second_engine`` is asked when ``engine`` refuses a file or finds no text. ``ocr_engine`` is ``None`` where OCR is not
    wanted or not there. ``versions`` of the parts are kept in each record; none without ``output``.
    """

    engine: TextEngine
    second_engine: TextEngine | None = None
    ocr_engine: OcrEngine | None = None
    extraction: Extraction = Extraction()
    limits: Limits = Limits()
    output: Output | None = None
    versions: dict[str, str] = field(default_factory=dict[str, str])

    def load(self) -> None:
        """Import what the output needs."""
        if self.output is not None and isinstance(self.output, SupportsPreload):
            self.output.load()

    def __call__(self, task: Task, watch: Watch | None = None) -> TaskResult:
        """Do one task; never raises for what a document does."""
        begun = self.begin(task, watch)
        return begun if isinstance(begun, TaskResult) else begun()

    def begin(self, task: Task, watch: Watch | None = None) -> TaskResult | Callable[[], TaskResult]:
        """Do all of a task but to wait for the output, which what is returned does; large texts are waited for here."""
        clock = TimeBudget.started(task, self.limits)
        with task_log.collect() as log, counting() as again:
            context = copy_context()
            begun = self._begun(task, clock, watch or _NO_WATCH)

        def rest() -> TaskResult:
            done = context.run(self._ended, task, clock, begun)
            return replace(done, seconds=clock.elapsed(), storage_retries=again.count, log=log.taken())

        size_bytes = begun.unwritten.size_bytes if isinstance(begun, _Begun) else 0
        return rest if 0 < size_bytes <= WAITING_BYTES else rest()

    def keep(self, result: DocumentResult) -> DocumentResult:
        """Write a result to the output, and return it without its pages; without output, return it as it is.

        Raises ``DocumentError`` with a storage cause.
        """
        return self._keeper.unwritten(result).written()

    def options(self, document: Document) -> str:
        """Digest of all settings that can change this document's text."""
        return self._keeper.options(document)

    # --- isolation ------------------------------------------------------------------------------------------------

    def _begun(self, task: Task, clock: TimeBudget, watch: Watch) -> "TaskResult | _Begun":
        try:
            step = self._step(task, clock, watch)
            return _Begun(step) if isinstance(step, PendingWrite) else step
        except Exception as error:  # noqa: BLE001 (isolation is the purpose: no document may harm another)
            return self._given_up(task, clock, _failure(task, error))

    def _ended(self, task: Task, clock: TimeBudget, begun: "TaskResult | _Begun") -> TaskResult:
        if isinstance(begun, TaskResult):
            return begun
        try:
            return TaskResult(result=begun.unwritten.written())
        except Exception as error:  # noqa: BLE001 (isolation is the purpose: no document may harm another)
            failure = _failure(task, error)
        if begun.failure is None:
            return self._ended(task, clock, self._given_up(task, clock, failure))
        needs_record = replace(failure, message=f"{begun.failure.message}; and: {failure.message}")
        return TaskResult(result=replace(begun.unwritten.result, failure=needs_record))

    def _step(self, task: Task, clock: TimeBudget, watch: Watch) -> TaskResult | PendingWrite:
        match task:
            case ReadTask():
                return self._read(task, clock, watch)
            case PartTask():
                return self._parts.read(task, clock, watch)
            case JoinTask():
                return self._parts.join(task, clock)

    def _given_up(self, task: Task, clock: TimeBudget, failure: Failure) -> "TaskResult | _Begun":
        if isinstance(task, PartTask) or failure.transient:
            return TaskResult(failure=failure)
        result = failed(task.document, failure)
        return _Begun(self._keeper.kept(task, clock, result, fingerprint=""), failure)

    # --- read -----------------------------------------------------------------------------------------------------

    def _read(self, task: ReadTask, clock: TimeBudget, watch: Watch) -> TaskResult | PendingWrite:
        document, opener = task.document, self._opener
        if task.failure is not None:  # whoever fetched the document has met it already
            raise DocumentError(task.failure.message, cause=task.failure.cause, transient=task.failure.transient)
        if (
            task.duplicate_of is not None
            and (done := self._without_reading(task, task.duplicate_of, clock)) is not None
        ):
            return done
        source = opener.source(task)
        if task.resume and (earlier := self._keeper.earlier(document, source.fingerprint)) is not None:
            return TaskResult(result=replace(earlier, attempts=task.attempt, duration_seconds=clock.elapsed()))
        with opener.opened(source, document) as (engine, reader):
            numbers = opener.page_numbers(document, reader.opened)
            pages, pending = reader.first_look(numbers, task.skipped_pages, clock, watch)
            draft = PartialDocument(
                fingerprint=source.fingerprint,
                engine=engine,
                page_numbers=numbers,
                pdf_metadata=dict(reader.opened.metadata),
                pages=tuple(pages),
            )
            if (outcome := self._parts.split(task, draft, pending)) is not None:
                return outcome
            pages += reader.ocr(pending, clock, watch)
        opener.confirm(task, source)
        return self._keeper.finished(task, clock, draft, pages, reader.ocr_seconds)

    def _without_reading(
        self, task: ReadTask, duplicate_of: DuplicateOf, clock: TimeBudget
    ) -> TaskResult | PendingWrite | None:
        """The earlier result of a document that has a twin, or what the twin's record holds."""
        earlier = self._keeper.earlier(task.document, duplicate_of.own_fingerprint) if task.resume else None
        if earlier is not None:
            return TaskResult(result=replace(earlier, attempts=task.attempt, duration_seconds=clock.elapsed()))
        copy = self._keeper.copied(task.document, duplicate_of)
        return None if copy is None else self._keeper.kept(task, clock, copy, fingerprint=duplicate_of.own_fingerprint)

    # --- what it is made of ---------------------------------------------------------------------------------------

    @property
    def _opener(self) -> DocumentOpener:
        return DocumentOpener(
            engine=self.engine,
            second_engine=self.second_engine,
            ocr_engine=self.ocr_engine,
            extraction=self.extraction,
            limits=self.limits,
        )

    @property
    def _keeper(self) -> ResultWriter:
        engines = (self.engine, self.second_engine, self.ocr_engine)
        return ResultWriter(
            output=self.output,
            extraction=self.extraction,
            engines=tuple(engine.name for engine in engines if engine is not None),
            versions=self.versions,
        )

    @property
    def _parts(self) -> Parts:
        return Parts(opener=self._opener, keeper=self._keeper)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A task that has come to a result which has yet to be written; ``failure`` when it was given up."""

    unwritten: PendingWrite
    failure: Failure | None = None


def _failure(task: Task, error: Exception) -> Failure:
    name = task.document.file_path
    match error:
        case DocumentError():
            return Failure(cause=error.cause, message=str(error), transient=error.transient)
        case MemoryError():
            return Failure(cause=Cause.MEMORY_LIMIT, message=f"{name}: memory ran out while it was read")
        case _:
            return Failure(cause=Cause.INTERNAL, message=f"{name}: {type(error).__name__}: {error}")


class _NoWatch:
    def page(self, number: int) -> None:
        """Nobody needs to know."""


_NO_WATCH = _NoWatch()
