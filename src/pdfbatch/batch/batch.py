"""Run one batch: turn documents into tasks, count, report and keep their results."""

import os
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from pdfbatch.batch.attempts import Completed
from pdfbatch.batch.batch_settings import ShardNotes
from pdfbatch.batch.breaker import Breaker
from pdfbatch.batch.duplicate_filter import DuplicateFilter, PendingDocument
from pdfbatch.batch.in_flight import NOTHING_IN_FLIGHT
from pdfbatch.batch.notifier import Notifier
from pdfbatch.batch.progress import ProgressTracker
from pdfbatch.batch.resume import ResumeState, load_resume_state, with_name_of
from pdfbatch.batch.scheduler import TICK_SECONDS, Events, Scheduler
from pdfbatch.batch.side_by_side import call_side_by_side
from pdfbatch.batch.source_reader import SourceReader
from pdfbatch.batch.startup import insist, start_pool
from pdfbatch.batch.task_source import TaskSource
from pdfbatch.batch.worker_check import check_workers
from pdfbatch.common import SafeLogger
from pdfbatch.errors import Cause, DocumentError, PoolStartError, ResultsUnavailableError
from pdfbatch.model import Document, DocumentResult, DocumentStatus, Failure
from pdfbatch.outcomes import failed_result
from pdfbatch.outputs import (
    is_body,
    with_stored_pages,
)
from pdfbatch.ports import Executor, Locality, Output, Pool, Shared, SupportsSweep
from pdfbatch.prefetch import FetchSettings
from pdfbatch.report import BatchReport, BatchState, BatchStatus, StoppedBy
from pdfbatch.settings import Limits, RetryPolicy
from pdfbatch.storage import local_fingerprint
from pdfbatch.task_log import route_engines
from pdfbatch.work import DocumentWork

if TYPE_CHECKING:
    from pdfbatch.batch.batch_files import BatchFiles

log: SafeLogger = SafeLogger(__name__)

# How long sinks have to close that were interrupted while they did.
_CLOSE_SECONDS = 0.5
# How long workers that start in this thread wait for a source that has no document yet.
_FIRST_DOCUMENT_SECONDS = 0.2


class _StoppedEarly(Exception):  # noqa: N818 (raised to leave the pool by an exception, which makes it stop at once)
    """The batch was stopped before its documents were exhausted."""


def _do_nothing() -> None:
    """Stand for the end of a source that has nothing to close."""


