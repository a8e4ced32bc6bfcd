"""The adapter to ``concurrent.futures`` executors, over threads and processes of the standard library."""

import multiprocessing
from collections.abc import Callable, Generator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock
from typing import ParamSpec, TypeVar

import pytest

from pdfbatch.errors import Cause, PoolBrokenError, PoolStartError, UsageError
from pdfbatch.executors.cpus import available_cpus
from pdfbatch.executors.futures import FuturesExecutor
from pdfbatch.model import Document, DocumentResult, DocumentStatus
from pdfbatch.ports import Shared, SupportsStop, Watch
from pdfbatch.settings import Limits
from pdfbatch.tasks import ReadTask, Task, TaskResult
from pdfbatch.testing import Fault, StandInWork
from pdfbatch.testing.probes import (
    PATIENCE_SECONDS,
    gate,
    interrupt,
    journal,
    task,
    text_of,
    wait_for_result,
    wait_until,
)

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class CountedWork:
    """Work that notes each time that it is unpickled."""

    folder: str
    limits: Limits = Limits()

    def __call__(self, task: Task, watch: Watch | None = None) -> TaskResult:
        return TaskResult(result=DocumentResult(document=task.document, status=DocumentStatus.EMPTY))

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        with Path(self.folder, "unpickled").open("a") as file:
            file.write(".")


@dataclass(frozen=True)
class UnpicklableResultWork:
    """Work whose result cannot be pickled."""

    limits: Limits = Limits()

    def __call__(self, task: Task, watch: Watch | None = None) -> TaskResult:
        document = Document(task.document.file_path, metadata={"odd": lambda: None})
        return TaskResult(result=DocumentResult(document=document, status=DocumentStatus.EMPTY))


@dataclass(frozen=True)
class UnloadableWork:
    """Work that can be pickled, but not unpickled."""

    limits: Limits = Limits()

    def __call__(self, task: Task, watch: Watch | None = None) -> TaskResult:
        raise AssertionError

    def __setstate__(self, state: object) -> None:
        raise ImportError("no module named engine")


@dataclass(frozen=True)
class UnpicklableWork:
    """Work that holds a lock."""

    lock: Lock
    limits: Limits = Limits()

    def __call__(self, task: Task, watch: Watch | None = None) -> TaskResult:
        raise AssertionError


