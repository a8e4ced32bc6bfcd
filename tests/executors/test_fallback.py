"""The fallback executor: which executor is used, and what becomes of tasks when a pool breaks."""

import logging
import multiprocessing
import os
import signal
import threading
from collections import Counter
from collections.abc import Generator
from concurrent.futures import Executor as FuturesLike
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from pdfbatch.errors import Cause, PoolBrokenError, PoolStartError, UsageError
from pdfbatch.executors.fallback import FallbackExecutor
from pdfbatch.executors.futures import FuturesExecutor
from pdfbatch.executors.sequential import SequentialExecutor
from pdfbatch.executors.thread import ThreadExecutor
from pdfbatch.ports import Executor, Pool, Shared, Watch, Work
from pdfbatch.settings import Limits
from pdfbatch.tasks import Task, TaskResult
from pdfbatch.testing import StandInWork
from pdfbatch.testing.probes import PATIENCE_SECONDS, gate, interrupt, journal, task, text_of, wait_until

WEAKER = "thread, which cannot stop a document that hangs"


@dataclass(frozen=True)
class UnstartableExecutor:
    """An executor that cannot start."""

    kills = True
    shares = Shared.FILES
    name: str = "unstartable"

    def start(self, work: Work) -> Pool:
        raise PoolStartError(f"no room for {self.name}")


@dataclass(frozen=True)
class BreakingExecutor:
    """An executor whose pool does ``good`` tasks and breaks when it gets another one."""

    good: int
    kills = True
    shares = Shared.FILES
    name: str = "breaking"
    pools: list["BreakingPool"] = field(default_factory=list["BreakingPool"])

    def start(self, work: Work) -> Pool:
        self.pools.append(BreakingPool(work, self.good))
        return self.pools[-1]


class BreakingPool:
    name = "breaking"
    kills = False
    capacity = 3

    def __init__(self, work: Work, good: int) -> None:
        self._work = work
        self._good = good
        self._futures: list[Future[TaskResult]] = []
        self.threads: set[threading.Thread] = set()
        self.is_left = False

    @property
    def tasks(self) -> int:
        return len(self._futures)

    def submit(self, task: Task) -> Future[TaskResult]:
        self.threads.add(threading.current_thread())
        future = Future[TaskResult]()
        self._futures.append(future)
        if len(self._futures) > self._good:
            self._break()
        return future

    def _break(self) -> None:
        for number, future in enumerate(self._futures):
            if future.done():
                continue
            if number < self._good:
                future.set_result(self._work(task(f"{number}.pdf")))
            else:
                future.set_exception(PoolBrokenError("its workers are gone"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.is_left = True


@dataclass(frozen=True)
class InterruptedWork:
    """Work that is interrupted by Ctrl-C."""

    limits: Limits = Limits()

    def __call__(self, task: Task, watch: Watch | None = None) -> TaskResult:
        raise KeyboardInterrupt


@pytest.fixture
def processes() -> Generator[FuturesLike]:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as executor:
        yield executor


def test_the_first_executor_that_starts_is_used() -> None:
    with FallbackExecutor([UnstartableExecutor(), SequentialExecutor(), ThreadExecutor()]).start(StandInWork()) as pool:
        assert pool.name == "sequential"
        assert pool.capacity == 1
        assert text_of(pool.submit(task("a.pdf"))) == "a.pdf"


def test_when_none_starts_the_error_has_every_reason() -> None:
    executor = FallbackExecutor([UnstartableExecutor(name="process"), UnstartableExecutor(name="thread")])
    with pytest.raises(PoolStartError, match=r"no room for process.*no room for thread"):
        executor.start(StandInWork())


def test_an_empty_list_of_executors_is_refused() -> None:
    with pytest.raises(UsageError, match="at least one"):
        FallbackExecutor([])


def test_it_has_the_names_of_all_its_executors_and_kills_if_the_first_does() -> None:
    executor = FallbackExecutor([UnstartableExecutor(), ThreadExecutor(), SequentialExecutor()])
    assert executor.name == "fallback(unstartable, thread, sequential)"
    assert executor.kills
    assert not FallbackExecutor([SequentialExecutor(), UnstartableExecutor()]).kills


def test_it_shares_what_all_its_executors_share() -> None:
    assert FallbackExecutor([ThreadExecutor(), SequentialExecutor()]).shares is Shared.MEMORY
    assert FallbackExecutor([ThreadExecutor(), UnstartableExecutor()]).shares is Shared.FILES


@pytest.mark.parametrize("following", [ThreadExecutor(workers=2), SequentialExecutor()], ids=lambda one: one.name)
def test_when_a_pool_breaks_every_task_is_done_once(following: ThreadExecutor | SequentialExecutor) -> None:
    seen: Counter[str] = Counter()
    with FallbackExecutor([BreakingExecutor(good=4), following]).start(StandInWork()) as pool:
        for number in range(30):
            pool.submit(task(f"{number}.pdf")).add_done_callback(lambda future: seen.update([text_of(future)]))
    assert seen == Counter({f"{number}.pdf": 1 for number in range(30)})


def test_tasks_that_a_broken_pool_has_done_are_not_done_again(tmp_path: Path) -> None:
    with FallbackExecutor([BreakingExecutor(good=4), ThreadExecutor(workers=2)]).start(StandInWork()) as pool:
        futures = [pool.submit(task(f"{number}.pdf", journal=str(tmp_path / "journal"))) for number in range(10)]
        assert [text_of(future) for future in futures] == [f"{number}.pdf" for number in range(10)]
    # The broken pool's own four tasks leave no line, because it makes tasks without a journal for them.
    assert Counter(name for _, name in journal(tmp_path)) == Counter({f"{number}.pdf": 1 for number in range(4, 10)})


def test_the_pool_takes_the_name_and_capacity_of_the_executor_in_use() -> None:
    with FallbackExecutor([BreakingExecutor(good=0), ThreadExecutor(workers=2)]).start(StandInWork()) as pool:
        assert (pool.name, pool.capacity) == ("breaking", 3)
        text_of(pool.submit(task("a.pdf")))
        assert (pool.name, pool.capacity) == ("thread", 2)


def test_each_move_is_one_warning_that_says_why(caplog: pytest.LogCaptureFixture) -> None:
    executors: list[Executor] = [UnstartableExecutor(), BreakingExecutor(good=0), ThreadExecutor(workers=2)]
    with FallbackExecutor(executors).start(StandInWork()) as pool:
        for future in [pool.submit(task(f"{number}.pdf")) for number in range(10)]:
            text_of(future)
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.WARNING, "The unstartable pool cannot start (no room for unstartable); moving on to breaking"),
        (
            logging.WARNING,
            "The breaking pool broke (its workers are gone); moving on to thread, which cannot stop a document that hangs",
        ),
    ]


