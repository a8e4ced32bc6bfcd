"""What a worker does to one task: read, extract, recognize, persist. The one place that isolates errors.

A ``read`` task opens a document, takes the text layer of every page and finds out which pages need OCR. A few are read at
once; more make the document split: ``part`` tasks read some pages each, and a ``join`` puts the document together.
"""

from dataclasses import dataclass, field, replace

from pdfbatch import repeats, tasklog
from pdfbatch.causes import Cause
from pdfbatch.clock import Clock
from pdfbatch.conclude import failed
from pdfbatch.errors import DocumentError
from pdfbatch.keeping import Keeper
from pdfbatch.model import Document, DocumentResult, Failure
from pdfbatch.opening import Opener
from pdfbatch.parts import Parts
from pdfbatch.ports import OcrEngine, Output, TextEngine, Watch
from pdfbatch.settings import Extraction, Limits
from pdfbatch.tasks import Draft, Step, Task, TaskResult, Twin


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentWork:
    """Text from PDFs: the work that a ``BatchProcessor`` hands to its workers.

    ``second_engine`` is asked when ``engine`` refuses a file or finds no text. ``ocr_engine`` is ``None`` where OCR is not
    wanted or not there. ``versions`` of the parts are kept in each record.
    """

    engine: TextEngine
    second_engine: TextEngine | None = None
    ocr_engine: OcrEngine | None = None
    extraction: Extraction = Extraction()
    limits: Limits = Limits()
    output: Output | None = None
    versions: dict[str, str] = field(default_factory=dict[str, str])

    def __call__(self, task: Task, watch: Watch | None = None) -> TaskResult:
        """Do one task; never raises for what a document does."""
        clock = Clock.started(task, self.limits)
        with tasklog.collect() as log, repeats.counting() as again:
            outcome = self._isolated(task, clock, watch or _NO_WATCH)
        return replace(outcome, seconds=clock.elapsed(), repeats=again.count, log=log.taken())

    def keep(self, result: DocumentResult) -> DocumentResult:
        """Write a result to the output, and return it without its pages; without output, return it as it is.

        Raises ``DocumentError`` with a storage cause.
        """
        return self._keeper.keep(result)

    def options(self, document: Document) -> str:
        """Digest of all settings that can change this document's text."""
        return self._keeper.options(document)

    # --- isolation ------------------------------------------------------------------------------------------------

    def _isolated(self, task: Task, clock: Clock, watch: Watch) -> TaskResult:
        name = task.document.file_path
        try:
            return self._step(task, clock, watch)
        except DocumentError as error:
            failure = Failure(cause=error.cause, message=str(error), transient=error.transient)
        except MemoryError:
            failure = Failure(cause=Cause.MEMORY_LIMIT, message=f"{name}: memory ran out while it was read")
        except Exception as error:  # noqa: BLE001 (isolation is the purpose: no document may harm another)
            failure = Failure(cause=Cause.INTERNAL, message=f"{name}: {type(error).__name__}: {error}")
        return self._given_up(task, clock, failure)

    def _step(self, task: Task, clock: Clock, watch: Watch) -> TaskResult:
        match task.step:
            case Step.READ:
                return self._read(task, clock, watch)
            case Step.PART:
                return self._parts.read(task, clock, watch)
            case Step.JOIN:
                return self._parts.join(task, clock)

    def _given_up(self, task: Task, clock: Clock, failure: Failure) -> TaskResult:
        if task.step is Step.PART or failure.transient:
            return TaskResult(failure=failure)
        result = failed(task.document, failure)
        try:
            return TaskResult(result=self._keeper.kept(task, clock, result, fingerprint=""))
        except DocumentError as error:
            unkept = Failure(cause=error.cause, message=f"{failure.message}; and: {error}", transient=error.transient)
            return TaskResult(result=replace(result, failure=unkept))

    # --- read -----------------------------------------------------------------------------------------------------

    def _read(self, task: Task, clock: Clock, watch: Watch) -> TaskResult:
        document, opener = task.document, self._opener
        if task.failure is not None:  # whoever fetched the document has met it already
            return self._given_up(task, clock, task.failure)
        if task.twin is not None and (done := self._without_reading(task, task.twin, clock)) is not None:
            return TaskResult(result=done)
        source = opener.source(task)
        if task.resume and (earlier := self._keeper.earlier(document, source.fingerprint)) is not None:
            return TaskResult(result=replace(earlier, attempts=task.attempt, duration_seconds=clock.elapsed()))
        with opener.opened(source, document) as (engine, reader):
            numbers = opener.page_numbers(document, reader.opened)
            pages, pending = reader.first_look(numbers, task.lost, clock, watch)
            draft = Draft(
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
        return TaskResult(result=self._keeper.finished(task, clock, draft, pages, reader.ocr_seconds))

    def _without_reading(self, task: Task, twin: Twin, clock: Clock) -> DocumentResult | None:
        """The earlier result of a document that has a twin, or what the twin's record holds."""
        earlier = self._keeper.earlier(task.document, twin.own_fingerprint) if task.resume else None
        if earlier is not None:
            return replace(earlier, attempts=task.attempt, duration_seconds=clock.elapsed())
        copy = self._keeper.copied(task.document, twin)
        return None if copy is None else self._keeper.kept(task, clock, copy, fingerprint=twin.own_fingerprint)

    # --- what it is made of ---------------------------------------------------------------------------------------

    @property
    def _opener(self) -> Opener:
        return Opener(
            engine=self.engine,
            second_engine=self.second_engine,
            ocr_engine=self.ocr_engine,
            extraction=self.extraction,
            limits=self.limits,
        )

    @property
    def _keeper(self) -> Keeper:
        engines = (self.engine, self.second_engine, self.ocr_engine)
        return Keeper(
            output=self.output,
            extraction=self.extraction,
            engines=tuple(engine.name for engine in engines if engine is not None),
            versions=self.versions,
        )

    @property
    def _parts(self) -> Parts:
        return Parts(opener=self._opener, keeper=self._keeper)


class _NoWatch:
    def page(self, number: int) -> None:
        """Nobody needs to know."""


_NO_WATCH = _NoWatch()