@pytest.fixture
def threads() -> Generator[Executor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


@pytest.fixture
def processes() -> Generator[Executor]:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as executor:
        yield executor


def test_the_executor_stays_the_callers(threads: Executor) -> None:
    with FuturesExecutor(threads).start(StandInWork()) as pool:
        pool.submit(task("a.pdf"))
    interrupt(FuturesExecutor(threads).start(StandInWork()))
    assert threads.submit(len, "abc").result(PATIENCE_SECONDS) == 3


def test_its_capacity_is_the_given_number_of_workers(threads: Executor) -> None:
    with FuturesExecutor(threads, workers=7).start(StandInWork()) as pool:
        assert pool.capacity == 7
    with FuturesExecutor(threads).start(StandInWork()) as pool:
        assert pool.capacity == available_cpus()


def test_less_than_one_worker_is_refused(threads: Executor) -> None:
    with pytest.raises(UsageError, match="from 1"):
        FuturesExecutor(threads, workers=0)


def test_a_worker_unpickles_the_work_once(processes: Executor, tmp_path: Path) -> None:
    with FuturesExecutor(processes).start(CountedWork(str(tmp_path))) as pool:
        wait([pool.submit(task(f"{number}.pdf")) for number in range(20)])
    assert (tmp_path / "unpickled").read_text() == "."


def test_a_worker_that_dies_breaks_the_pool_and_each_future_says_so(processes: Executor) -> None:
    with FuturesExecutor(processes).start(StandInWork()) as pool:
        futures = [pool.submit(task(f"{number}.pdf", fault=Fault.KILL)) for number in range(3)]
        assert [type(future.exception(PATIENCE_SECONDS)) for future in futures] == [PoolBrokenError] * 3
        assert isinstance(pool.submit(task("late.pdf")).exception(PATIENCE_SECONDS), PoolBrokenError)


def test_a_result_that_cannot_be_pickled_costs_its_task_only(processes: Executor) -> None:
    with FuturesExecutor(processes).start(UnpicklableResultWork()) as pool:
        failures = [wait_for_result(pool.submit(task(name))).failure for name in ("a.pdf", "b.pdf")]
    assert [failure and failure.cause for failure in failures] == [Cause.INTERNAL, Cause.INTERNAL]


def test_work_that_a_worker_cannot_load_breaks_the_pool(processes: Executor) -> None:
    with FuturesExecutor(processes).start(UnloadableWork()) as pool:
        error = pool.submit(task("a.pdf")).exception(PATIENCE_SECONDS)
    assert isinstance(error, PoolBrokenError)
    assert "no module named engine" in str(error)


def test_work_that_cannot_be_pickled_cannot_start(threads: Executor) -> None:
    with pytest.raises(PoolStartError, match="cannot be pickled"):
        FuturesExecutor(threads).start(UnpicklableWork(Lock()))


def test_on_an_executor_that_was_shut_down_no_pool_starts() -> None:
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    with pytest.raises(PoolStartError, match="takes no tasks"):
        FuturesExecutor(executor).start(StandInWork())


def test_an_executor_that_is_shut_down_during_use_breaks_the_pool(tmp_path: Path) -> None:
    executor = ThreadPoolExecutor(1)
    with gate(tmp_path) as until, FuturesExecutor(executor).start(StandInWork()) as pool:
        first = pool.submit(task("a.pdf", until=until, journal=str(tmp_path / "journal")))
        assert wait_until(lambda: len(journal(tmp_path)) == 1)
        second = pool.submit(task("b.pdf"))
        executor.shutdown(wait=False, cancel_futures=True)
        third = pool.submit(task("c.pdf"))
        assert [type(future.exception(PATIENCE_SECONDS)) for future in (second, third)] == [PoolBrokenError] * 2
        Path(until).touch()
        assert text_of(first) == "a.pdf"


def test_leaving_by_an_exception_gives_up_a_task_that_hangs(threads: Executor, tmp_path: Path) -> None:
    with gate(tmp_path) as until:
        pool = FuturesExecutor(threads).start(StandInWork())
        hanging = pool.submit(task("a.pdf", until=until, journal=str(tmp_path / "journal")))
        waiting = pool.submit(task("b.pdf"))
        assert wait_until(lambda: len(journal(tmp_path)) == 1)
        interrupt(pool)
        failure = hanging.result(timeout=0).failure
        assert failure is not None
        assert failure.cause is Cause.CANCELLED
        assert wait([waiting], timeout=0).done == {waiting}
        assert waiting.cancelled()


def test_a_pool_that_was_left_cancels_later_tasks(threads: Executor) -> None:
    with FuturesExecutor(threads).start(StandInWork()) as pool:
        pass
    late: Future[TaskResult] = pool.submit(task("late.pdf"))
    assert late.cancelled()


class UnknownExecutor(Executor):
    """An executor that is not one of the standard library's."""


def test_only_the_standard_librarys_executors_are_known_to_share_anything() -> None:
    with ThreadPoolExecutor(1) as threads, ProcessPoolExecutor(1) as processes:
        assert FuturesExecutor(threads).shares is Shared.MEMORY
        assert FuturesExecutor(processes).shares is Shared.FILES
    assert FuturesExecutor(UnknownExecutor()).shares is Shared.NOTHING


class SlowToTake(ThreadPoolExecutor):
    """An executor of one thread that takes the document ``unwanted.pdf`` only once it may, and says that it was asked to."""

    def __init__(self) -> None:
        super().__init__(1)
        self.is_asked, self.may_take = Event(), Event()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        if any(isinstance(each, ReadTask) and each.document.file_path == "unwanted.pdf" for each in args):
            self.is_asked.set()
            self.may_take.wait(PATIENCE_SECONDS)
        return super().submit(fn, *args, **kwargs)


@pytest.mark.parametrize("how", ["stop", "cancel"])
def test_a_task_that_is_stopped_while_it_is_handed_over_is_not_done(how: str, tmp_path: Path) -> None:
    asked = {"journal": str(tmp_path / "journal")}
    with SlowToTake() as executor, gate(tmp_path) as until, FuturesExecutor(executor).start(StandInWork()) as pool:
        busy = pool.submit(task("busy.pdf", until=until, **asked))
        assert wait_until(lambda: len(journal(tmp_path)) == 1)
        unwanted = pool.submit(task("unwanted.pdf", **asked))
        assert executor.is_asked.wait(PATIENCE_SECONDS)
        if how == "cancel":
            assert unwanted.cancel()
        else:
            assert isinstance(pool, SupportsStop)
            pool.stop([unwanted])
        executor.may_take.set()
        assert wait([unwanted], PATIENCE_SECONDS).done
        assert unwanted.cancelled()
        Path(until).touch()
        assert text_of(busy) == "busy.pdf"
    assert [name for _, name in journal(tmp_path)] == ["busy.pdf"]