def test_when_the_last_pool_breaks_the_futures_say_so() -> None:
    with FallbackExecutor([BreakingExecutor(good=0), BreakingExecutor(good=2)]).start(StandInWork()) as pool:
        futures = [pool.submit(task(f"{number}.pdf")) for number in range(6)]
        errors = [future.exception(PATIENCE_SECONDS) for future in futures]
        late = pool.submit(task("late.pdf")).exception(PATIENCE_SECONDS)
    assert [type(error) for error in errors] == [type(None)] * 2 + [PoolBrokenError] * 4
    assert isinstance(late, PoolBrokenError)
    assert "its workers are gone" in str(late)


def test_each_pool_is_called_from_one_thread() -> None:
    first, second = BreakingExecutor(good=0), BreakingExecutor(good=100)
    pool = FallbackExecutor([first, second]).start(StandInWork())
    for number in range(20):
        pool.submit(task(f"{number}.pdf"))
    assert wait_until(lambda: len(second.pools) == 1 and second.pools[0].tasks == 20)
    interrupt(pool)
    assert first.pools[0].threads == {threading.current_thread()}
    assert len(second.pools[0].threads) == 1
    assert threading.current_thread() not in second.pools[0].threads


def test_all_pools_are_left_at_the_end() -> None:
    first, second = BreakingExecutor(good=0), BreakingExecutor(good=0)
    with FallbackExecutor([first, second, SequentialExecutor()]).start(StandInWork()) as pool:
        text_of(pool.submit(task("a.pdf")))
    assert [executor.pools[0].is_left for executor in (first, second)] == [True, True]


def test_a_dead_process_pool_is_replaced_by_threads(processes: FuturesLike, tmp_path: Path) -> None:
    with FallbackExecutor([FuturesExecutor(processes), ThreadExecutor(workers=2)]).start(StandInWork()) as pool:
        with gate(tmp_path) as until:
            futures = [pool.submit(task(f"{n}.pdf", until=until, journal=str(tmp_path / "journal"))) for n in range(8)]
            assert wait_until(lambda: len(journal(tmp_path)) == 1)
            _kill(journal(tmp_path)[0][0])
            assert wait_until(lambda: pool.name == "thread")
        assert [text_of(future) for future in futures] == [f"{number}.pdf" for number in range(8)]


def test_leaving_by_an_exception_ends_moved_tasks_too(tmp_path: Path) -> None:
    with gate(tmp_path) as until:
        executor = FallbackExecutor([BreakingExecutor(good=0), SequentialExecutor()])
        pool = executor.start(StandInWork())
        hanging = pool.submit(task("a.pdf", until=until, journal=str(tmp_path / "journal")))
        waiting = [pool.submit(task(f"{number}.pdf")) for number in range(5)]
        assert wait_until(lambda: len(journal(tmp_path)) == 1)
        interrupt(pool)
        failure = hanging.result(timeout=0).failure
        assert failure is not None
        assert failure.cause is Cause.CANCELLED
        assert all(future.cancelled() for future in waiting)


def test_ctrl_c_inside_a_sequential_task_reaches_the_caller_and_the_pool_can_be_left() -> None:
    executor = FallbackExecutor([UnstartableExecutor(), SequentialExecutor()])
    with executor.start(InterruptedWork()) as pool, pytest.raises(KeyboardInterrupt):
        pool.submit(task("a.pdf"))


def test_a_pool_that_was_left_cancels_later_tasks() -> None:
    with FallbackExecutor([SequentialExecutor()]).start(StandInWork()) as pool:
        pass
    assert pool.submit(task("late.pdf")).cancelled()


def _kill(process: int) -> None:
    os.kill(process, signal.SIGKILL)
