"""The work that a worker does: read a document, or a part of it, and write the result. Isolates the errors of documents.

A ``ReadTask`` opens a document, reads the text layer of every page and finds out which pages need OCR. The worker reads a few
of those at once; a document with more of them is split: ``PartTask``s read some pages each, and a ``JoinTask`` builds the
document's result from the parts.
"""

from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from importlib import import_module

from pdfbatch import task_log
from pdfbatch.errors import Cause, DocumentError
from pdfbatch.model import Document, DocumentResult, Failure, Page
from pdfbatch.outcomes import failed_result
from pdfbatch.outputs import is_packed
from pdfbatch.ports import Findings, Needs, OcrEngine, Output, SupportsPreload, TextEngine, Watch
from pdfbatch.retry import count_retries
from pdfbatch.settings import Extraction, Limits
from pdfbatch.tasks import DuplicateOf, JoinTask, PartialDocument, PartTask, ReadTask, Task, TaskResult
from pdfbatch.work.defects import describe_defect
from pdfbatch.work.inspection import find_out
from pdfbatch.work.memory import MemoryAfterRereadingError
from pdfbatch.work.opener import DocumentOpener, InputData
from pdfbatch.work.pdf_dates import with_plain_dates
from pdfbatch.work.result_writer import PendingWrite, ResultWriter, StoredResult, may_have_record
from pdfbatch.work.splitter import Splitter
from pdfbatch.work.time_budget import TimeBudget

