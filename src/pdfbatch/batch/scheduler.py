"""Decide which task a pool gets next, and which is tried again. Knows ports only, runs in one thread.

Documents are read from their source only as fast as the pool takes them, so that a million of them need no memory. Parts
of split documents and small documents go side by side: while there are documents to start, parts take all workers but one.
"""

import heapq
import time
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from queue import Empty, SimpleQueue

from pdfbatch import task_log
from pdfbatch.batch.attempts import Completed, complete_document, find_failure, plan_next_attempt
from pdfbatch.batch.in_flight import InFlight, PageWork, SplitProgress, find_in_flight
from pdfbatch.common import SafeLogger
from pdfbatch.model import DocumentResult, Failure, Page
from pdfbatch.outcomes import failed_pages, timeout_failure
from pdfbatch.ports import (
    TASKS_AHEAD,
    Pool,
    SupportsFairShare,
    SupportsPendingWrites,
    SupportsSlices,
    SupportsTaskProgress,
)
from pdfbatch.settings import Limits, RetryPolicy
from pdfbatch.tasks import JoinTask, PartTask, SourceItem, Task, TaskResult

log: SafeLogger = SafeLogger(__name__)

# Parts in the pool for each worker. Few, because a part that the pool has is read even when its document's time runs out.
PARTS_AT_ONCE = 4
# Parts that may wait for each worker before no further document is started.
PARTS_WAITING = 64
# How long to wait for a result before the batch shows that it is alive.
TICK_SECONDS = 0.5


class Events:
    """Tasks that have ended, as other threads report them to a scheduler, and calls that only wake it."""

    __slots__ = ("_queue",)

    def __init__(self) -> None:
        self._queue = SimpleQueue[tuple[Task, Future[TaskResult]] | None]()

    @property
    def is_empty(self) -> bool:
        """Whether nothing has come."""
        return self._queue.empty()

    def put(self, task: Task, future: Future[TaskResult]) -> None:
        """Report a task that has ended. Callable from any thread."""
        self._queue.put((task, future))

    def wake(self) -> None:
        """Make the scheduler ask its source again, and its batch look whether it should stop. Callable from any thread."""
        self._queue.put(None)

    def get(self, timeout: float) -> tuple[Task, Future[TaskResult]] | None:
        """Wait for the next task that has ended; return ``None`` after ``timeout`` seconds or a call of ``wake``."""
        try:
            return self._queue.get(timeout=timeout)
        except Empty:
            return None


@dataclass(slots=True)
class _SplitState:
    """A document whose parts are being read."""

    join: JoinTask
    waiting: int
    progress: SplitProgress
    part_pages: list[Page] = field(default_factory=list[Page])
    skipped_pages: list[Page] = field(default_factory=list[Page])
    seconds: float = 0.0
    retries: int = 0
    storage_retries: int = 0
    failure: Failure | None = None


