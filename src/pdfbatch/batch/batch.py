"""Run one batch: turn documents into tasks, count, report and keep their results."""

import logging
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import IO

from pdfbatch.batch.duplicate_filter import DuplicateFilter, PendingDocument
from pdfbatch.batch.notifier import Notifier
from pdfbatch.batch.progress import ProgressTracker
from pdfbatch.batch.resume import ResumeState, load_resume_state
from pdfbatch.batch.scheduler import Completed, Events, Scheduler
from pdfbatch.batch.startup import start_pool
from pdfbatch.batch.task_source import TaskSource
from pdfbatch.errors import Cause, DocumentError
from pdfbatch.model import Document, DocumentResult, Failure
from pdfbatch.outcomes import failed_result
from pdfbatch.outputs import to_json, with_stored_pages
from pdfbatch.ports import Executor, Locality, Output, Shared, SupportsSweep
from pdfbatch.prefetch import FetchSettings
from pdfbatch.report import BatchReport, BatchState, BatchStatus
from pdfbatch.settings import Limits, RetryPolicy
from pdfbatch.task_log import route_engines
from pdfbatch.work import DocumentWork

log: logging.Logger = logging.getLogger(__name__)

REPORT_NAME = "report.json"
FAILURES_NAME = "failures.jsonl"
_FAILURES_IN_MEMORY_BYTES = 1 << 20


class _StoppedEarly(Exception):  # noqa: N818 (raised to leave the pool by an exception, which makes it stop at once)
    """The batch was stopped before its documents were exhausted."""


def _open_failures() -> IO[bytes]:
    return tempfile.SpooledTemporaryFile(max_size=_FAILURES_IN_MEMORY_BYTES)