_FACTS_BYTES, _UNLIMITED_BYTES = 16 << 20, 1 << 40
BACKGROUND_WRITE_BYTES = 1 << 20
"""Larger results are written before the worker begins its next task, so that pending writes take little memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentWork:
    """The work of a batch's workers: a picklable description of how to read a document and where to write its text.

    ``second_engine`` is tried when ``engine`` cannot open a file or finds no text. ``ocr_engine`` is ``None`` when OCR is not
    wanted or not installed. ``versions`` of the engines are written to each record; they are empty without ``output``.
    ``passwords`` are tried, in this order, on documents that their own does not open.
    """

    engine: TextEngine
    second_engine: TextEngine | None = None
    ocr_engine: OcrEngine | None = None
    extraction: Extraction = Extraction()
    limits: Limits = Limits()
    output: Output | None = None
    versions: dict[str, str] = field(default_factory=dict[str, str])
    passwords: tuple[str, ...] = field(default=(), repr=False)

    @property
    def max_result_bytes(self) -> int:
        """What a result may amount to: facts, and the text where workers do not write it themselves."""
        if self.output is not None and not is_packed(self.output):
            return _FACTS_BYTES
        text = self.limits.max_text_bytes
        return _FACTS_BYTES + (_UNLIMITED_BYTES if text is None else text)

    def load(self) -> None:
        """Import what reads pages, and what the output needs."""
        import_module("pdfbatch.work.page_reader")
        if self.output is not None and isinstance(self.output, SupportsPreload):
            self.output.load()

    def __call__(self, task: Task, watch: Watch | None = None) -> TaskResult:
        """Do one task. Never raises for what a document does."""
        done = self.begin(task, watch)
        return done if isinstance(done, TaskResult) else done()

    def begin(self, task: Task, watch: Watch | None = None) -> TaskResult | Callable[[], TaskResult]:
        """Do the CPU part of a task. Return the result, or a callable that writes the output and returns the result.

        Large results are written before this returns. Neither this nor the callable raises for what a document does.
        """
        budget = TimeBudget.start(task, self.limits)
        with task_log.collect() as log, count_retries() as retries:
            context = copy_context()  # the callable may run in another thread, and its log records belong to the task
            done = self._run(task, budget, watch or _NO_WATCH)

        def finish() -> TaskResult:
            result = done if isinstance(done, TaskResult) else context.run(self._write, task, budget, done)
            return replace(
                result, seconds=budget.seconds_since_start(), storage_retries=retries.count, log=log.task_log()
            )

        if isinstance(done, PendingWrite) and 0 < done.size_bytes <= BACKGROUND_WRITE_BYTES:
            return finish
        return finish()

    def keep(self, result: DocumentResult) -> TaskResult:
        """Write a result that no worker could write, and return it without its pages; without output, return it as it is.

        Raises ``DocumentError`` with a storage cause.
        """
        pending = self._writer.prepare(result, name_may_be_taken=True)
        return TaskResult(result=pending.write(), body=pending.body, text_bytes=pending.text_bytes)

    def options(self, document: Document) -> str:
        """Return a digest of all settings that can change this document's text."""
        return self._writer.options(document)

    def inspect(self, needs: Needs) -> Findings:
        """Look here for the engines, the output and the input. Never raises."""
        return find_out(needs, (self.engine, self.second_engine), self.ocr_engine, self.output)

    # --- read -----------------------------------------------------------------------------------------------------

    def _run(self, task: Task, budget: TimeBudget, watch: Watch) -> TaskResult | PendingWrite:
        """Do a task up to its write. Turn what it raises into a failure."""
        try:
            match task:
                case ReadTask():
                    return self._read(task, budget, watch)
                case PartTask():
                    return self._splitter.read_part(task, budget, watch)
                case JoinTask():
                    return self._splitter.join(task, budget)
        except MemoryAfterRereadingError as error:  # not final: the pool knows the pages that were read
            return TaskResult(failure=_failure(task, error, self.engine.name))
        except Exception as error:  # noqa: BLE001 (isolation is the purpose: no document may harm another)
            return self._fail(task, budget, _failure(task, error, self.engine.name))

    def _read(self, task: ReadTask, budget: TimeBudget, watch: Watch) -> TaskResult | PendingWrite:
        document, opener, writer = task.document, self._opener, self._writer
        if task.failure is not None:  # its download failed
            raise DocumentError(task.failure.message, cause=task.failure.cause, transient=task.failure.transient)
        if task.duplicate_of is not None:
            found = self._find_duplicate(task, task.duplicate_of, budget)
            if found is not None:
                return found
        source = opener.load(task)
        if task.resume and (previous := writer.find_previous(document, source.fingerprint)) is not None:
            return _skip(task, previous, budget)
        with opener.open(source, document) as (engine, reader):
            reader.no_rereading = task.no_rereading
            numbers = opener.page_numbers(document, reader.opened)
            pages, pending = reader.read_text_layers(numbers, _find_skipped(task, source), budget, watch)
            language = reader.guess_language(pages) if pending else None
            partial = PartialDocument(
                fingerprint=source.fingerprint,
                engine=engine,
                page_numbers=numbers,
                pdf_metadata=with_plain_dates(reader.opened.metadata),
                pages=tuple(pages),
                missing=opener.missing_pages(document, reader.opened),
                language=language,
                extras=reader.opened.extras,
            )
            if pending and (split := self._splitter.split(task, partial, pending)) is not None:
                return split
            pages += reader.run_ocr(pending, budget, watch, text_pages=len(pages))
        opener.check_unchanged(task, source)
        return writer.build(task, budget, partial, pages, reader.ocr_seconds)

    def _find_duplicate(
        self, task: ReadTask, duplicate_of: DuplicateOf, budget: TimeBudget
    ) -> TaskResult | PendingWrite | None:
        """Return the earlier result of a duplicate, or a copy of the result of the document that it duplicates."""
        document, writer, fingerprint = task.document, self._writer, duplicate_of.own_fingerprint
        if task.resume and (previous := writer.find_previous(document, fingerprint)) is not None:
            return _skip(task, previous, budget)
        copy = writer.copy_of(duplicate_of, document)
        if copy is None:
            return None
        costly = writer.with_costs(copy, task, budget, fingerprint=fingerprint)
        return writer.prepare(costly, name_may_be_taken=task.has_record)

    # --- write and fail -------------------------------------------------------------------------------------------

    def _write(self, task: Task, budget: TimeBudget, pending: PendingWrite) -> TaskResult:
        """Write the files of a result. When that fails, try to write a failed result in its place."""
        try:
            return TaskResult(result=pending.write(), body=pending.body, text_bytes=pending.text_bytes)
        except Exception as error:  # noqa: BLE001 (isolation is the purpose: no document may harm another)
            failure = _failure(task, error, self.engine.name)
        if pending.failure is not None:  # this was the failed result: the parent gets both failures, and no record
            failure = replace(failure, message=f"{pending.failure.message}; and: {failure.message}")
            return TaskResult(result=replace(pending.result, failure=failure))
        failed = self._fail(task, budget, failure)
        return failed if isinstance(failed, TaskResult) else self._write(task, budget, failed)

    def _fail(self, task: Task, budget: TimeBudget, failure: Failure) -> TaskResult | PendingWrite:
        """Return a failure that the parent handles, by another attempt or by joining without the part, or a failed result."""
        if isinstance(task, PartTask) or failure.transient:
            return TaskResult(failure=failure)
        result = self._writer.with_costs(failed_result(task.document, failure), task, budget, fingerprint="")
        pending = self._writer.prepare(result, name_may_be_taken=may_have_record(task))
        return replace(pending, failure=failure)

    # --- parts of the work ----------------------------------------------------------------------------------------

    @property
    def _opener(self) -> DocumentOpener:
        return DocumentOpener(
            engine=self.engine,
            second_engine=self.second_engine,
            ocr_engine=self.ocr_engine,
            extraction=self.extraction,
            limits=self.limits,
            passwords=self.passwords,
        )

    @property
    def _writer(self) -> ResultWriter:
        engines = (self.engine, self.second_engine, self.ocr_engine)
        return ResultWriter(
            output=self.output,
            extraction=self.extraction,
            engines=tuple(engine.name for engine in engines if engine is not None),
            versions=self.versions,
        )

    @property
    def _splitter(self) -> Splitter:
        return Splitter(opener=self._opener, writer=self._writer)


def _skip(task: ReadTask, previous: StoredResult, budget: TimeBudget) -> TaskResult:
    result = replace(previous.result, attempts=task.attempt, duration_seconds=budget.seconds_since_start())
    return TaskResult(result=result, text_bytes=previous.text_bytes)


def _find_skipped(task: ReadTask, source: InputData) -> tuple[Page, ...]:
    """Return the pages that are not read again: none where they are of another version of the document."""
    is_other = task.skipped_fingerprint not in ("", source.fingerprint)
    return () if is_other else task.skipped_pages


def _failure(task: Task, error: Exception, engine: str) -> Failure:
    name = task.document.file_path
    match error:
        case DocumentError():
            return Failure(cause=error.cause, message=str(error), transient=error.transient)
        case MemoryError():
            return Failure(cause=Cause.MEMORY_LIMIT, message=f"{name}: memory ran out while it was read")
        case _:
            return Failure(cause=Cause.INTERNAL, message=f"{name}: {describe_defect(error, engine)}")


class _NoWatch:
    def page(self, number: int) -> None:
        """Ignore the page: the task runs without a supervisor."""


_NO_WATCH = _NoWatch()
