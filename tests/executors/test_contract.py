"""Every executor of pdfbatch keeps the public contract."""

import multiprocessing
from collections.abc import Generator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from inspect import signature
from pathlib import Path

import pytest

from pdfbatch.errors import PoolStartError
from pdfbatch.executors.fallback import FallbackExecutor
from pdfbatch.executors.futures import FuturesExecutor
from pdfbatch.executors.kept import KeptExecutor
from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.executors.sequential import SequentialExecutor
from pdfbatch.executors.thread import ThreadExecutor
from pdfbatch.ports import Executor, Pool, Shared, Work
from pdfbatch.testing import ExecutorContract, KillingExecutorContract


@dataclass(frozen=True)
class UnstartableExecutor:
    name = "unstartable"
    kills = False
    shares = Shared.FILES

    def start(self, work: Work) -> Pool:
        raise PoolStartError("no room")


class TestSequentialExecutor(ExecutorContract):
    immediate = False

    def make_executor(self) -> Executor:
        return SequentialExecutor()


class TestThreadExecutor(ExecutorContract):
    def make_executor(self) -> Executor:
        return ThreadExecutor(workers=2)


class TestFuturesExecutorOverThreads(ExecutorContract):
    @pytest.fixture(autouse=True)
    def _threads(self) -> Generator[None]:
        with ThreadPoolExecutor(2) as self.threads:
            yield

    def make_executor(self) -> Executor:
        return FuturesExecutor(self.threads, workers=2)

    def make_unstartable_executor(self) -> Executor:
        shut_down = ThreadPoolExecutor(1)
        shut_down.shutdown()
        return FuturesExecutor(shut_down)


@pytest.fixture(scope="class")
def processes() -> Generator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as executor:
        yield executor


class TestFuturesExecutorOverProcesses(ExecutorContract):
    prefetched = 3  # the queue of a ProcessPoolExecutor of two workers

    @pytest.fixture(autouse=True)
    def _processes(self, processes: ProcessPoolExecutor) -> None:
        self.processes = processes

    def make_executor(self) -> Executor:
        return FuturesExecutor(self.processes, workers=2)


class TestFallbackExecutor(ExecutorContract):
    def make_executor(self) -> Executor:
        return FallbackExecutor([UnstartableExecutor(), ThreadExecutor(workers=2)])

    def make_unstartable_executor(self) -> Executor:
        return FallbackExecutor([UnstartableExecutor(), UnstartableExecutor()])


class TestProcessExecutor(KillingExecutorContract):
    hang_seconds = 1.0
    writes_behind = True

    def make_executor(self) -> Executor:
        return ProcessExecutor(workers=2)

    def make_unstartable_executor(self) -> Executor:
        return ProcessExecutor(workers=2, python="no-such-python")


class SpawningProcesses(KillingExecutorContract):
    hang_seconds = 1.0
    writes_behind = True

    def make_executor(self) -> Executor:
        return ProcessExecutor(workers=2, start_method="spawn")


@pytest.mark.parametrize(
    "claim",
    [
        "test_it_can_start_pool_after_pool",
        "test_two_pools_of_it_work_side_by_side",
        "test_a_result_comes_back_whole",
        "test_it_works_on_as_many_tasks_at_one_time_as_its_capacity_says",
        "test_work_whose_libraries_cannot_be_loaded_beforehand_is_done_all_the_same",
        "test_a_task_that_waits_for_its_output_is_pending_and_keeps_no_other_waiting",
        "test_leaving_it_leaves_no_thread_and_no_child_process",
        "test_a_task_that_comes_after_the_end_is_cancelled",
        "test_leaving_it_by_an_exception_cancels_what_has_not_begun",
        "test_leaving_it_by_an_exception_leaves_nothing_running",
        "test_work_that_exits_costs_its_task_only",
        "test_a_flood_of_log_records_costs_nothing",
        "test_a_killed_worker_takes_its_child_processes_along",
        "test_a_child_process_that_a_task_left_behind_ends_with_the_pool",
        "test_a_hang_that_holds_the_gil_costs_its_task_only",
        "test_a_killed_worker_costs_its_task_only",
        "test_exhausted_memory_costs_its_task_only",
    ],
)
def test_workers_that_are_spawned_start_and_end_as_forked_ones_do(claim: str, tmp_path: Path) -> None:
    test = getattr(SpawningProcesses(), claim)  # the rest does not depend on how they start: TestProcessExecutor has it
    test(**dict.fromkeys(signature(test).parameters, tmp_path))


