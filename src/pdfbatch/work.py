"""What a worker does to one task: read, extract, recognize, persist. The one place that isolates errors.

A ``read`` task opens a document, takes the text layer of every page and finds out which pages need OCR. A few are read at
once; more make the document split: ``part`` tasks read some pages each, and a ``join`` puts the document together.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from pdfbatch import tasklog
from pdfbatch.causes import Cause
from pdfbatch.clock import Clock
from pdfbatch.conclude import as_duplicate, concluded, failed, lost_pages
from pdfbatch.errors import DocumentError
from pdfbatch.inputs import read_document
from pdfbatch.model import Document, DocumentResult, DocumentStatus, Failure, Page
from pdfbatch.pageranges import pages_in
from pdfbatch.plan import split
from pdfbatch.ports import OcrEngine, OpenDocument, Output, TextEngine, Watch
from pdfbatch.reading import PageReader, Pending
from pdfbatch.record import (
    Provenance,
    options_digest,
    pages_from_json,
    pages_of,
    pages_to_json,
    parts_folder,
    persist,
    read_record,
    read_record_of,
    record_name,
    result_of,
)
from pdfbatch.settings import Extraction, Limits
from pdfbatch.tasks import Draft, Step, Task, TaskResult, Twin

# A twin that is partial, empty or failed is no model: its duplicate is read, so that its status says what came of it.
_COPIED = frozenset({DocumentStatus.SUCCEEDED, DocumentStatus.DUPLICATE})


@dataclass(frozen=True, slots=True)
class WorkSource:
    """A local path or the bytes of a document, and which version of it that is."""

    data: str | bytes
    fingerprint: str


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
        with tasklog.collect() as log:
            outcome = self._isolated(task, clock, watch or _NO_WATCH)
        return replace(outcome, seconds=clock.elapsed(), log=log.taken())

    def _isolated(self, task: Task, clock: Clock, watch: Watch) -> TaskResult:
        try:
            return self._step(task, clock, watch)
        except DocumentError as error:
            failure = Failure(cause=error.cause, message=str(error), transient=error.transient)
        except MemoryError:
            failure = Failure(cause=Cause.MEMORY_LIMIT, message=f"{_name(task)}: memory ran out while it was read")
        except Exception as error:  # noqa: BLE001 (isolation is the purpose: no document may harm another)
            failure = Failure(cause=Cause.INTERNAL, message=f"{_name(task)}: {type(error).__name__}: {error}")
        return self._given_up(task, clock, failure)

    def _step(self, task: Task, clock: Clock, watch: Watch) -> TaskResult:
        match task.step:
            case Step.READ:
                return self._read(task, clock, watch)
            case Step.PART:
                return self._part(task, clock, watch)
            case Step.JOIN:
                return self._join(task, clock)

    def _given_up(self, task: Task, clock: Clock, failure: Failure) -> TaskResult:
        if task.step is Step.PART or failure.transient:
            return TaskResult(failure=failure)
        result = failed(task.document, failure)
        try:
            return TaskResult(result=self._kept(task, clock, result, fingerprint=""))
        except DocumentError as error:
            unkept = Failure(cause=error.cause, message=f"{failure.message}; and: {error}", transient=error.transient)
            return TaskResult(result=replace(result, failure=unkept))

    # --- read -----------------------------------------------------------------------------------------------------

    def _read(self, task: Task, clock: Clock, watch: Watch) -> TaskResult:
        document = task.document
        if task.failure is not None:  # whoever fetched the document has met it already
            return self._given_up(task, clock, task.failure)
        if task.twin is not None and (done := self._without_reading(task, task.twin, clock)) is not None:
            return TaskResult(result=done)
        source = self._source(task)
        if task.resume and (earlier := self._earlier(document, source.fingerprint)) is not None:
            return TaskResult(result=replace(earlier, attempts=task.attempt, duration_seconds=clock.elapsed()))
        with self._opened(source, document) as (engine, opened):
            numbers = self._page_numbers(document, opened)
            reader = self._reader(document, source, opened)
            pages, pending = _first_look(reader, numbers, task, clock, watch)
            draft = Draft(
                fingerprint=source.fingerprint,
                engine=engine,
                page_numbers=numbers,
                pdf_metadata=dict(opened.metadata),
                pages=tuple(pages),
            )
            if parts := split([page.number for page in pending], self.extraction.part_pages):
                return self._split(task, draft, parts)
            pages += reader.ocr(pending, clock, watch)
        return TaskResult(result=self._finished(task, clock, draft, pages, reader.ocr_seconds))

    def _source(self, task: Task) -> WorkSource:
        """What the engine opens: the spooled copy where there is one, else what is behind the document's path."""
        if task.copy is not None:
            return WorkSource(task.copy.path, task.copy.fingerprint)
        source = read_document(task.document, max_file_bytes=self.limits.max_file_bytes)
        return WorkSource(source.data, str(source.fingerprint))

    @contextmanager
    def _opened(self, source: WorkSource, document: Document) -> Generator[tuple[str, OpenDocument]]:
        with ExitStack() as stack:
            yield self._entered(stack, source, document)

    def _entered(self, stack: ExitStack, source: WorkSource, document: Document) -> tuple[str, OpenDocument]:
        second = self.second_engine
        try:
            return self.engine.name, stack.enter_context(self.engine.open(source.data, password=document.password))
        except DocumentError as error:
            if second is None or error.cause is not Cause.MALFORMED:
                raise
            refused = error
        try:
            return second.name, stack.enter_context(second.open(source.data, password=document.password))
        except DocumentError as error:
            raise DocumentError(f"{refused}; {second.name}: {error}", cause=refused.cause) from refused

    def _page_numbers(self, document: Document, opened: OpenDocument) -> tuple[int, ...]:
        limit, count = self.limits.max_pages, opened.page_count
        if limit is not None and count > limit:
            raise DocumentError(
                f"{document.file_path}: {count} pages are more than the limit of {limit}", cause=Cause.LIMIT_PAGES
            )
        return tuple(pages_in(document.pages, count))

    def _reader(self, document: Document, source: WorkSource, opened: OpenDocument) -> PageReader:
        return PageReader(
            document=document,
            data=source.data,
            opened=opened,
            extraction=self.extraction,
            limits=self.limits,
            second_engine=self.second_engine,
            ocr_engine=self.ocr_engine,
        )

    def _without_reading(self, task: Task, twin: Twin, clock: Clock) -> DocumentResult | None:
        """The earlier result of a document that has a twin, or what the twin's record holds."""
        earlier = self._earlier(task.document, twin.own_fingerprint) if task.resume else None
        if earlier is not None:
            return replace(earlier, attempts=task.attempt, duration_seconds=clock.elapsed())
        copy = self._copied(task.document, twin)
        return None if copy is None else self._kept(task, clock, copy, fingerprint=twin.own_fingerprint)

    def _copied(self, document: Document, twin: Twin) -> DocumentResult | None:
        """The result of a twin that succeeded with the same bytes and settings, as that of the document."""
        record = None if self.output is None else read_record_of(self.output, twin.document_uuid)
        if self.output is None or record is None or DocumentStatus(record["status"]) not in _COPIED:
            return None
        if (record["input"]["fingerprint"], record["options"]) != (twin.fingerprint, self.options(document)):
            return None
        found = result_of(record, document, self.output)
        return as_duplicate(replace(found, pages=pages_of(record), output=None), document, twin)

    def _earlier(self, document: Document, fingerprint: str) -> DocumentResult | None:
        """The earlier result of the same bytes under the same settings, when it ended well."""
        record = None if self.output is None else read_record(self.output, document)
        if self.output is None or record is None:
            return None
        same = (record["input"]["fingerprint"], record["options"]) == (fingerprint, self.options(document))
        if not same or not DocumentStatus(record["status"]).ok:
            return None
        found = result_of(record, document, self.output)
        return replace(found, status=DocumentStatus.SKIPPED, pages=(), pdf_metadata={})

    # --- split ----------------------------------------------------------------------------------------------------

    def _split(self, task: Task, draft: Draft, parts: Sequence[tuple[int, ...]]) -> TaskResult:
        done: frozenset[str] = frozenset()
        if self.output is not None:
            folder = parts_folder(task.document, draft.fingerprint, self.options(task.document))
            done = frozenset(self.output.names(folder)) if task.resume else done
            self.output.write(f"{folder}text.json", pages_to_json(draft.pages))
            draft = replace(draft, pages=(), folder=folder)
        todo = [numbers for numbers in parts if _part_name(draft, numbers) not in done]
        return TaskResult(
            parts=tuple(replace(task, step=Step.PART, attempt=1, pages=part, draft=draft) for part in todo),
            join=replace(task, step=Step.JOIN, draft=draft),
        )

    def _part(self, task: Task, clock: Clock, watch: Watch) -> TaskResult:
        document, draft = task.document, _draft(task)
        source = self._source(task)
        if source.fingerprint != draft.fingerprint:
            message = f"{document.file_path}: the input changed while its parts were read"
            raise DocumentError(message, cause=Cause.INPUT_CHANGED)
        with self._opened(source, document) as (_, opened):
            reader = self._reader(document, source, opened)
            pages, pending = _first_look(reader, task.pages, task, clock, watch)
            pages += reader.ocr(pending, clock, watch)
        pages.sort(key=lambda page: page.number)
        if self.output is not None and draft.folder is not None:
            self.output.write(_part_name(draft, task.pages), pages_to_json(pages))
            pages = []
        return TaskResult(pages=tuple(pages))

    def _join(self, task: Task, clock: Clock) -> TaskResult:
        draft = _draft(task)
        found = {page.number: page for page in (*draft.pages, *self._stored_parts(draft), *task.found)}
        found.update((page.number, page) for page in task.lost if page.number not in found)
        missing = Failure(cause=Cause.INTERNAL, message=f"{_name(task)}: no part has read this page")
        pages = [found.get(number) or lost_pages([number], missing)[0] for number in draft.page_numbers]
        result = self._finished(task, clock, draft, pages, ocr_seconds=task.worked_seconds)
        if self.output is not None and draft.folder is not None:
            self.output.delete(draft.folder)
        return TaskResult(result=result)

    def _stored_parts(self, draft: Draft) -> Iterator[Page]:
        if self.output is not None and draft.folder is not None:
            for name in self.output.names(draft.folder):
                yield from pages_from_json(self.output.read(name))

    # --- persist --------------------------------------------------------------------------------------------------

    def _finished(
        self, task: Task, clock: Clock, draft: Draft, pages: Sequence[Page], ocr_seconds: float
    ) -> DocumentResult:
        result = concluded(
            task.document,
            sorted(pages, key=lambda page: page.number),
            failure=clock.failure(task.document.file_path) if clock.ran_out else task.failure,
            pdf_metadata=draft.pdf_metadata,
            ocr_seconds=ocr_seconds,
        )
        return self._kept(task, clock, result, fingerprint=draft.fingerprint)

    def _kept(self, task: Task, clock: Clock, result: DocumentResult, *, fingerprint: str) -> DocumentResult:
        seconds = task.worked_seconds + clock.elapsed()
        result = replace(result, attempts=task.attempt, duration_seconds=seconds, fingerprint=fingerprint)
        return self.keep(result)

    def keep(self, result: DocumentResult) -> DocumentResult:
        """Write a result to the output, and return it without its pages; without output, return it as it is.

        Raises ``DocumentError`` with a storage cause.
        """
        if self.output is None:
            return result
        provenance = Provenance(
            fingerprint=result.fingerprint,
            options=self.options(result.document),
            versions=self.versions,
            finished_at=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        )
        persist(self.output, result, provenance)
        return replace(result, pages=(), output=self.output.uri(record_name(result.document)))

    def options(self, document: Document) -> str:
        """Digest of all settings that can change this document's text."""
        engines = (engine.name for engine in (self.engine, self.second_engine, self.ocr_engine) if engine is not None)
        return options_digest(self.extraction, tuple(engines), document.pages, document.languages)


class _NoWatch:
    def page(self, number: int) -> None:
        """Nobody needs to know."""


_NO_WATCH = _NoWatch()


def _first_look(
    reader: PageReader, numbers: Sequence[int], task: Task, clock: Clock, watch: Watch
) -> tuple[list[Page], list[Pending]]:
    """The pages that are done with their text layer, and those that wait for OCR."""
    lost = {page.number: page for page in task.lost}
    pages: list[Page] = []
    pending: list[Pending] = []
    for number in numbers:
        if number in lost:
            pages.append(lost[number])
        elif clock.expired():
            pages.extend(lost_pages([number], clock.failure(_name(task))))
        else:
            watch.page(number)
            seen = reader.look(number)
            pages.append(seen) if isinstance(seen, Page) else pending.append(seen)
    watch.page(0)
    return pages, pending


def _part_name(draft: Draft, numbers: Sequence[int]) -> str:
    return f"{draft.folder}{numbers[0]:06d}-{numbers[-1]:06d}.json"


def _draft(task: Task) -> Draft:
    if task.draft is None:
        raise DocumentError(f"{_name(task)}: a {task.step} task without a draft", cause=Cause.INTERNAL)
    return task.draft


def _name(task: Task) -> str:
    return task.document.file_path
