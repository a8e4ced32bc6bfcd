"""Tasks over a pool: what is under way, what comes next, what is tried again. Knows ports only, runs in one thread.

Documents are read from their source only as fast as the pool takes them, so that a million of them need no memory. Parts
of split documents and small documents go side by side: while there are documents to begin, parts take all workers but one.
"""

import heapq
import time
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from itertools import count
from queue import Empty, SimpleQueue
from typing import NamedTuple

from pdfbatch import task_log
from pdfbatch.errors import Cause
from pdfbatch.model import DocumentResult, Failure, Page
from pdfbatch.outcomes import failed_pages, failed_result, timeout_failure
from pdfbatch.ports import Pool, SupportsPendingWrites
from pdfbatch.retry import backoff_seconds
from pdfbatch.settings import Limits, RetryPolicy
from pdfbatch.tasks import JoinTask, PartTask, ReadTask, Task, TaskResult

# Tasks handed to the pool for each of its workers: when no more than the first number are left, they are filled up to the
# second. Enough to be sent ahead and to wait for their output, so that no worker waits for us, and several at once, so that
# small ones are cheap.
FILL_AT, FILL_TO = 8, 16
# Parts handed to the pool for each worker: what is there is done, even when the time of its document is up meanwhile.
PARTS_AT_ONCE = 4
# Parts that may wait for each worker before no further document is begun.
PARTS_WAITING = 64
# How long to wait for a result before the batch gives a sign of life.
TICK_SECONDS = 0.5
# Requests to a storage are repeated where they are made; a document that came to this has used up all of them.
REPEATED_BELOW = frozenset({Cause.STORAGE_UNAVAILABLE})
CRASHES = frozenset({Cause.TIMEOUT, Cause.WORKER_LOST, Cause.MEMORY_LIMIT})


class Completed(NamedTuple):
    """A document that has ended; ``needs_record`` says that no worker has written its record."""

    result: DocumentResult
    needs_record: bool


@dataclass(slots=True)
class _SplitState:
    """A document whose parts are under way."""

    join: JoinTask
    waiting: int
    part_pages: list[Page] = field(default_factory=list[Page])
    skipped_pages: list[Page] = field(default_factory=list[Page])
    seconds: float = 0.0
    retries: int = 0
    storage_retries: int = 0
    failure: Failure | None = None


