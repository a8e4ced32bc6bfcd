"""The contract of the executor port: one test for each sentence of ``pdfbatch.ports`` about executors and pools."""

import os
import threading
import time
import unittest
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

from pdfbatch.errors import Cause, PoolStartError
from pdfbatch.model import Document, Failure
from pdfbatch.ports import (
    Executor,
    Pool,
    Shared,
    SupportsBackgroundStart,
    SupportsPendingWrites,
    SupportsStop,
    SupportsTaskProgress,
    Work,
)
from pdfbatch.tasks import ReadTask, TaskResult
from pdfbatch.testing.faults import Fault
from pdfbatch.testing.probes import (
    PATIENCE_SECONDS,
    Interruption,
    gate,
    interrupt,
    journal,
    list_companions,
    task,
    text_of,
    wait_for_document,
    wait_for_result,
    wait_until,
)
from pdfbatch.testing.work import PipelinedStandInWork, StandInWork, UnloadableStandInWork


def _finish(pool: Pool) -> None:
    """Leave a pool normally."""
    pool.__exit__(None, None, None)


class ExecutorContract:
    """The tests of an executor. Subclass it in a test module and say how to make the executor; pytest does the rest.

        class TestMyExecutor(ExecutorContract):
            def make_executor(self) -> Executor:
                return MyExecutor(workers=2)

    Give it two workers if it can have them. Put a clean-up into ``teardown_method`` or a fixture of the subclass. The workers
    must see this machine's file system (pytest's ``tmp_path``).
    """

    seconds: float = 15.0
    """How long "within seconds" may take, on a busy machine too."""

    immediate: bool = True
    """``False`` for an executor that works inside ``submit``: tests that watch a task from outside are then skipped."""

    writes_behind: bool = False
    """``True`` for an executor whose pools count ``pending_writes``: its workers go on while an output is written."""

    prefetched: int = 0
    """How many tasks its workers hold before they begin them: these may begin after a pool was left by an exception."""

    kills: bool = False
    """Whether this contract tests the promises of an executor that kills."""

    def make_executor(self) -> Executor:
        """Return the executor under test."""
        raise NotImplementedError

    def make_unstartable_executor(self) -> Executor | None:
        """Return one of the same kind that cannot start (no such program, no server there); ``None`` if nothing prevents it."""
        return None

    # --- the executor ---------------------------------------------------------------------------------------------

    def test_it_has_a_name(self) -> None:
        assert self.make_executor().name

    def test_what_it_says_about_killing_is_tested(self) -> None:
        assert self.make_executor().kills == self.kills, "KillingExecutorContract is for executors that kill"

    def test_workers_that_share_memory_are_in_this_process(self, tmp_path: Path) -> None:
        if self.make_executor().shares is not Shared.MEMORY:
            raise unittest.SkipTest("its workers share no memory with this process")
        with self._pool() as pool:
            wait_for_result(pool.submit(task("a.pdf", journal=str(tmp_path / "journal"))))
        assert journal(tmp_path) == [(os.getpid(), "a.pdf")], "a worker is in another process"

    def test_it_can_start_pool_after_pool(self) -> None:
        executor = self.make_executor()
        for name in ("first.pdf", "second.pdf"):
            with executor.start(StandInWork()) as pool:
                assert text_of(pool.submit(task(name))) == name

    def test_two_pools_of_it_work_side_by_side(self) -> None:
        executor = self.make_executor()
        with executor.start(StandInWork()) as one, executor.start(StandInWork()) as other:
            futures = [pool.submit(task(f"{number}.pdf")) for number, pool in enumerate((one, other, one, other))]
            assert [text_of(future) for future in futures] == ["0.pdf", "1.pdf", "2.pdf", "3.pdf"]

    def test_a_start_that_cannot_work_raises_pool_start_error(self) -> None:
        executor = self.make_unstartable_executor()
        if executor is None:
            raise unittest.SkipTest("there is no way in which it cannot start")
        try:
            with executor.start(StandInWork()):
                pass
        except PoolStartError:
            return
        raise AssertionError("it started")

    def test_it_can_start_in_another_thread_if_it_says_so(self) -> None:
        executor = self.make_executor()
        if not isinstance(executor, SupportsBackgroundStart) or not executor.starts_in_any_thread:
            raise unittest.SkipTest("it does not say that it starts in any thread")
        with ThreadPoolExecutor(1) as thread:
            pool = thread.submit(executor.start, StandInWork()).result(PATIENCE_SECONDS)
        with pool:
            assert text_of(pool.submit(task("a.pdf"))) == "a.pdf"

    # --- the pool -------------------------------------------------------------------------------------------------

    def test_a_pool_has_a_name_and_a_capacity_of_at_least_one(self) -> None:
        with self._pool() as pool:
            assert pool.name
            assert pool.kills is self.kills
            assert pool.capacity >= 1

    def test_entering_it_gives_the_pool_itself(self) -> None:
        pool = self.make_executor().start(StandInWork())
        with pool as entered:
            assert entered is pool

    def test_a_result_comes_back_whole(self) -> None:
        document = Document("a.pdf", "id-1", "project", {"client": ["no.", 7], "characters": 3_000_000})
        with self._pool() as pool:
            result = wait_for_document(pool.submit(ReadTask(document=document)))
        assert result.document == document
        assert [(page.number, len(page.text)) for page in result.pages] == [(1, 3_000_000)]

    def test_each_task_is_done_once_and_its_future_ends_once(self, tmp_path: Path) -> None:
        seen: Counter[str] = Counter()
        with self._pool() as pool:
            for number in range(50):
                future = pool.submit(task(f"{number}.pdf", journal=str(tmp_path / "journal")))
                future.add_done_callback(lambda future: seen.update([text_of(future)]))
        assert seen == Counter({f"{number}.pdf": 1 for number in range(50)})
        assert Counter(name for _, name in journal(tmp_path)) == seen

    def test_submit_returns_before_the_task_is_done(self, tmp_path: Path) -> None:
        self._must_be_immediate()
        with self._pool() as pool, gate(tmp_path) as until:
            futures = self._submit_held(pool, tmp_path, until)
            assert not any(future.done() for future in futures.values()), "a future ends before its task is done"

    def test_it_works_on_as_many_tasks_at_one_time_as_its_capacity_says(self, tmp_path: Path) -> None:
        self._must_be_immediate()
        with self._pool() as pool, gate(tmp_path) as until:
            self._submit_held(pool, tmp_path, until)
            self._must_be_busy(pool, tmp_path)
            assert not wait_until(lambda: len(journal(tmp_path)) > pool.capacity, 0.1), (
                f"{len(journal(tmp_path))} tasks have begun, and its capacity is {pool.capacity}"
            )

    def test_work_whose_libraries_cannot_be_loaded_beforehand_is_done_all_the_same(self) -> None:
        with self._pool(UnloadableStandInWork()) as pool:
            assert text_of(pool.submit(task("a.pdf"))) == "a.pdf"

    def test_work_in_two_steps_is_done_whole(self) -> None:
        with self._pool(PipelinedStandInWork()) as pool:
            assert text_of(pool.submit(task("a.pdf"))) == "a.pdf"

    def test_a_task_that_waits_for_its_output_is_pending_and_keeps_no_other_waiting(self, tmp_path: Path) -> None:
        with self._pool(PipelinedStandInWork()) as pool, gate(tmp_path) as written:
            if not self.writes_behind:
                raise unittest.SkipTest("its workers wait for the output")
            assert isinstance(pool, SupportsPendingWrites)
            assert pool.pending_writes == 0
            futures = [pool.submit(task(f"{number}.pdf", written=written)) for number in range(pool.capacity)]
            assert wait_until(lambda: pool.pending_writes == len(futures), self.seconds), (
                "the pending writes are not counted"
            )
            assert text_of(pool.submit(task("next.pdf"))) == "next.pdf"
            assert not any(future.done() for future in futures)
            Path(written).touch()
            assert [text_of(future) for future in futures] == [f"{number}.pdf" for number in range(len(futures))]
            assert wait_until(lambda: pool.pending_writes == 0), "a write stays pending"

    # --- leaving it -----------------------------------------------------------------------------------------------

    def test_leaving_it_waits_for_the_tasks_under_way(self) -> None:
        with self._pool() as pool:
            futures = [pool.submit(task(f"{number}.pdf")) for number in range(20)]
        assert all(future.done() for future in futures)
        assert [text_of(future) for future in futures] == [f"{number}.pdf" for number in range(20)]

    def test_leaving_it_leaves_no_thread_and_no_child_process(self, tmp_path: Path) -> None:
        self._fill_and_leave(tmp_path / "first", interrupt)  # what is shared by all pools may start now, and stay
        before = list_companions()
        self._fill_and_leave(tmp_path / "second", _finish)
        self._fill_and_leave(tmp_path / "third", interrupt)
        assert wait_until(lambda: list_companions() <= before, self.seconds), f"left: {list_companions() - before}"

    def test_a_task_that_comes_after_the_end_is_cancelled(self) -> None:
        for leave in (_finish, interrupt):
            pool = self._pool().__enter__()
            leave(pool)
            future = pool.submit(task("late.pdf"))
            assert wait_until(future.done, self.seconds), "its future does not end"
            assert future.cancelled()

    def test_leaving_it_twice_is_fine(self) -> None:
        pool = self.make_executor().start(StandInWork())
        with pool:
            future = pool.submit(task("a.pdf"))
        pool.__exit__(None, None, None)
        interrupt(pool)
        assert text_of(future) == "a.pdf"

    def test_leaving_it_by_an_exception_twice_is_fine_and_hides_nothing(self) -> None:
        pool = self.make_executor().start(StandInWork())
        left_by: BaseException | None = None
        try:
            with pool:
                raise Interruption
        except Interruption as interruption:
            left_by = interruption
        interrupt(pool)
        assert left_by is not None

    def test_leaving_it_by_an_exception_cancels_what_has_not_begun(self, tmp_path: Path) -> None:
        self._must_be_immediate()
        with gate(tmp_path) as until:
            futures = self._interrupt(tmp_path, until)
            under_way = {name for _, name in journal(tmp_path)}
        endless = wait(futures.values(), self.seconds).not_done
        assert not endless, f"{len(endless)} futures never end: one ends with its task where that cannot be stopped"
        self.test_leaving_it_waits_for_the_tasks_under_way()  # time for what should not be running
        begun = {name for _, name in journal(tmp_path)}
        late = sorted(begun - under_way)
        assert len(late) <= self.prefetched, f"begun after the pool was left, and should have been cancelled: {late}"
        cancelled = {name for name, future in futures.items() if future.cancelled()}
        assert cancelled, "nothing was cancelled"
        assert not cancelled & begun, f"begun, and cancelled all the same: {sorted(cancelled & begun)}"
        for name in begun:
            error = futures[name].exception()
            assert error is None, f"{name} was begun, and its future raises {error!r} as if it had not been"

    def test_leaving_it_by_an_exception_takes_seconds_though_tasks_hang(self, tmp_path: Path) -> None:
        self._must_be_immediate()
        started = time.monotonic()
        with gate(tmp_path) as until:
            self._interrupt(tmp_path, until)
            assert time.monotonic() - started < self.seconds

    # --- stopping some of its tasks --------------------------------------------------------------------------------

    def test_tasks_can_be_stopped_without_harm_to_others(self, tmp_path: Path) -> None:
        self._must_be_immediate()
        with self._pool() as pool, gate(tmp_path) as until:
            if not isinstance(pool, SupportsStop):
                raise unittest.SkipTest("it cannot stop some of its tasks")
            asked = {"until": until, "journal": str(tmp_path / "journal")}
            kept = [pool.submit(task(f"kept{number}.pdf", **asked)) for number in range(pool.capacity)]
            assert wait_until(lambda: len(journal(tmp_path)) == pool.capacity)
            unwanted = {name: pool.submit(task(name, **asked)) for name in map(str, range(pool.capacity * 4))}
            kept += [pool.submit(task(f"later{number}.pdf")) for number in range(5)]
            pool.stop(unwanted.values())
            assert wait_until(lambda: any(future.done() for future in unwanted.values()), self.seconds)
            pool.stop(unwanted.values())
            stopped = {name for name, future in unwanted.items() if future.done()}
            Path(until).touch()
            names = [f"kept{number}.pdf" for number in range(pool.capacity)] + [f"later{n}.pdf" for n in range(5)]
            assert [text_of(future) for future in kept] == names
        assert all(future.done() for future in unwanted.values())
        assert not stopped & {name for _, name in journal(tmp_path)}

    # --- whatever a task does -------------------------------------------------------------------------------------

    def test_work_that_raises_costs_its_task_only(self) -> None:
        failure = self._failure_beside_good_tasks(Fault.RAISE)
        assert failure.cause is Cause.INTERNAL, failure

    def test_work_that_recurses_without_end_costs_its_task_only(self) -> None:
        failure = self._failure_beside_good_tasks(Fault.RECURSION)
        assert failure.cause is Cause.INTERNAL, failure

    def test_work_that_exits_costs_its_task_only(self) -> None:
        self._must_be_immediate()  # in the caller's own thread an exit may be the caller's: a signal handler raises it
        self._failure_beside_good_tasks(Fault.SYSTEM_EXIT)

    def test_a_failure_names_the_document(self) -> None:
        assert "bad.pdf" in self._failure_beside_good_tasks(Fault.RAISE).message

    def test_a_flood_of_log_records_costs_nothing(self) -> None:
        with self._pool() as pool:
            assert text_of(pool.submit(task("loud.pdf", fault=Fault.FLOOD_LOG))) == "loud.pdf"

    def test_a_task_that_cannot_be_pickled_costs_itself_only(self) -> None:
        with self._pool() as pool:
            odd = pool.submit(ReadTask(document=Document("odd.pdf", metadata={"odd": lambda: None})))
            good = [pool.submit(task(f"{number}.pdf")) for number in range(5)]
            assert [text_of(future) for future in good] == [f"{number}.pdf" for number in range(5)]
            assert odd.exception(PATIENCE_SECONDS) is None

    # --- parts ------------------------------------------------------------------------------------------------------

    def _pool(self, work: Work | None = None) -> Pool:
        return self.make_executor().start(StandInWork() if work is None else work)

    def test_it_says_what_its_workers_are_on_if_it_can(self, tmp_path: Path) -> None:
        self._must_be_immediate()
        with self._pool() as pool, gate(tmp_path) as until:
            if not isinstance(pool, SupportsTaskProgress):
                raise unittest.SkipTest("it cannot say what its workers are on")
            held = task("held.pdf", until=until)
            future = pool.submit(held)
            found = wait_until(lambda: [each for each in pool.list_progress() if each.page])
            assert [(each.page, each.total_pages, each.text_pages) for each in found] == [(1, 3, 2)]
            assert found[0].task is held, "it is not the task that was submitted"
            Path(until).touch()
            wait_for_result(future)
            assert wait_until(lambda: not pool.list_progress()), "a task that has ended is still worked on"

    def _must_be_immediate(self) -> None:
        if not self.immediate:
            raise unittest.SkipTest("it works inside submit")

    def _fill_and_leave(self, folder: Path, leave: Callable[[Pool], None]) -> None:
        """Let every worker of a pool do a task, and leave the pool when all tasks are done."""
        folder.mkdir()
        pool = self._pool().__enter__()
        try:
            with gate(folder) as until:
                asked = {"until": until, "journal": str(folder / "journal")} if self.immediate else {}
                futures = [pool.submit(task(f"{number}.pdf", **asked)) for number in range(pool.capacity)]
                if self.immediate:
                    self._must_be_busy(pool, folder)
            for future in futures:
                wait_for_result(future)
        finally:
            leave(pool)

    def _submit_held(self, pool: Pool, folder: Path, until: str) -> dict[str, Future[TaskResult]]:
        """Submit far more tasks than a pool works on, which wait for a gate. Fails when ``submit`` waits for one of them."""
        asked = {"until": until, "journal": str(folder / "journal")}
        rescue = threading.Timer(self.seconds, Path(until).touch)  # else a ``submit`` that waits would wait for ever
        rescue.start()
        try:
            names = [f"{number}.pdf" for number in range(pool.capacity * 4 + 8)]
            futures = {name: pool.submit(task(name, **asked)) for name in names}
        finally:
            rescue.cancel()
            rescue.join()
        assert not os.path.exists(until), "submit waits for a worker to be free: it must return at once"
        return futures

    def _must_be_busy(self, pool: Pool, folder: Path) -> None:
        """Fail unless as many tasks begin as a pool says that it works on at one time."""
        assert wait_until(lambda: len(journal(folder)) >= pool.capacity, 2 * self.seconds), (
            f"only {len(journal(folder))} tasks begin at one time, and its capacity is {pool.capacity}"
        )

    def _interrupt(self, folder: Path, until: str) -> dict[str, Future[TaskResult]]:
        """Return the futures, by document, of a pool that was left by an exception while all its workers waited."""
        pool = self._pool().__enter__()
        try:
            futures = self._submit_held(pool, folder, until)
            self._must_be_busy(pool, folder)
        finally:
            interrupt(pool)
        return futures

    def _failure_beside_good_tasks(self, fault: Fault, work: Work | None = None) -> Failure:
        """Return the failure of a task with a fault. Fails when the tasks before or after it are harmed."""
        with self._pool(work) as pool:
            before = [pool.submit(task(f"{number}.pdf")) for number in range(5)]
            bad = pool.submit(task("bad.pdf", fault=fault))
            after = [pool.submit(task(f"{number}.pdf")) for number in range(5, 10)]
            assert [text_of(future) for future in (*before, *after)] == [f"{number}.pdf" for number in range(10)]
            failure = wait_for_result(bad).failure
        assert failure is not None, "the fault passed unnoticed"
        return failure
