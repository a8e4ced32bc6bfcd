"""One batch under way: documents become tasks, results are counted, told and kept. Knows ports only."""

import logging
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from typing import IO

from pdfbatch.batch.duplicate_filter import DuplicateFilter
from pdfbatch.batch.notifier import Notifier
from pdfbatch.batch.progress import ProgressTracker
from pdfbatch.batch.resume import ResumeState, load_resume_state
from pdfbatch.batch.scheduler import Completed, Scheduler
from pdfbatch.batch.startup import begun
from pdfbatch.batch.task_source import TaskSource
from pdfbatch.errors import Cause, DocumentError
from pdfbatch.model import Document, DocumentResult, Failure
from pdfbatch.outcomes import failed_result
from pdfbatch.outputs import to_json, with_stored_pages
from pdfbatch.ports import Executor, Locality, Output, Pool, Shared, SupportsSweep
from pdfbatch.report import BatchReport, BatchState
from pdfbatch.settings import Limits, RetryPolicy
from pdfbatch.task_log import route_engines
from pdfbatch.tasks import ReadTask, Task
from pdfbatch.work import DocumentWork

log = logging.getLogger(__name__)

REPORT_NAME = "report.json"
FAILURES_NAME = "failures.jsonl"
_FAILURES_IN_MEMORY_BYTES = 1 << 20


class _StoppedEarly(Exception):  # noqa: N818 (leaves the pool by an exception, so that it ends at once)
    """The batch was stopped before its source was exhausted."""


def _failures_file() -> IO[bytes]:
    return tempfile.SpooledTemporaryFile(max_size=_FAILURES_IN_MEMORY_BYTES)