@dataclass(slots=True, weakref_slot=True, eq=False)
class Batch:
    """A batch that can be run once. ``expected`` is the number of documents, 0 where it is not known beforehand.

    ``deduplicate`` needs an output, or a ``progress`` that keeps the results. ``reads_in_thread`` says that the documents'
    iterator may wait, so that it gets a thread of its own and results come all the same; at the end ``close_source`` is called
    there. With a ``shard`` the batch is one of several that may run at the same time into one output: it writes under its own
    names only, and notes in its report what they have in common.

    A process that is forked while the batch runs has no part in it: it gets ``ResultsUnavailableError`` when it asks for a
    result, and leaves all else to its parent.
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
    reads_in_thread: bool = False
    close_source: Callable[[], None] = _do_nothing
    shard: ShardNotes | None = None
    _events: Events = field(default_factory=Events)
    _is_cancelled: bool = False
    _read: int = 0
    _resume_state: ResumeState | None = None
    _pending: dict[str, PendingDocument] = field(default_factory=dict[str, PendingDocument])
    _files: "BatchFiles | None" = None
    _pid: int = field(default_factory=os.getpid)

    def __post_init__(self) -> None:
        """Tell those who judge failures where the output is, and what batch this is."""
        output = self.output
        if output is not None:
            from pdfbatch.batch.batch_files import BatchFiles  # noqa: PLC0415 (a batch without output has no files)

            batch_id = self.progress.status.batch_id
            self._files = BatchFiles(output, batch_id, self.work, self.retry, self.deduplicate, self.shard)
        self.progress.breaker = Breaker("" if output is None else output.uri(""), is_resumed=self.resume)

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
            elif not self.progress.stop_reason and not self._fails_too_often():
                state = BatchState.COMPLETED
        except (GeneratorExit, KeyboardInterrupt):
            state = BatchState.CANCELLED
            raise
        finally:
            if os.getpid() == self._pid:
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
        reader = (
            SourceReader(iter(self.documents), self._events.wake, self.close_source) if self.reads_in_thread else None
        )
        documents, attempts = self._read_documents(self.documents if reader is None else reader), dict[str, int]()
        with suppress(_StoppedEarly), route_engines(), ExitStack() as stack:
            pool, source = self._start_pool(documents, reader, stack)
            self._check_workers(pool)
            self.progress.start(pool.name, pool.capacity, limits_enforced=pool.kills)
            self.notifier.update(self._snapshot())
            scheduler = Scheduler(pool, source, self.retry, self.limits, self._events)
            take_snapshot = partial(self._snapshot, scheduler)
            for completed in scheduler.results():
                self.progress.switch_executor(pool.name, pool.capacity, limits_enforced=pool.kills)
                if completed is not None:
                    yield from self._hand_out(completed, scheduler, source)
                self.notifier.update_if_due(take_snapshot)
                if self._is_cancelled or self._should_stop():
                    scheduler.stop()
            if scheduler.is_stopped:
                attempts = scheduler.pending_attempts()
                raise _StoppedEarly
        for _, document in list(self._pending.values()):
            yield self._skip(document) or self._cancel(document, attempts.get(document.document_uuid, 1))
        if self.expected:  # the rest is known to come to an end
            for rest in documents:
                if rest is not None:
                    yield self._skip(rest) or self._cancel(rest)

    def _start_pool(
        self, documents: Iterator[Document | None], reader: SourceReader | None, stack: ExitStack
    ) -> tuple[Pool, TaskSource]:
        """Start the pool, and locate the first documents meanwhile. The ``stack`` ends both."""

        def prepare(is_awaited: Callable[[], bool]) -> TaskSource:
            if reader is not None:
                stack.callback(self._close_here, reader)
                reader.start(_FIRST_DOCUMENT_SECONDS if is_awaited() else 0)
            source = self._make_source(documents)
            stack.enter_context(source)
            # Remote documents may be listed and asked for as long as the workers take to start.
            while not (source.start() or is_awaited() or self._is_cancelled):
                self._events.get(TICK_SECONDS)
            return source

        try:
            return stack.enter_context(start_pool(self.executor, self.work, prepare, self._events.wake))
        except PoolStartError:
            if self._is_cancelled:  # whoever shares a pool among batches cancels them before that pool ends
                raise _StoppedEarly from None
            raise

    def _check_workers(self, pool: Pool) -> None:
        """Compare workers elsewhere with this process, before they get a document."""
        if self.executor.shares is Shared.NOTHING:
            _, first = next(iter(self._pending.values()), (0, None))
            check_workers(pool, self.work, self.progress.status.batch_id, first)

    def _make_source(self, documents: Iterator[Document | None]) -> TaskSource:
        """Ask the output what it knows, and return what makes tasks of documents."""
        if self.output is not None:
            self._resume_state = load_resume_state(self.output, self.work.options, resume=self.resume)
            self._resume_state.has_late_workers = self.executor.shares is Shared.NOTHING
            if self._files is not None and self.shard is not None:
                # whoever merges shards must not take the report of an earlier run for that of a lost one
                self._files.write_report(self.report())
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
        return TaskSource(
            documents=documents,
            wake=self._events.wake,
            resume_state=self._resume_state,
            duplicates=duplicates,
            fetch_settings=fetch_settings,
        )

    def _close_here(self, reader: SourceReader) -> None:
        if os.getpid() == self._pid:
            reader.close()

    def _read_documents(self, documents: Iterable[Document | None]) -> Iterator[Document | None]:
        """Note each document that comes."""
        for document in documents:
            if document is not None:
                self._pending[document.document_uuid] = PendingDocument(self._read, document)
                self._read += 1
            yield document

    def _check_process(self) -> None:
        """Raise ``ResultsUnavailableError`` in a process that was forked while the batch runs."""
        if os.getpid() != self._pid:
            raise ResultsUnavailableError(
                "This process was forked from the one that runs the batch, which has the results"
            )

    def _hand_out(
        self, ended: Completed | list[DocumentResult], scheduler: Scheduler, source: TaskSource
    ) -> Iterator[tuple[int, DocumentResult]]:
        """Yield positions and results of documents that have ended."""
        if isinstance(ended, list) and ended[0].status is DocumentStatus.SKIPPED:
            yield from self._hand_out_skipped(ended, scheduler, source)
            return
        for completed in map(Completed, ended) if isinstance(ended, list) else (ended,):
            position, result = self._complete(completed)
            source.release(result, position, completed.body)
            yield position, result
            self._check_process()

    def _hand_out_skipped(
        self, results: list[DocumentResult], scheduler: Scheduler, source: TaskSource
    ) -> Iterator[tuple[int, DocumentResult]]:
        """Yield positions and results of skipped documents, and give some back when there is something else to do.

        They are counted together, which takes a part of the time: those that the caller has got, also when the caller leaves.
        """
        positions = list[int]()
        try:
            for result in results:
                position, _ = self._pending.pop(result.document.document_uuid)
                positions.append(position)
                self.notifier.document(result)
                yield position, result
                self._check_process()
                if (
                    not self._events.is_empty
                    or self._is_cancelled
                    or self.notifier.is_due
                    or self.progress.is_undecided
                ):
                    break
        finally:
            if os.getpid() == self._pid:
                self._count_skipped(results[: len(positions)], positions, source)
        scheduler.give_back(results[len(positions) :])

    def _count_skipped(self, results: list[DocumentResult], positions: list[int], source: TaskSource) -> None:
        """Keep, count and report documents that earlier batches finished."""
        self.progress.add_skipped(results, positions)
        if self._resume_state is not None:
            self._resume_state.remove_parts(results)
        if self._files is not None:
            self._files.add_skipped(results, self._take_closed_packs())
        source.release_skipped(results, positions)

    def _complete(self, completed: Completed) -> tuple[int, DocumentResult]:
        """Keep, count and report the result of a document that has ended; return its position and the result."""
        result = with_name_of(completed.result)
        body, text_bytes = completed.body, completed.text_bytes
        is_packed = self._resume_state is not None and self._resume_state.is_packed
        if is_packed and completed.by_worker and not completed.needs_record and not is_body(body):
            failure = Failure(cause=Cause.INTERNAL, message=f"{result.document.file_path}: its worker sent no row")
            result, completed = failed_result(result.document, failure), completed._replace(needs_record=True)
        if completed.needs_record and self.output is not None:
            try:
                kept = self.work.keep(result)
                result, body, text_bytes = with_name_of(kept.result or result), kept.body, kept.text_bytes
            except DocumentError as error:
                log.warning("no record could be written: %s", error)
        if self._resume_state is not None and is_packed and completed.by_worker:
            result = self._resume_state.pack(result, body, has_parts=completed.has_parts)
        position, _ = self._pending.pop(result.document.document_uuid)
        self.progress.add(result, position)
        if self._resume_state is not None:
            if completed.by_worker:
                self._resume_state.add(result, text_bytes)
            self._resume_state.note_join(completed.result.document, is_join=completed.has_parts)
            self._resume_state.remove_parts([result])
        if self._files is not None:
            self._files.add(result, waits=is_packed and completed.by_worker, closed_packs=self._take_closed_packs())
        return position, self._notify_sinks(result)

    def _notify_sinks(self, result: DocumentResult) -> DocumentResult:
        """Notify the sinks of a document that has ended, and return its result for the caller."""
        if self.notifier.sinks or self.progress.results is None:  # else nobody gets it
            result = with_stored_pages(result, self.output)
            self.notifier.document(result)
        return result

    def _skip(self, document: Document) -> tuple[int, DocumentResult] | None:
        """Return the earlier result of a document that a batch that stopped has not come to, if there is one."""
        fingerprint = None if self._resume_state is None else local_fingerprint(document)
        if self._resume_state is None or fingerprint is None:
            return None
        result = self._resume_state.find_result(document, str(fingerprint))
        return None if result is None else self._complete(Completed(result))

    def _cancel(self, document: Document, attempt: int = 1) -> tuple[int, DocumentResult]:
        message = f"{document.file_path}: the batch ended before it was finished"
        result = failed_result(document, Failure(cause=Cause.CANCELLED, message=message))
        return self._complete(Completed(replace(result, attempts=attempt)))

    def _should_stop(self) -> bool:
        reason = self.progress.find_stop_reason()
        if reason is not None and not self.progress.stop_reason:
            self.progress.stop_reason = reason
            batch_id = self.progress.status.batch_id
            log.warning("batch %s stops early: %s", batch_id, reason, extra={"batch_id": batch_id, "reason": reason})
        return reason is not None

    def _fails_too_often(self) -> bool:
        """Return whether more documents failed than is accepted, now that all have ended; note it as the reason."""
        self.progress.stop_reason = self.progress.judge_failure_rate() or ""
        if self.progress.stop_reason:
            self.progress.stopped_by = StoppedBy.FAILURES
        return bool(self.progress.stop_reason)

    def _snapshot(self, scheduler: Scheduler | None = None) -> BatchStatus:
        in_flight = NOTHING_IN_FLIGHT if scheduler is None else scheduler.find_in_flight()
        return self.progress.snapshot(max(self.expected, self._read), in_flight)

    def _finish(self, state: BatchState) -> None:
        """Write what is left to write, and close the sinks also when a second Ctrl-C ends the writing."""
        completed, output = state is BatchState.COMPLETED, self.output
        try:
            if not completed and output is not None:
                insist(lambda: _sweep(output))
            insist(lambda: self.progress.finish(state, max(self.expected, self._read)))
            if self._files is not None:
                self._write_last(self._files, completed=completed)
        finally:
            try:
                self.notifier.update(self.progress.status)
            finally:
                self._close_sinks()

    def _close_sinks(self) -> None:
        """Close the sinks, and once more when a signal cuts that short: beside, because a sink may be what does not end."""
        try:
            self.notifier.close()
        except BaseException:
            again = threading.Thread(target=self.notifier.close, name="pdfbatch-close", daemon=True)
            again.start()
            again.join(_CLOSE_SECONDS)
            raise

    def _write_last(self, files: "BatchFiles", *, completed: bool) -> None:
        """Write the rest of the index and the lists of the batch, side by side, and after both the report."""
        state, is_remote = self._resume_state, files.output.locality is Locality.REMOTE
        try:
            call_side_by_side(
                (
                    lambda: None if state is None else state.close(completed=completed, compact=self.shard is None),
                    lambda: files.close(self._take_closed_packs()),
                ),
                in_threads=is_remote and not (state is not None and state.is_packed),
            )
            files.write_report(self.report())
        except DocumentError as error:
            log.warning("the report of batch %s could not be written: %s", self.progress.status.batch_id, error)

    def _take_closed_packs(self) -> Sequence[str]:
        """Return the addresses of packs that have been closed since the last call."""
        return () if self._resume_state is None else self._resume_state.take_closed_packs()


def _sweep(output: Output) -> None:
    """Remove what workers that were stopped may have left.

    A remote output is not searched for that: it can take long, and the next batch does it.
    """
    if output.locality is not Locality.REMOTE and isinstance(output, SupportsSweep):
        with suppress(DocumentError, OSError):
            output.sweep()
