"""``BatchProcessor``: the settings of a batch in one value, and the ways to run one."""

import logging
import uuid
from collections.abc import AsyncGenerator, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Literal

from pdfbatch import defaults
from pdfbatch.batch import Batch, Notifier, ProgressTracker
from pdfbatch.errors import DependencyError, UsageError
from pdfbatch.inputs import Inputs, Manifest, ManifestSource, documents_from
from pdfbatch.model import Document, DocumentResult, DocumentStatus
from pdfbatch.outputs import Results, read_record
from pdfbatch.ports import Executor, OcrEngine, Output, Shared, SinkLike, TextEngine
from pdfbatch.report import BatchReport, BatchStatus
from pdfbatch.settings import Extraction, Limits, RetryPolicy
from pdfbatch.work import DocumentWork

log = logging.getLogger(__name__)

Order = Literal["completed", "input"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchProcessor:
    """Turns documents into text: where the work is done, where text goes, who hears of it, and what it may cost.

    ``executor``: by default processes, else threads, else one after the other. ``storage``: where text goes; ``None`` keeps
    it in the results. ``engine`` reads PDFs (pdfium by default) and ``second_engine`` is asked when it refuses one;
    ``ocr_engine`` reads pictures (by default tesserocr where it is installed and the executor contains crashes, else the
    tesseract program). With ``deduplicate`` a document whose bytes (and own settings) are
    those of an earlier one of the batch is not read again: it gets the same text as a ``duplicate``, which names its twin;
    that needs a ``storage``, or ``run``. A processor holds no resources and can run any number of batches.
    """

    executor: Executor | None = None
    storage: Output | None = None
    sinks: Sequence[SinkLike] = ()
    extraction: Extraction = Extraction()
    limits: Limits = Limits()
    retry: RetryPolicy = RetryPolicy()
    engine: TextEngine | None = None
    second_engine: TextEngine | None = None
    ocr_engine: OcrEngine | None = None
    deduplicate: bool = True

    def run(
        self,
        documents: Inputs,
        *,
        batch_id: str | None = None,
        batch_size: int = 10,
        resume: bool = False,
        retry_failed: bool = False,
        max_failure_rate: float | None = None,
    ) -> BatchReport:
        """Process all documents and return the report.

        ``documents`` is anything that ``pdfbatch.inputs.sources.documents_from`` takes. ``batch_size`` documents are counted
        together in ``report.batches``. ``resume`` leaves out documents that an earlier run finished with the same input
        and settings; ``retry_failed`` takes only those that failed there. The batch stops early, as ``failed``, when a
        larger share of its documents (0 to 1) than ``max_failure_rate`` fails.

        Raises a ``UsageError`` before any work, and ``ExecutorError`` when no executor can do the work. Ctrl-C raises
        ``KeyboardInterrupt`` after the workers have been stopped; what was finished is kept.
        """
        options = _BatchOptions(batch_id, batch_size, resume, retry_failed, max_failure_rate)
        batch = self._batch(documents, options, Results(self.storage))
        for _ in batch.results():
            pass
        return batch.report()

    def run_manifest(
        self,
        manifest: ManifestSource,
        *,
        batch_size: int = 10,
        resume: bool = False,
        retry_failed: bool = False,
        max_failure_rate: float | None = None,
    ) -> BatchReport:
        """Process the documents of a manifest (or its path, URL or parsed JSON); the manifest's id names the batch.

        Raises ``ManifestError`` before any work when it is not one; else as ``run``.
        """
        loaded = Manifest.load(manifest)
        return self.run(
            loaded,
            batch_id=loaded.id or None,
            batch_size=batch_size,
            resume=resume,
            retry_failed=retry_failed,
            max_failure_rate=max_failure_rate,
        )

    def stream(
        self,
        documents: Inputs,
        *,
        order: Order = "completed",
        batch_id: str | None = None,
        resume: bool = False,
        retry_failed: bool = False,
        max_failure_rate: float | None = None,
    ) -> Generator[DocumentResult]:
        """Process documents and yield each result as it comes, or in the caller's ``order="input"``.

        Everything that can be checked is checked at the call; work begins with the first result that is asked for. Closing
        the generator cancels the batch. Raises as ``run``.
        """
        options = _BatchOptions(batch_id, 10, resume, retry_failed, max_failure_rate)
        return _streamed(self._batch(documents, options, None), order)

    async def astream(
        self,
        documents: Inputs,
        *,
        order: Order = "completed",
        batch_id: str | None = None,
        resume: bool = False,
        retry_failed: bool = False,
        max_failure_rate: float | None = None,
    ) -> AsyncGenerator[DocumentResult]:
        """As ``stream``, for a running event loop, which is never blocked. Cancelling the task cancels the batch."""
        import asyncio  # noqa: PLC0415 (who calls this has loaded it)

        options = _BatchOptions(batch_id, 10, resume, retry_failed, max_failure_rate)
        loop = asyncio.get_running_loop()
        thread = ThreadPoolExecutor(1, thread_name_prefix="pdfbatch-astream")
        try:
            batch = await loop.run_in_executor(thread, self._batch, documents, options, None)
            results = _streamed(batch, order)
            try:
                while (result := await loop.run_in_executor(thread, next, results, None)) is not None:
                    yield result
            finally:
                batch.cancel()
                await asyncio.shield(loop.run_in_executor(thread, results.close))
        finally:
            thread.shutdown(wait=False)

    def _batch(self, documents: Inputs, options: "_BatchOptions", results: Results | None) -> Batch:
        """Check all that can be checked, and put a batch together."""
        options.check()
        if self.storage is not None:
            self.storage.check()
        found = documents_from(documents)
        chosen = self._chosen(found, options)
        expected = 0 if options.retry_failed else found.count() or 0
        executor = self.executor or defaults.executor_for(self.storage)
        work = self._work(executor)
        deduplicate = self.deduplicate and not (self.storage is None and results is None)
        if executor.shares < Shared.MEMORY or deduplicate:
            chosen = map(defaults.brought_along, chosen)
        self._check_executor(executor)
        ledger = options.ledger(results, executor.name)
        return Batch(
            documents=chosen,
            executor=executor,
            work=work,
            ledger=ledger,
            broadcast=Notifier(defaults.sinks_from(self.sinks)),
            retry=self.retry,
            limits=self.limits,
            resume=options.resume,
            deduplicate=deduplicate,
            expected=expected,
        )

    def _work(self, executor: Executor) -> DocumentWork:
        engine = self.engine or defaults.engine()
        second_engine = self.second_engine or defaults.second_engine(engine)
        ocr_engine = self._checked_ocr_engine(executor)
        parts = [part for part in (engine, second_engine, ocr_engine) if part is not None]
        return DocumentWork(
            engine=engine,
            second_engine=second_engine,
            ocr_engine=ocr_engine,
            extraction=self.extraction,
            limits=self.limits,
            output=self.storage,
            versions={} if self.storage is None else defaults.versions(parts),  # only records tell them
        )

    def _checked_ocr_engine(self, executor: Executor) -> OcrEngine | None:
        """The OCR engine, when OCR is wanted and there; raises ``DependencyError`` when it is wanted, not there and due."""
        if self.extraction.ocr == "never":
            return None
        languages = self.extraction.languages
        engine = self.ocr_engine or defaults.ocr_engine(executor, languages)
        try:
            engine.check(languages)
        except DependencyError as error:
            if self.extraction.on_missing_ocr == "fail":
                message = f"{error} Or go without OCR: on_missing_ocr='skip' flags the pages that need it, ocr='never'."
                raise DependencyError(message) from error
            log.warning("OCR is not available, pages that need it will have no text: %s", error)
            return None
        return engine

    def _check_executor(self, executor: Executor) -> None:
        if replace(self.limits, storage_timeout=Limits().storage_timeout) != Limits() and not executor.kills:
            log.warning(
                "executor '%s' cannot stop a document that hangs or grows: limits are only kept between pages",
                executor.name,
            )
        if defaults.is_output_process_local(self.storage) and executor.shares < Shared.MEMORY:
            raise UsageError(
                f"{self.storage!r} exists in this process only, and executor '{executor.name}' works in others: "
                "use a ThreadExecutor, or another output"
            )

    def _chosen(self, documents: Iterator[Document], options: "_BatchOptions") -> Iterator[Document]:
        if not options.retry_failed:
            return documents
        if self.storage is None:
            raise UsageError("retry_failed needs an output: it looks there for the documents that failed")
        return _failed_before(documents, self.storage)


@dataclass(frozen=True, slots=True)
class _BatchOptions:
    """What is asked of one batch."""

    batch_id: str | None
    batch_size: int
    resume: bool
    retry_failed: bool
    max_failure_rate: float | None

    def check(self) -> None:
        if self.batch_size < 1:
            raise UsageError(f"batch_size must be at least 1, not {self.batch_size}")
        if self.max_failure_rate is not None and not 0 <= self.max_failure_rate <= 1:
            raise UsageError(f"max_failure_rate is a share between 0 and 1, not {self.max_failure_rate:g}")

    def ledger(self, results: Results | None, executor: str) -> ProgressTracker:
        status = BatchStatus(batch_id=self.batch_id or str(uuid.uuid4()), executor=executor)
        return ProgressTracker(
            status=status, results=results, batch_size=self.batch_size, max_failure_rate=self.max_failure_rate
        )


def _streamed(batch: Batch, order: Order) -> Generator[DocumentResult]:
    with closing(batch.results()) as results:
        if order == "input":
            yield from _in_order(results)
        else:
            for _, result in results:
                yield result


def _in_order(results: Iterable[tuple[int, DocumentResult]]) -> Iterator[DocumentResult]:
    """Results by position; those that come before their turn are held back."""
    waiting: dict[int, DocumentResult] = {}
    turn = 0
    for position, result in results:
        waiting[position] = result
        while turn in waiting:
            yield waiting.pop(turn)
            turn += 1
    for position in sorted(waiting):
        yield waiting[position]


def _failed_before(documents: Iterable[Document], output: Output) -> Iterator[Document]:
    for document in documents:
        record = read_record(output, document.document_uuid)
        if record is not None and not DocumentStatus(record["status"]).ok:
            yield document