@dataclass(slots=True)
class Scheduler:
    """One batch on one pool.

    ``source`` yields the tasks of documents to read, and ``None`` when none is ready: it then calls ``wake`` when one is.
    """

    pool: Pool
    source: Iterator[ReadTask | None]
    retry: RetryPolicy
    limits: Limits
    begun: int = 0
    _done: SimpleQueue[tuple[Task, Future[TaskResult]] | None] = field(
        default_factory=SimpleQueue[tuple[Task, Future[TaskResult]] | None]
    )
    _running: dict[Future[TaskResult], Task] = field(default_factory=dict[Future[TaskResult], Task])
    _parts: deque[PartTask] = field(default_factory=deque[PartTask])
    _joins: deque[JoinTask] = field(default_factory=deque[JoinTask])
    _later: list[tuple[float, int, Task]] = field(default_factory=list[tuple[float, int, Task]])
    _splits: dict[str, _SplitState] = field(default_factory=dict[str, _SplitState])
    _numbers: Iterator[int] = field(default_factory=count)
    _parts_running: int = 0
    _exhausted: bool = False
    _stopped: bool = False
    _source_error: Exception | None = None

    def results(self) -> Generator[Completed | None]:
        """Results as they come, until the source is exhausted and nothing is under way; ``None`` when none came for a while.

        An error of the source is raised when all that was begun has ended. Raises ``PoolBrokenError`` of the pool.
        """
        while self._fill():
            event = self._next_event()
            if event is None:
                yield None
                continue
            task, future = event
            del self._running[future]
            self._parts_running -= isinstance(task, PartTask)
            settled = self._settle(task, future.result())
            if settled is not None:
                yield settled
        if self._source_error is not None:
            raise self._source_error

    def stop(self) -> None:
        """Begin nothing more; what is under way is given up as cancelled. Callable from any thread."""
        self._stopped = True
        self._done.put(None)

    def wake(self) -> None:
        """The source has a task again. Callable from any thread."""
        self._done.put(None)

    @property
    def stopped(self) -> bool:
        """Whether ``stop`` was called."""
        return self._stopped

    def unfinished(self) -> Iterator[Task]:
        """One task for each document that has begun and not ended."""
        seen = dict.fromkeys(self._splits)
        yield from (split.join for split in self._splits.values())
        for task in (*self._running.values(), *(task for _, _, task in self._later)):
            if task.document.document_uuid not in seen:
                seen[task.document.document_uuid] = None
                yield task

    # --- handing out ----------------------------------------------------------------------------------------------

    def _fill(self) -> bool:
        """Give the pool what it can take; whether anything is under way or to come."""
        if self._stopped:
            return False
        self._submit_due()
        if self._at_work() > self.pool.capacity * FILL_AT:
            return True
        while self._at_work() < self.pool.capacity * FILL_TO and self._done.empty():
            task = self._choose()
            if task is None:
                break
            self._submit(task)
        return bool(self._running or self._later) or not self._exhausted

    def _at_work(self) -> int:
        """How many of the tasks in the pool do more than wait for their output."""
        waiting = self.pool.pending_writes if isinstance(self.pool, SupportsPendingWrites) else 0
        return len(self._running) - waiting

    def _submit_due(self) -> None:
        """What is to be tried again goes in when it is due, however full the pool is: waiting for room would be a busy wait."""
        while self._later and self._later[0][0] <= time.monotonic():
            self._submit(heapq.heappop(self._later)[2])

    def _choose(self) -> Task | None:
        if self._joins:
            return self._joins.popleft()
        documents_first = self._parts_running >= max(1, self.pool.capacity - 1)
        if self._parts and not documents_first:
            return self._part()
        if len(self._parts) < PARTS_WAITING * self.pool.capacity and (task := self._document()) is not None:
            return task
        return self._part() if self._parts and self._parts_running < PARTS_AT_ONCE * self.pool.capacity else None

    def _part(self) -> PartTask:
        """The next part, with what its document has used of its time."""
        part = self._parts.popleft()
        return replace(part, used_seconds=self._splits[part.document.document_uuid].seconds)

    def _document(self) -> ReadTask | None:
        if self._exhausted:
            return None
        try:
            task = next(self.source)
        except StopIteration:
            self._exhausted, task = True, None
        except Exception as error:  # noqa: BLE001 (the caller's source: what was begun ends first, then it is raised)
            self._exhausted, self._source_error, task = True, error, None
        self.begun += task is not None
        return task

    def _submit(self, task: Task) -> None:
        future = self.pool.submit(task)
        self._running[future] = task
        self._parts_running += isinstance(task, PartTask)
        future.add_done_callback(lambda done: self._done.put((task, done)))

    def _next_event(self) -> tuple[Task, Future[TaskResult]] | None:
        """The next task that has ended; ``None`` when none has, or when a retry is due."""
        wait = TICK_SECONDS
        if self._later:
            wait = min(wait, max(0.0, self._later[0][0] - time.monotonic()))
        try:
            return self._done.get(timeout=wait)
        except Empty:
            return None

    # --- taking in ------------------------------------------------------------------------------------------------

    def _settle(self, task: Task, outcome: TaskResult) -> Completed | None:
        task_log.emit(task.document, outcome.log)
        failure = outcome.failure or (outcome.result.failure if outcome.result is not None else None)
        if failure is not None and (again := self._again(task, outcome, failure)) is not None:
            heapq.heappush(self._later, again)
            return None
        if outcome.join is not None:
            self._begin_split(task, outcome, outcome.join)
            return None
        if isinstance(task, PartTask):
            self._end_part(task, outcome)
            return None
        return self._end(task, outcome)

    def _again(self, task: Task, outcome: TaskResult, failure: Failure) -> tuple[float, int, Task] | None:
        """The next attempt and when it is due; ``None`` when the failure is final."""
        if outcome.failure is not None and failure.cause in CRASHES:
            return self._after_crash(task, outcome, failure)
        if not failure.transient or failure.cause in REPEATED_BELOW or task.attempt >= self.retry.attempts:
            return None
        due = time.monotonic() + backoff_seconds(self.retry, task.attempt)
        return due, next(self._numbers), _next_attempt(task, outcome)

    def _after_crash(self, task: Task, outcome: TaskResult, failure: Failure) -> tuple[float, int, Task] | None:
        """A document that took its worker with it is tried again, without the page that it was on."""
        again = _next_attempt(task, outcome)
        limit = self.limits.document_timeout
        if task.attempt >= self.retry.crash_attempts or (limit is not None and again.used_seconds >= limit):
            return None
        if outcome.page:
            again = replace(again, skipped_pages=(*task.skipped_pages, *failed_pages([outcome.page], failure)))
        return time.monotonic(), next(self._numbers), again

    def _begin_split(self, task: Task, outcome: TaskResult, join: JoinTask) -> None:
        seconds = task.worker_seconds + outcome.seconds
        storage_retries = task.storage_retries + outcome.storage_retries
        split = _SplitState(join, waiting=len(outcome.parts), seconds=seconds, storage_retries=storage_retries)
        self._splits[task.document.document_uuid] = split
        self._parts.extend(outcome.parts)
        if not outcome.parts:
            self._begin_join(split)

    def _end_part(self, task: PartTask, outcome: TaskResult) -> None:
        split = self._splits[task.document.document_uuid]
        split.waiting -= 1
        split.seconds += task.worker_seconds + outcome.seconds
        split.retries += task.attempt - 1
        split.storage_retries += task.storage_retries + outcome.storage_retries
        split.part_pages.extend(outcome.pages)
        if self._is_out_of_time(split):
            split.failure = timeout_failure(task.document.file_path, self.limits.document_timeout)
            self._drop_parts(split)
        if outcome.failure is not None:
            known = {page.number for page in task.skipped_pages}
            split.skipped_pages.extend(task.skipped_pages)
            split.skipped_pages.extend(failed_pages((n for n in task.page_numbers if n not in known), outcome.failure))
        if split.waiting == 0:
            self._begin_join(split)

    def _is_out_of_time(self, split: _SplitState) -> bool:
        limit = self.limits.document_timeout
        return limit is not None and split.seconds >= limit

    def _drop_parts(self, split: _SplitState) -> None:
        """Give up the parts of a document that nobody has begun."""
        identity = split.join.document.document_uuid
        dropped = [part for part in self._parts if part.document.document_uuid == identity]
        self._parts = deque(part for part in self._parts if part.document.document_uuid != identity)
        split.waiting -= len(dropped)
        if split.failure is not None:
            split.skipped_pages.extend(failed_pages((n for part in dropped for n in part.page_numbers), split.failure))

    def _begin_join(self, split: _SplitState) -> None:
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

    def _end(self, task: Task, outcome: TaskResult) -> Completed:
        self._splits.pop(task.document.document_uuid, None)
        if outcome.result is not None:
            needs_record = outcome.result.failure is not None and outcome.result.failure.transient
            result = outcome.result
            return Completed(
                replace(result, attempts=result.attempts + outcome.storage_retries)
                if outcome.storage_retries
                else result,
                needs_record,
            )
        failure = outcome.failure or Failure(cause=Cause.INTERNAL, message=f"{task.document.file_path}: no result")
        result = replace(
            failed_result(task.document, failure),
            attempts=task.attempt + task.storage_retries + outcome.storage_retries,
            duration_seconds=task.worker_seconds + outcome.seconds,
        )
        return Completed(result, needs_record=True)


def _next_attempt(task: Task, outcome: TaskResult) -> Task:
    again = replace(
        task,
        attempt=task.attempt + 1,
        used_seconds=task.used_seconds + outcome.seconds,
        worker_seconds=task.worker_seconds + outcome.seconds,
        storage_retries=task.storage_retries + outcome.storage_retries,
    )
    # a worker downloads what could not be downloaded ahead
    return replace(again, failure=None) if isinstance(again, ReadTask) and again.failure is not None else again