@dataclass(slots=True)
class Batch:
    """A batch that can be run once. ``expected`` is the number of documents, 0 where it is not known beforehand.

    ``deduplicate`` needs an output, or a ``progress`` that keeps the results.
    """

    documents: Iterable[Document]
    executor: Executor
    work: DocumentWork
    progress: ProgressTracker
    notifier: Notifier
    retry: RetryPolicy
    limits: Limits
    resume: bool = False
    deduplicate: bool = False
    expected: int = 0
    _events: Events = field(default_factory=Events)
    _is_cancelled: bool = False
    _read: int = 0
    _resume_state: ResumeState | None = None
    _pending: dict[str, PendingDocument] = field(default_factory=dict[str, PendingDocument])
    _failures: IO[bytes] = field(default_factory=_open_failures)

    def results(self) -> Generator[tuple[int, DocumentResult]]:
        """Yield each document's position and result as it ends.

        Leaving the generator early, or by an exception, cancels the batch; what has ended is kept.
        """
        self.notifier.update(self.progress.status)
        state = BatchState.FAILED
        try:
            yield from self._process()
            if self._is_cancelled:
                state = BatchState.CANCELLED
            elif not self.progress.stop_reason:
                state = BatchState.COMPLETED
        except (GeneratorExit, KeyboardInterrupt):
            state = BatchState.CANCELLED
            raise
        finally:
            self._finish(state)

    def cancel(self) -> None:
        """End the batch soon: documents that have not ended get a ``cancelled`` result. Callable from any thread."""
        self._is_cancelled = True
        self._events.wake()

    def report(self) -> BatchReport:
        """Return the report of what has ended so far."""
        return self.progress.report(None if self.output is None else self.output.uri(""))

    @property
    def output(self) -> Output | None:
        """Where text goes; ``None`` keeps it in the results."""
        return self.work.output

    def _process(self) -> Iterator[tuple[int, DocumentResult]]:
        """Run all documents on a pool; then yield a ``cancelled`` result for each that has not ended."""
        documents, attempts = self._read_documents(), dict[str, int]()
        with suppress(_StoppedEarly), route_engines(), ExitStack() as stack:
            prepare = partial(self._start_source, documents, stack)
            pool, source = stack.enter_context(start_pool(self.executor, self.work, prepare))
            self.progress.start(pool.name, pool.capacity, limits_enforced=pool.kills)
            self.notifier.update(self._snapshot())
            scheduler = Scheduler(pool, source, self.retry, self.limits, self._events)
            for completed in scheduler.results():
                self.progress.switch_executor(pool.name, pool.capacity, limits_enforced=pool.kills)
                if completed is not None:
                    position, result = self._complete(completed)
                    source.release(result, position)
                    yield position, result
                self.notifier.update_if_due(self._snapshot)
                if self._is_cancelled or self._should_stop():
                    scheduler.stop()
            if scheduler.is_stopped:
                attempts = scheduler.pending_attempts()
                raise _StoppedEarly
        for _, document in list(self._pending.values()):
            yield self._cancel(document, attempts.get(document.document_uuid, 1))
        if self.expected:  # the rest is known to come to an end
            for document in documents:
                yield self._cancel(document)

    def _start_source(self, documents: Iterator[Document], stack: ExitStack) -> TaskSource:
        """Ask the output what it knows, and locate the first documents. The ``stack`` closes the source."""
        if self.output is not None:
            self._resume_state = load_resume_state(self.output, self.work.options, resume=self.resume)
        duplicates, fetch_settings = None, None
        if self.deduplicate:
            results = self.progress.results if self.output is None else None
            duplicates = DuplicateFilter(pending=self._pending, results=results)
        if self.executor.shares >= Shared.FILES:  # else a copy here is of no use to the workers
            fetch_settings = FetchSettings(
                max_file_bytes=self.limits.max_file_bytes,
                seconds=self.limits.storage_timeout,
                hashes=duplicates is not None,
            )
        source = TaskSource(
            documents=documents,
            wake=self._events.wake,
            resume_state=self._resume_state,
            duplicates=duplicates,
            fetch_settings=fetch_settings,
        )
        stack.enter_context(source).start()
        return source

    def _read_documents(self) -> Iterator[Document]:
        for position, document in enumerate(self.documents):
            self._pending[document.document_uuid] = PendingDocument(position, document)
            self._read += 1
            yield document

    def _complete(self, completed: Completed) -> tuple[int, DocumentResult]:
        """Keep, count and report the result of a document that has ended; return its position and the result."""
        result = completed.result
        if completed.needs_record and self.output is not None:
            try:
                result = self.work.keep(result)
            except DocumentError as error:
                log.warning("no record could be written: %s", error)
        position, _ = self._pending.pop(result.document.document_uuid)
        self.progress.add(result, position)
        if self._resume_state is not None:
            if completed.by_worker:
                self._resume_state.add(result)
            self._resume_state.remove_parts(result)
        if not result.ok:
            self._failures.write(to_json(result.as_dict()) + b"\n")
        result = with_stored_pages(result, self.output)
        self.notifier.document(result)
        return position, result

    def _cancel(self, document: Document, attempt: int = 1) -> tuple[int, DocumentResult]:
        message = f"{document.file_path}: the batch ended before it was finished"
        result = failed_result(document, Failure(cause=Cause.CANCELLED, message=message))
        return self._complete(Completed(replace(result, attempts=attempt)))

    def _should_stop(self) -> bool:
        reason = self.progress.find_stop_reason()
        if reason is not None and not self.progress.stop_reason:
            self.progress.stop_reason = reason
            log.warning("batch %s stops early: %s", self.progress.status.batch_id, reason)
        return reason is not None

    def _snapshot(self) -> BatchStatus:
        return self.progress.snapshot(max(self.expected, self._read))

    def _finish(self, state: BatchState) -> None:
        status = self.progress.finish(state, max(self.expected, self._read))
        if self.output is not None:
            self._write_last(self.output, completed=state is BatchState.COMPLETED)
        self.notifier.update(status)
        self.notifier.close()

    def _write_last(self, output: Output, *, completed: bool) -> None:
        """Write the rest of the index and the list of failures, side by side, and after both the report."""
        state, is_remote = self._resume_state, output.locality is Locality.REMOTE
        try:
            with _side_by_side(
                lambda: None if state is None else state.close(completed=completed), in_thread=is_remote
            ):
                # Workers that were stopped may have left files. A remote output is not searched for them: that can take long,
                # and the next batch does it.
                if not completed and not is_remote and isinstance(output, SupportsSweep):
                    with suppress(DocumentError, OSError):
                        output.sweep()
                self._failures.seek(0)
                output.write(FAILURES_NAME, self._failures.read())
            output.write(REPORT_NAME, to_json(self.report().summary()))
        except DocumentError as error:
            log.warning("the report of batch %s could not be written: %s", self.progress.status.batch_id, error)


@contextmanager
def _side_by_side(function: Callable[[], None], *, in_thread: bool) -> Generator[None]:
    """Call a function in a thread while the block runs, which saves time where both wait for a network; else before it."""
    if not in_thread:
        function()
        yield
        return
    with ThreadPoolExecutor(1, thread_name_prefix="pdfbatch-end") as thread:
        call = thread.submit(function)
        yield
    call.result()