@dataclass(slots=True)
class Batch:
    """A batch that can be gone through once. ``expected`` is the number of documents where it is known beforehand.

    ``deduplicate`` needs an output, or a ledger that keeps the results.
    """

    documents: Iterable[Document]
    executor: Executor
    work: DocumentWork
    ledger: ProgressTracker
    broadcast: Notifier
    retry: RetryPolicy
    limits: Limits
    resume: bool = False
    deduplicate: bool = False
    expected: int = 0
    _scheduler: Scheduler | None = None
    _cancelled: bool = False
    _read: int = 0
    _history: ResumeState | None = None
    _positions: dict[str, int] = field(default_factory=dict[str, int])
    _failures: IO[bytes] = field(default_factory=_failures_file)

    def results(self) -> Generator[tuple[int, DocumentResult]]:
        """Each document's position and result, as they come.

        Leaving it early, or by an exception, cancels the batch; what has finished is kept.
        """
        self.broadcast.update(self.ledger.status)
        state = BatchState.FAILED
        try:
            yield from self._under_way()
            state = self._end_state()
        except (GeneratorExit, KeyboardInterrupt):
            state = BatchState.CANCELLED
            raise
        finally:
            self._finish(state)

    def cancel(self) -> None:
        """End the batch soon: documents under way end as cancelled. Callable from any thread."""
        self._cancelled = True
        if self._scheduler is not None:
            self._scheduler.stop()

    def report(self) -> BatchReport:
        """The report of what has ended so far."""
        return self.ledger.report(None if self.output is None else self.output.uri(""))

    @property
    def output(self) -> Output | None:
        """Where text goes; ``None`` keeps it in the results."""
        return self.work.output

    def _under_way(self) -> Iterator[tuple[int, DocumentResult]]:
        tasks = self._tasks()
        search = partial(self._search, tasks)
        with suppress(_StoppedEarly), route_engines(), tasks, begun(self.executor, self.work, search) as pool:
            yield from self._on(pool, tasks)
        for task in chain(self._given_up(), self._never_begun(tasks)):
            message = f"{task.document.file_path}: the batch ended before it was finished"
            failure = Failure(cause=Cause.CANCELLED, message=message)
            yield self._ended(
                Completed(replace(failed_result(task.document, failure), attempts=task.attempt), needs_record=False)
            )

    def _on(self, pool: Pool, tasks: TaskSource) -> Iterator[tuple[int, DocumentResult]]:
        self.ledger.begin(pool.name, pool.capacity)
        scheduler = self._scheduler = Scheduler(pool, tasks, self.retry, self.limits)
        self.broadcast.update(self.ledger.now(self._known()))
        for settled in scheduler.results():
            if settled is not None and self._history is not None:
                self._history.add(settled.result)
            for one in chain((settled,), (Completed(result, needs_record=False) for result in tasks.ended())):
                if one is not None:
                    position, result = self._ended(one)
                    tasks.settle(result, position)
                    yield position, result
            self.broadcast.advance(lambda: self.ledger.now(self._known()))
            if self._cancelled or self._should_stop():
                scheduler.stop()
        if scheduler.stopped:
            raise _StoppedEarly

    def _tasks(self) -> TaskSource:
        """The tasks of all documents. Workers elsewhere fetch for themselves: a copy here would be of no use to them."""
        return TaskSource(
            documents=self._numbered(),
            positions=self._positions,
            wake=self._wake,
            duplicates=self._duplicates(),
            max_file_bytes=self.limits.max_file_bytes,
            seconds=self.limits.storage_timeout,
            fetches=self.executor.shares >= Shared.FILES,
        )

    def _search(self, tasks: TaskSource) -> None:
        """Ask the output what it knows, and look for the first documents."""
        if self.output is not None:
            self._history = tasks.history = load_resume_state(self.work, self.output, resume=self.resume)
        tasks.begin()

    def _duplicates(self) -> DuplicateFilter | None:
        if not self.deduplicate:
            return None
        return DuplicateFilter(under_way=self._positions, results=self.ledger.results if self.output is None else None)

    def _numbered(self) -> Iterator[Document]:
        for position, document in enumerate(self.documents):
            self._positions[document.document_uuid] = position
            self._read += 1
            yield document

    def _wake(self) -> None:
        if self._scheduler is not None:
            self._scheduler.wake()

    def _ended(self, settled: Completed) -> tuple[int, DocumentResult]:
        result = self._kept(settled)
        position = self._positions.pop(result.document.document_uuid)
        self.ledger.add(result, position)
        if self._history is not None:
            self._history.tidy(result)
        if not result.ok:
            self._failures.write(to_json(result.as_dict()) + b"\n")
        result = with_stored_pages(result, self.output)
        self.broadcast.document(result)
        return position, result

    def _kept(self, settled: Completed) -> DocumentResult:
        """The result, its record written where no worker could do that."""
        if self.output is None or not settled.needs_record:
            return settled.result
        try:
            return self.work.keep(settled.result)
        except DocumentError as error:
            log.warning("no record could be written: %s", error)
            return settled.result

    def _should_stop(self) -> bool:
        verdict = self.ledger.verdict()
        if verdict is not None and not self.ledger.stop_reason:
            self.ledger.stop_reason = verdict
            log.warning("batch %s stops early: %s", self.ledger.status.batch_id, verdict)
        return verdict is not None

    def _given_up(self) -> Iterator[Task]:
        return iter(()) if self._scheduler is None else self._scheduler.unfinished()

    def _never_begun(self, tasks: TaskSource) -> Iterator[Task]:
        """What came after the documents of a batch that stopped early, where it is known that they come to an end."""
        return (ReadTask(document=document) for document in tasks.not_given(unread=bool(self.expected)))

    def _known(self) -> int:
        return max(self.expected, self._read)

    def _end_state(self) -> BatchState:
        if self._cancelled:
            return BatchState.CANCELLED
        return BatchState.FAILED if self.ledger.stop_reason else BatchState.COMPLETED

    def _finish(self, state: BatchState) -> None:
        status = self.ledger.end(state, self._known())
        if self.output is not None:
            self._write_last(self.output, completed=state is BatchState.COMPLETED)
        self.broadcast.update(status)
        self.broadcast.close()

    def _sweep(self) -> None:
        """Remove what workers that were stopped were writing; elsewhere than on this machine that could take long."""
        output = self.output
        if output is None or output.locality is Locality.REMOTE:
            return
        with suppress(DocumentError, OSError):  # the next batch does it
            if isinstance(output, SupportsSweep):
                output.sweep()

    def _write_last(self, output: Output, *, completed: bool) -> None:
        """What an output gets at the end: the rest of the index beside the list of failures, and the report after both."""
        history, is_far = self._history, output.locality is Locality.REMOTE
        try:
            with _beside(lambda: None if history is None else history.close(completed=completed), thread=is_far):
                if not completed:
                    self._sweep()
                self._failures.seek(0)
                output.write(FAILURES_NAME, self._failures.read())
            output.write(REPORT_NAME, to_json(self.report().summary()))
        except DocumentError as error:
            log.warning("the report of batch %s could not be written: %s", self.ledger.status.batch_id, error)


@contextmanager
def _beside(function: Callable[[], None], *, thread: bool) -> Generator[None]:
    """Call a function while the block runs, in a thread, which is worth while where both wait for a network; else before."""
    if not thread:
        function()
        yield
        return
    with ThreadPoolExecutor(1, thread_name_prefix="pdfbatch-end") as beside:
        called = beside.submit(function)
        yield
    called.result()