class Kept:
    """A kept executor under the contract of the executor behind it: what a pool promises, a share of it promises."""

    @pytest.fixture(autouse=True)
    def _keep(self) -> Generator[None]:
        with self.make_kept() as self.kept:
            yield

    def make_kept(self) -> KeptExecutor:
        raise NotImplementedError

    def make_executor(self) -> Executor:
        return self.kept

    def make_unstartable_executor(self) -> Executor:
        return KeptExecutor(UnstartableExecutor())


class TestKeptThreads(Kept, ExecutorContract):
    def make_kept(self) -> KeptExecutor:
        return KeptExecutor(ThreadExecutor(workers=2))


class TestKeptSequence(Kept, ExecutorContract):
    immediate = False

    def make_kept(self) -> KeptExecutor:
        return KeptExecutor(SequentialExecutor())


class FallbackFromProcesses(KillingExecutorContract):
    hang_seconds = 1.0
    writes_behind = True

    def make_executor(self) -> Executor:
        return FallbackExecutor([ProcessExecutor(workers=2), SequentialExecutor()])


@pytest.mark.parametrize(
    "claim",
    [
        "test_what_it_says_about_killing_is_tested",
        "test_a_task_that_waits_for_its_output_is_pending_and_keeps_no_other_waiting",
        "test_leaving_it_leaves_no_thread_and_no_child_process",
        "test_leaving_it_by_an_exception_leaves_nothing_running",
        "test_a_page_that_takes_too_long_is_named",
        "test_a_killed_worker_costs_its_task_only",
        "test_exhausted_memory_costs_its_task_only",
        "test_tasks_can_be_stopped_without_harm_to_others",
        "test_tasks_that_hang_can_be_stopped_without_harm_to_others",
    ],
)
def test_a_fallback_passes_on_what_an_executor_promises_that_kills(claim: str, tmp_path: Path) -> None:
    test = getattr(FallbackFromProcesses(), claim)  # TestFallbackExecutor has the whole contract, over threads
    test(**dict.fromkeys(signature(test).parameters, tmp_path))


class KeptProcesses(KillingExecutorContract):
    """Processes with a fallback, as a ``BatchProcessor`` keeps them."""

    hang_seconds = 1.0
    writes_behind = True

    def make_executor(self) -> Executor:
        return self.kept

    def __init__(self, kept: KeptExecutor) -> None:
        self.kept = kept


@pytest.fixture(scope="module")
def kept_processes() -> Generator[KeptProcesses]:
    with KeptExecutor(FallbackExecutor([ProcessExecutor(workers=2), SequentialExecutor()])) as kept:
        yield KeptProcesses(kept)


@pytest.mark.parametrize(
    "claim",
    [
        "test_a_result_comes_back_whole",
        "test_two_pools_of_it_work_side_by_side",
        "test_a_task_that_waits_for_its_output_is_pending_and_keeps_no_other_waiting",
        "test_leaving_it_leaves_no_thread_and_no_child_process",
        "test_leaving_it_by_an_exception_cancels_what_has_not_begun",
        "test_leaving_it_by_an_exception_leaves_nothing_running",
        "test_a_page_that_takes_too_long_is_named",
        "test_a_killed_worker_costs_its_task_only",
        "test_exhausted_memory_costs_its_task_only",
    ],
)
def test_a_kept_executor_passes_on_what_an_executor_promises_that_kills(
    claim: str, kept_processes: KeptProcesses, tmp_path: Path
) -> None:
    test = getattr(kept_processes, claim)  # TestKeptThreads has the whole contract
    test(**dict.fromkeys(signature(test).parameters, tmp_path))
