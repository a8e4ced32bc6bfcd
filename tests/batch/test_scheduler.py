"""What a scheduler hands to its pool, and when."""

from collections.abc import Iterator
from concurrent.futures import Future
from types import TracebackType
from typing import Self

from pdfbatch.batch.scheduler import FILL_TO, Completed, Scheduler
from pdfbatch.errors import Cause
from pdfbatch.model import Document, DocumentResult, DocumentStatus, Failure
from pdfbatch.settings import Limits, RetryPolicy
from pdfbatch.tasks import JoinTask, PartialDocument, ReadTask, Task, TaskResult


class HeldPool:
    """A pool whose tasks end when the test says so."""

    name = "held"
    kills = False
    capacity = 1

    def __init__(self) -> None:
        self.pending_writes = 0
        self.given: list[tuple[Task, Future[TaskResult]]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is open."""

    def submit(self, task: Task) -> Future[TaskResult]:
        future = Future[TaskResult]()
        self.given.append((task, future))
        return future


def test_what_is_due_again_goes_into_a_full_pool_at_once() -> None:
    """Waiting for room kept the parent's core busy, and so cost the workers theirs."""
    pool = HeldPool()
    lost = Failure(cause=Cause.WORKER_LOST, message="0.pdf: its worker was killed")

    def the_first_crashes_when_the_pool_is_full() -> Iterator[ReadTask]:
        for number in range(100):
            if len(pool.given) == FILL_TO - 1:
                pool.given[0][1].set_result(TaskResult(failure=lost, page=1))
            yield ReadTask(document=Document(f"{number}.pdf"))

    scheduler = Scheduler(pool, the_first_crashes_when_the_pool_is_full(), RetryPolicy(), Limits())
    results = scheduler.results()
    assert next(results) is None  # the first has crashed
    assert next(results) is None  # no result: nothing is left to do but to wait
    assert len(pool.given) == FILL_TO + 1
    again = pool.given[-1][0]
    assert (again.document.file_path, again.attempt) == ("0.pdf", 2)


def test_tasks_that_only_wait_for_their_output_take_no_room_in_the_pool() -> None:
    pool = HeldPool()
    scheduler = Scheduler(
        pool, (ReadTask(document=Document(f"{number}.pdf")) for number in range(100)), RetryPolicy(), Limits()
    )
    results = scheduler.results()
    assert next(results) is None
    assert len(pool.given) == FILL_TO
    pool.pending_writes = FILL_TO
    assert next(results) is None
    assert len(pool.given) == 2 * FILL_TO


def test_results_of_the_source_come_at_once_and_take_no_room_in_the_pool() -> None:
    pool, skipped = HeldPool(), DocumentResult(document=Document("done.pdf"), status=DocumentStatus.SKIPPED)
    source: list[ReadTask | DocumentResult] = [ReadTask(document=Document("a.pdf")), *[skipped] * 100]
    results = Scheduler(pool, iter(source), RetryPolicy(), Limits()).results()
    assert [next(results) for _ in range(100)] == [Completed(skipped)] * 100
    assert len(pool.given) == 1


def test_a_call_of_wake_loses_no_join() -> None:
    pool, document = HeldPool(), Document("a.pdf")
    scheduler = Scheduler(pool, iter([ReadTask(document=document)]), RetryPolicy(), Limits())
    results = scheduler.results()
    assert next(results) is None
    partial = PartialDocument(fingerprint="f", engine="e", page_numbers=(), pdf_metadata={})
    join = JoinTask(document=document, partial_document=partial)
    pool.given[0][1].set_result(TaskResult(join=join))
    scheduler.events.wake()
    assert [next(results) for _ in range(3)] == [None] * 3
    assert isinstance(pool.given[-1][0], JoinTask)
