"""What is particular to a pool that is kept open: batches share it and do not feel each other."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import FrameType

import pytest

from pdfbatch.errors import Cause, PoolBrokenError, PoolStartError
from pdfbatch.executors import kept as kept_module
from pdfbatch.executors.fallback import FallbackExecutor
from pdfbatch.executors.kept import TASKS_AT_ONCE, KeptExecutor
from pdfbatch.executors.pool import PoolContext
from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.executors.task_future import TaskFuture
from pdfbatch.executors.task_results import run_isolated, set_exception, set_result
from pdfbatch.executors.thread import ThreadExecutor
from pdfbatch.ports import Executor, Pool, Shared, SupportsFairShare, Work
from pdfbatch.settings import Limits
from pdfbatch.tasks import Task, TaskResult
from pdfbatch.testing.faults import Fault
from pdfbatch.testing.probes import gate, interrupt, journal, task, text_of, wait_for_result, wait_until
from pdfbatch.testing.work import StandInWork
from tests.children import run_in_child


class CountingExecutor:
    """Threads that note each start of a pool."""

    name, kills, shares, starts_in_any_thread = "counting", False, Shared.MEMORY, True

    def __init__(self) -> None:
        self.starts: list[Pool] = []

    def start(self, work: Work) -> Pool:
        pool = ThreadExecutor(workers=2).start(work)
        self.starts.append(pool)
        return pool


class BreakablePool(PoolContext):
    """A pool that does a task at once, until it breaks."""

    name, capacity = "breakable", 1

    def __init__(self, work: Work) -> None:
        super().__init__()
        self._work = work
        self.is_broken = False

    def submit(self, task: Task) -> Future[TaskResult]:
        future = TaskFuture()
        if self.is_broken:
            set_exception(future, PoolBrokenError("broken on purpose"))
        else:
            set_result(future, run_isolated(self._work, task))
        return future

    def _shutdown(self) -> None:
        self._is_closed = True

    def _terminate(self) -> None:
        self._is_closed = True


class BreakableExecutor:
    name, kills, shares = "breakable", False, Shared.MEMORY

    def __init__(self) -> None:
        self.pools: list[BreakablePool] = []

    def start(self, work: Work) -> Pool:
        self.pools.append(BreakablePool(work))
        return self.pools[-1]


def children() -> set[int]:
    """The processes that this one has started, directly."""
    return {int(number) for number in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()} | {
        int(number)
        for thread in Path("/proc/self/task").iterdir()
        for number in (thread / "children").read_text().split()
    }


def test_batches_that_start_at_once_start_one_pool() -> None:
    counting = CountingExecutor()

    def read(number: int) -> str:
        with kept.start(StandInWork()) as pool:
            return text_of(pool.submit(task(f"{number}.pdf")))

    with KeptExecutor(counting) as kept, ThreadPoolExecutor(8) as threads:
        assert list(threads.map(read, range(16))) == [f"{number}.pdf" for number in range(16)]
    assert len(counting.starts) == 1


def test_other_work_gets_another_pool_and_the_first_ends_when_it_is_left() -> None:
    counting = CountingExecutor()
    with KeptExecutor(counting) as kept:
        with kept.start(StandInWork()) as first:
            with kept.start(StandInWork(Limits(max_pages=7))) as second:
                assert text_of(second.submit(task("b.pdf"))) == "b.pdf"
            assert text_of(first.submit(task("a.pdf"))) == "a.pdf"
        assert len(counting.starts) == 2
        late = counting.starts[0].submit(task("late.pdf"))
        assert late.cancelled()


def test_a_task_that_comes_while_the_pool_is_closed_ends() -> None:
    """Another thread closes the pool at each step of the call, once that has begun."""

    def submit_and_close(step: int) -> bool:
        """Return whether the call had as many steps."""
        kept, steps = KeptExecutor(ThreadExecutor(workers=1)), 0

        def close(frame: FrameType, event: str, _: object) -> None:
            nonlocal steps
            if frame.f_code.co_filename != kept_module.__file__ or event not in {"call", "return"}:
                return
            steps += 1
            if steps == step:
                closing.start()
                closing.join(0.05)  # it waits for this thread where that has the lock

        closing = threading.Thread(target=kept.close)
        with kept, kept.start(StandInWork()) as pool:
            sys.setprofile(close)
            try:
                future = pool.submit(task("a.pdf"))
            finally:
                sys.setprofile(None)
            result = wait_for_result(future)
            assert result.failure is None or result.failure.cause is Cause.CANCELLED
        return steps >= step

    step = 1
    while submit_and_close(step):
        step += 1
    assert step > 4


def test_a_small_batch_does_not_wait_for_a_large_one(tmp_path: Path) -> None:
    with KeptExecutor(ThreadExecutor(workers=2)) as kept, gate(tmp_path) as until:
        asked = {"until": until, "journal": str(tmp_path / "journal")}
        with kept.start(StandInWork()) as large, kept.start(StandInWork()) as small:
            futures = [large.submit(task(f"{number}.pdf", **asked)) for number in range(200)]
            last = small.submit(task("small.pdf", **asked))
            Path(until).touch()
            assert text_of(last) == "small.pdf"
            assert [text_of(future) for future in futures] == [f"{number}.pdf" for number in range(200)]
    names = [name for _, name in journal(tmp_path)]
    assert names.index("small.pdf") <= 2 * TASKS_AT_ONCE + 2


def test_batches_share_the_workers_they_count_on() -> None:
    with KeptExecutor(ThreadExecutor(workers=4)) as kept, kept.start(StandInWork()) as one:
        assert isinstance(one, SupportsFairShare)
        assert one.fair_share == 4
        with kept.start(StandInWork()):
            assert one.fair_share == 2
        assert one.fair_share == 4


@pytest.mark.parametrize("executor", [ThreadExecutor(workers=2), ProcessExecutor(workers=2)], ids=lambda it: it.name)
def test_a_batch_that_is_left_by_an_exception_costs_the_others_nothing(executor: Executor, tmp_path: Path) -> None:
    with KeptExecutor(executor) as kept, gate(tmp_path) as until:
        asked = {"until": until, "journal": str(tmp_path / "journal")}
        with kept.start(StandInWork()) as other:
            others = [other.submit(task("other.pdf", **asked))]
            assert wait_until(lambda: len(journal(tmp_path)) == 1)
            left = kept.start(StandInWork())
            unwanted = [left.submit(task(f"{number}.pdf", **asked)) for number in range(40)]
            others += [other.submit(task(f"later{number}.pdf")) for number in range(20)]
            assert wait_until(lambda: len(journal(tmp_path)) == 2)
            interrupt(left)
            assert all(future.done() for future in unwanted)
            Path(until).touch()
            assert [text_of(it) for it in others] == ["other.pdf", *(f"later{number}.pdf" for number in range(20))]
        assert len(journal(tmp_path)) <= 4, "what was left went on"  # a lost worker's documents are read once more


def test_what_kills_a_worker_costs_the_other_batch_nothing() -> None:
    work = StandInWork(Limits(document_timeout=0.5, page_timeout=None, memory_bytes=None))
    with KeptExecutor(ProcessExecutor(workers=2)) as kept, kept.start(work) as bad, kept.start(work) as good:
        faults = [bad.submit(task(f"bad{fault}.pdf", fault=fault)) for fault in (Fault.HANG, Fault.KILL, Fault.EXIT)]
        names = [f"{number}.pdf" for number in range(60)]
        futures = [good.submit(task(name)) for name in names]
        assert [text_of(future) for future in futures] == names
        causes = [failure.cause for future in faults if (failure := wait_for_result(future).failure) is not None]
        assert causes == [Cause.TIMEOUT, Cause.WORKER_LOST, Cause.WORKER_LOST]


def test_closing_it_ends_the_tasks_of_batches_that_still_run(tmp_path: Path) -> None:
    kept = KeptExecutor(ProcessExecutor(workers=2)).__enter__()
    with gate(tmp_path) as until, kept.start(StandInWork()) as pool:
        futures = [pool.submit(task(f"{number}.pdf", until=until)) for number in range(50)]
        kept.close()
        failures = [wait_for_result(future).failure for future in futures]
        assert {failure.cause for failure in failures if failure is not None} == {Cause.CANCELLED}
        late = wait_for_result(pool.submit(task("late.pdf"))).failure
        assert late is not None
        assert late.cause is Cause.CANCELLED
    with pytest.raises(PoolStartError, match="was closed"):
        kept.start(StandInWork())
    with kept, kept.start(StandInWork()) as again:
        assert text_of(again.submit(task("again.pdf"))) == "again.pdf"


def test_a_pool_that_broke_is_started_again_by_the_next_batch() -> None:
    breakable = BreakableExecutor()
    with KeptExecutor(breakable) as kept:
        with kept.start(StandInWork()) as pool:
            assert text_of(pool.submit(task("a.pdf"))) == "a.pdf"
            breakable.pools[0].is_broken = True
            assert isinstance(pool.submit(task("b.pdf")).exception(), PoolBrokenError)
        with kept.start(StandInWork()) as pool:
            assert text_of(pool.submit(task("c.pdf"))) == "c.pdf"
    assert len(breakable.pools) == 2


def test_a_fallback_that_has_moved_on_is_started_again_from_its_first_executor() -> None:
    breakable = BreakableExecutor()
    with KeptExecutor(FallbackExecutor([breakable, ThreadExecutor(workers=1)])) as kept:
        with kept.start(StandInWork()) as pool:
            breakable.pools[0].is_broken = True
            assert text_of(pool.submit(task("a.pdf"))) == "a.pdf"
            assert pool.name == "thread"
        with kept.start(StandInWork()) as pool:
            assert pool.name == "breakable"
            assert text_of(pool.submit(task("b.pdf"))) == "b.pdf"


def test_killed_idle_processes_cost_the_next_batch_nothing() -> None:
    before = children()
    with KeptExecutor(ProcessExecutor(workers=1)) as kept:
        for _ in range(3):
            with kept.start(StandInWork()) as pool:
                assert text_of(pool.submit(task("a.pdf"))) == "a.pdf"
            for process in children() - before:
                os.kill(process, signal.SIGKILL)


def test_a_forked_process_has_a_pool_of_its_own_and_leaves_that_of_its_parent() -> None:
    def read() -> bool:
        with kept.start(StandInWork()) as pool:
            return text_of(pool.submit(task("a.pdf"))) == "a.pdf"

    def read_and_close() -> bool:
        is_read = read()
        kept.close()
        return is_read

    checks: list[Callable[[], bool]] = [read, read_and_close, read]
    with KeptExecutor(ProcessExecutor(workers=1)) as kept:
        assert checks[0]()
        assert run_in_child(checks[1])()
        assert checks[2]()
