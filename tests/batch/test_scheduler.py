"""What a scheduler hands to its pool, and when."""

from collections.abc import Iterator
from concurrent.futures import Future
from types import TracebackType
from typing import Self

from pdfbatch.batch.attempts import Completed
from pdfbatch.batch.scheduler import Scheduler
from pdfbatch.errors import Cause
from pdfbatch.model import Document, DocumentResult, DocumentStatus, Failure
from pdfbatch.outcomes import failed_result
from pdfbatch.ports import TASKS_AHEAD
from pdfbatch.settings import Limits, RetryPolicy
from pdfbatch.tasks import JoinTask, PartialDocument, ReadTask, SourceItem, Task, TaskResult


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
            if len(pool.given) == TASKS_AHEAD - 1:
                pool.given[0][1].set_result(TaskResult(failure=lost, page=1))
            yield ReadTask(document=Document(f"{number}.pdf"))

    scheduler = Scheduler(pool, the_first_crashes_when_the_pool_is_full(), RetryPolicy(), Limits())
    results = scheduler.results()
    assert next(results) is None  # the first has crashed
    assert next(results) is None  # no result: nothing is left to do but to wait
    assert len(pool.given) == TASKS_AHEAD + 1
    again = pool.given[-1][0]
    assert (again.document.file_path, again.attempt) == ("0.pdf", 2)


def test_tasks_that_only_wait_for_their_output_take_no_room_in_the_pool() -> None:
    pool = HeldPool()
    scheduler = Scheduler(
        pool, (ReadTask(document=Document(f"{number}.pdf")) for number in range(100)), RetryPolicy(), Limits()
    )
    results = scheduler.results()
    assert next(results) is None
    assert len(pool.given) == TASKS_AHEAD
    pool.pending_writes = TASKS_AHEAD
    assert next(results) is None
    assert len(pool.given) == 2 * TASKS_AHEAD


def test_results_of_the_source_come_at_once_and_take_no_room_in_the_pool() -> None:
    pool, skipped = HeldPool(), DocumentResult(document=Document("done.pdf"), status=DocumentStatus.SKIPPED)
    source: list[SourceItem] = [ReadTask(document=Document("a.pdf")), *[[skipped]] * 100]
    results = Scheduler(pool, iter(source), RetryPolicy(), Limits()).results()
    assert [next(results) for _ in range(100)] == [[skipped]] * 100
    assert len(pool.given) == 1


def test_results_that_were_given_back_come_again_when_a_task_has_ended() -> None:
    pool, document = HeldPool(), Document("a.pdf")
    first, second = (DocumentResult(document=Document(name), status=DocumentStatus.SKIPPED) for name in ("1", "2"))
    scheduler = Scheduler(pool, iter([ReadTask(document=document), [first, second]]), RetryPolicy(), Limits())
    results, read = scheduler.results(), DocumentResult(document=document, status=DocumentStatus.SUCCEEDED)
    assert next(results) == [first, second]
    pool.given[0][1].set_result(TaskResult(result=read))
    scheduler.give_back([second])
    completed = next(results)
    assert isinstance(completed, Completed)
    assert completed.result == read
    assert list(results) == [[second]]


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


LOST = Failure(cause=Cause.WORKER_LOST, message="0.pdf: the node is gone")


def test_a_task_that_was_lost_with_others_is_done_again_five_times_before_that_counts() -> None:
    pool = HeldPool()
    scheduler = Scheduler(pool, iter([ReadTask(document=Document("0.pdf"))]), RetryPolicy(), Limits())
    results = scheduler.results()
    for times in range(7):
        while len(pool.given) <= times:
            assert next(results) is None
        pool.given[-1][1].set_result(TaskResult(failure=LOST, blameless=True))
    last = next(result for result in results if result is not None)
    assert isinstance(last, Completed)
    assert [(task.losses, task.attempt) for task, _ in pool.given] == [*((n, 1) for n in range(6)), (6, 2)]
    assert (last.result.status, last.result.attempts) == (DocumentStatus.CRASHED, 2)


def test_a_task_that_ends_twice_is_counted_once() -> None:
    pool = HeldPool()
    scheduler = Scheduler(pool, iter([ReadTask(document=Document("0.pdf"))]), RetryPolicy(), Limits())
    results = scheduler.results()
    assert next(results) is None
    task, future = pool.given[0]
    future.set_result(TaskResult(result=failed_result(task.document, LOST)))
    scheduler.events.put(task, future)
    scheduler.events.put(task, future)
    assert len([one for one in results if one is not None]) == 1


class SlicingPool(HeldPool):
    """Wants 40 tasks for each one that it works on, and notes when it is told to send them."""

    ahead = 40

    def __init__(self) -> None:
        super().__init__()
        self.flushed_at: list[int] = []

    def flush(self) -> None:
        self.flushed_at.append(len(self.given))


def test_a_pool_of_slices_is_fed_as_far_ahead_as_it_wants_and_told_when_that_is_all() -> None:
    pool = SlicingPool()
    source = (ReadTask(document=Document(f"{number}.pdf")) for number in range(100))
    assert next(Scheduler(pool, source, RetryPolicy(), Limits()).results()) is None
    assert (len(pool.given), pool.flushed_at) == (40, [40])