@dataclass(slots=True)
class Scheduler:
    """Run the tasks of one batch on one pool.

    ``source`` yields tasks of documents to read, lists of results of documents that need no worker, and ``None`` when nothing
    is ready: then somebody calls ``wake``, or a document has to end first.
    """

    pool: Pool
    source: Iterator[SourceItem]
    retry: RetryPolicy
    limits: Limits
    events: Events = field(default_factory=Events)
    _writing_pool: SupportsPendingWrites | None = field(init=False)
    _shared_pool: SupportsFairShare | None = field(init=False)
    _telling_pool: SupportsTaskProgress | None = field(init=False)
    _slicing_pool: SupportsSlices | None = field(init=False)
    _running: dict[Future[TaskResult], Task] = field(default_factory=dict[Future[TaskResult], Task])
    _parts: deque[PartTask] = field(default_factory=deque[PartTask])
    _joins: deque[JoinTask] = field(default_factory=deque[JoinTask])
    _later: list[tuple[float, int, Task]] = field(default_factory=list[tuple[float, int, Task]])
    _splits: dict[str, _SplitState] = field(default_factory=dict[str, _SplitState])
    _numbers: Iterator[int] = field(default_factory=count)
    _given_back: list[DocumentResult] = field(default_factory=list[DocumentResult])
    _parts_running: int = 0
    _is_exhausted: bool = False
    _is_stopped: bool = False
    _source_error: Exception | None = None

    def __post_init__(self) -> None:
        """Ask once what the pool supports: to ask a protocol takes longer than all else that is done for a task."""
        self._shared_pool = self.pool if isinstance(self.pool, SupportsFairShare) else None
        self._writing_pool = self.pool if isinstance(self.pool, SupportsPendingWrites) else None
        self._telling_pool = self.pool if isinstance(self.pool, SupportsTaskProgress) else None
        self._slicing_pool = self.pool if isinstance(self.pool, SupportsSlices) else None

    def results(self) -> Generator[Completed | list[DocumentResult] | None]:
        """Yield documents as they end, until the source is exhausted and nothing is pending; ``None`` once in a while.

        The results that the source has instead of tasks come as lists, of which the caller may give the rest back.
        When the source raises, that error is raised after all documents that were started have ended. Raises
        ``PoolBrokenError`` of the pool.
        """
        while not self._is_stopped:
            yield from self._fill()
            if self._slicing_pool is not None:
                self._slicing_pool.flush()
            if self._is_stopped or (self._is_exhausted and not self._has_tasks()):
                break
            event = self.events.get(self._seconds_to_wait())
            if event is None:
                yield None
                continue
            task, future = event
            if self._running.pop(future, None) is None:
                log.warning("%s: the pool ended a task twice; the second result is dropped", task.document.file_path)
                continue
            self._parts_running -= isinstance(task, PartTask)
            yield self._settle(task, future.result())  # also when only a part has ended, which the batch shows
        if self._source_error is not None:
            raise self._source_error

    def give_back(self, results: list[DocumentResult]) -> None:
        """Take back the end of the list that came last. It comes again when what has happened meanwhile is dealt with."""
        self._given_back = results

    def stop(self) -> None:
        """Start nothing more and wait for nothing more: what is pending stays without a result."""
        self._is_stopped = True

    @property
    def is_stopped(self) -> bool:
        """Whether ``stop`` was called."""
        return self._is_stopped

    def pending_attempts(self) -> dict[str, int]:
        """Return the number of the attempt for each document that a worker has had and that has not ended."""
        tasks = (*self._running.values(), *(task for _, _, task in self._later))
        attempts = {task.document.document_uuid: task.attempt for task in tasks}
        attempts.update((document_uuid, split.join.attempt) for document_uuid, split in self._splits.items())
        return attempts

    def find_in_flight(self) -> InFlight:
        """Return how far the documents are that workers have begun and that have not ended."""
        splits = {name: split.progress for name, split in self._splits.items()}
        tasks = () if self._telling_pool is None else self._telling_pool.list_progress()
        if tasks:  # what the pool says may be older than the last results
            running = {id(task) for task in self._running.values()}
            tasks = [progress for progress in tasks if id(progress.task) in running]
        return find_in_flight(splits, tasks, time.monotonic())

    # --- to the pool ----------------------------------------------------------------------------------------------

    def _fill(self) -> Iterator[list[DocumentResult]]:
        """Give the pool the tasks that it has room for; yield the results that the source has instead of tasks."""
        # What is due for another attempt goes in however full the pool is: to wait for room would be a busy wait.
        while self._later and self._later[0][0] <= time.monotonic():
            self._submit(heapq.heappop(self._later)[2])
        workers = self.pool.capacity if self._shared_pool is None else self._shared_pool.fair_share
        # Enough to send some ahead and to have some wait for their output, so that no worker waits for this thread. Several
        # are sent at once, when half of them are left, because that is cheaper for small ones.
        wanted = workers * (TASKS_AHEAD if self._slicing_pool is None else self._slicing_pool.ahead)
        if self._active_tasks() > wanted // 2:
            return
        while self._active_tasks() < wanted and self.events.is_empty:
            chosen = self._choose()
            if chosen is None:
                return
            if isinstance(chosen, list):
                yield chosen
                if self._is_stopped:
                    return
            else:
                self._submit(chosen)

    def _has_tasks(self) -> bool:
        return bool(self._running or self._later or self._joins or self._parts or self._given_back)

    def _active_tasks(self) -> int:
        """Return how many tasks in the pool do more than wait for their output to be written."""
        return len(self._running) - (0 if self._writing_pool is None else self._writing_pool.pending_writes)

    def _choose(self) -> Task | list[DocumentResult] | None:
        """Return what comes next: results that were given back, then for the pool a join, documents and parts side by side."""
        if self._given_back:
            results, self._given_back = self._given_back, []
            return results
        if self._joins:
            return self._joins.popleft()
        documents_first = self._parts_running >= max(1, self.pool.capacity - 1)
        if self._parts and not documents_first:
            return self._part()
        if len(self._parts) < PARTS_WAITING * self.pool.capacity and (item := self._read_source()) is not None:
            return item
        return self._part() if self._parts and self._parts_running < PARTS_AT_ONCE * self.pool.capacity else None

    def _part(self) -> PartTask:
        """Return the next part, with what its document has used of its time."""
        part = self._parts.popleft()
        return replace(part, used_seconds=self._splits[part.document.document_uuid].seconds)

    def _read_source(self) -> SourceItem:
        if self._is_exhausted:
            return None
        try:
            return next(self.source)
        except StopIteration:
            self._is_exhausted = True
        except Exception as error:  # noqa: BLE001 (the caller's source: what was started ends first, then it is raised)
            self._is_exhausted, self._source_error = True, error
        return None

    def _submit(self, task: Task) -> None:
        future = self.pool.submit(task)
        self._running[future] = task
        self._parts_running += isinstance(task, PartTask)
        future.add_done_callback(partial(self.events.put, task))

    def _seconds_to_wait(self) -> float:
        """Return how long to wait for the next event: until the next attempt is due, at most ``TICK_SECONDS``."""
        if not self._later:
            return TICK_SECONDS
        return min(TICK_SECONDS, max(0.0, self._later[0][0] - time.monotonic()))

    # --- from the pool ------------------------------------------------------------------------------------------------

    def _settle(self, task: Task, result: TaskResult) -> Completed | None:
        """Take the result of a task: retry, split, note a part, or return the document that it completes."""
        task_log.emit(task.document, result.log)
        failure = find_failure(result)
        if failure is not None and (again := self._next_attempt(task, result, failure)) is not None:
            heapq.heappush(self._later, again)
        elif result.join is not None:
            self._start_split(task, result, result.join)
        elif isinstance(task, PartTask):
            self._end_part(task, result)
        else:
            return self._complete(task, result)
        return None

    def _next_attempt(self, task: Task, result: TaskResult, failure: Failure) -> tuple[float, int, Task] | None:
        """Return the next attempt, and when it is due; ``None`` when the failure is final."""
        planned = plan_next_attempt(task, result, failure, retry=self.retry, limits=self.limits)
        if planned is None:
            return None
        seconds, again = planned
        return time.monotonic() + seconds, next(self._numbers), again

    def _start_split(self, task: Task, result: TaskResult, join: JoinTask) -> None:
        split = _SplitState(
            join,
            waiting=len(result.parts),
            progress=_begin_split(result, join),
            seconds=task.worker_seconds + result.seconds,
            storage_retries=task.storage_retries + result.storage_retries,
        )
        self._splits[task.document.document_uuid] = split
        self._parts.extend(result.parts)
        if not result.parts:
            self._start_join(split)

    def _end_part(self, task: PartTask, result: TaskResult) -> None:
        split, limit = self._splits[task.document.document_uuid], self.limits.document_timeout
        split.waiting -= 1
        split.progress.end_part(len(task.page_numbers), result.seconds)
        split.seconds += task.worker_seconds + result.seconds
        split.retries += task.attempt - 1
        split.storage_retries += task.storage_retries + result.storage_retries
        split.part_pages.extend(result.pages)
        if limit is not None and split.seconds >= limit:
            split.failure = timeout_failure(task.document.file_path, limit)
            self._drop_parts(split, split.failure)
        if result.failure is not None:
            known = {page.number for page in task.skipped_pages}
            split.skipped_pages.extend(task.skipped_pages)
            split.skipped_pages.extend(failed_pages((n for n in task.page_numbers if n not in known), result.failure))
        if split.waiting == 0:
            self._start_join(split)

    def _drop_parts(self, split: _SplitState, failure: Failure) -> None:
        """Give up the parts of a document that the pool does not have yet."""
        document_uuid = split.join.document.document_uuid
        dropped = [part for part in self._parts if part.document.document_uuid == document_uuid]
        self._parts = deque(part for part in self._parts if part.document.document_uuid != document_uuid)
        split.waiting -= len(dropped)
        split.skipped_pages.extend(failed_pages((n for part in dropped for n in part.page_numbers), failure))

    def _start_join(self, split: _SplitState) -> None:
        join = replace(
            split.join,
            attempt=split.join.attempt + split.retries,
            part_pages=tuple(split.part_pages),
            skipped_pages=(*split.join.skipped_pages, *split.skipped_pages),
            used_seconds=0.0,
            worker_seconds=split.seconds,
            failure=split.failure,
            storage_retries=split.storage_retries,
        )
        self._joins.append(join)

    def _complete(self, task: Task, result: TaskResult) -> Completed:
        """Return the result of a document whose last task has ended."""
        self._splits.pop(task.document.document_uuid, None)
        return complete_document(task, result)


def _begin_split(result: TaskResult, join: JoinTask) -> SplitProgress:
    """Return how far a document is when it is split: all but the pages of its parts has been read."""
    pending = sum(len(part.page_numbers) for part in result.parts)
    text_pages = max(0, len(join.partial_document.page_numbers) - pending)
    return SplitProgress(
        document=join.document,
        began_at=time.monotonic() - result.seconds,
        work=PageWork(
            text_pages=text_pages,
            pending_pages=pending,
            text_seconds=result.seconds if text_pages else 0.0,
            is_known=True,
            is_split=True,
        ),
    )
