"""The contract of the executor port as tests: what ``pdfbatch.ports`` says of executors and pools, sentence by sentence."""

import os
import time
import unittest
from collections import Counter
from concurrent.futures import Future, wait
from pathlib import Path

from pdfbatch.errors import Cause, PoolStartError
from pdfbatch.model import Document, Failure
from pdfbatch.ports import Executor, Pool, Shared, Work
from pdfbatch.tasks import ReadTask, TaskResult
from pdfbatch.testing.faults import Fault
from pdfbatch.testing.probes import (
    PATIENCE_SECONDS,
    Interruption,
    done,
    ended,
    eventually,
    gate,
    interrupt,
    journal,
    task,
    text_of,
)
from pdfbatch.testing.work import StandInWork

_SECONDS = 15.0
"""What "within seconds" means on a busy machine."""


class ExecutorContract:
    """Subclass it in a test module, say how to make the executor, and let pytest collect the subclass.

        class TestMyExecutor(ExecutorContract):
            def make_executor(self) -> Executor:
                return MyExecutor(workers=2)

    Give it two workers if it can have them. What needs a clean-up goes into ``teardown_method`` or a fixture of the subclass.
    The tasks' workers must see this machine's file system (pytest's ``tmp_path``).
    """

    immediate: bool = True
    """Set it to ``False`` for an executor that works inside ``submit``; what can only be seen from outside is skipped."""

    kills: bool = False
    """Whether this contract tests what an executor that kills promises beyond the others."""

    def make_executor(self) -> Executor:
        """The executor under test."""
        raise NotImplementedError

    def make_unstartable_executor(self) -> Executor | None:
        """One of the same kind that cannot start (no such program, a server that is not there); ``None`` if there is none."""
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
            ended(pool.submit(task("a.pdf", journal=str(tmp_path / "journal"))))
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

    # --- the pool -------------------------------------------------------------------------------------------------

    def test_its_capacity_is_at_least_one(self) -> None:
        with self._pool() as pool:
            assert pool.capacity >= 1

    def test_entering_it_gives_the_pool_itself(self) -> None:
        pool = self.make_executor().start(StandInWork())
        with pool as entered:
            assert entered is pool

    def test_a_result_comes_back_whole(self) -> None:
        document = Document("a.pdf", "id-1", "project", {"client": ["no.", 7], "characters": 3_000_000})
        with self._pool() as pool:
            result = done(pool.submit(ReadTask(document=document)))
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
            future = pool.submit(task("a.pdf", until=until))
            assert not future.done()

    def test_it_works_on_as_many_tasks_at_one_time_as_its_capacity_says(self, tmp_path: Path) -> None:
        self._must_be_immediate()
        with self._pool() as pool, gate(tmp_path) as until:
            names = [f"{number}.pdf" for number in range(pool.capacity * 2 + 2)]
            for name in names:
                pool.submit(task(name, until=until, journal=str(tmp_path / "journal")))
            assert eventually(lambda: len(journal(tmp_path)) == pool.capacity)

    # --- leaving it -----------------------------------------------------------------------------------------------

    def test_leaving_it_waits_for_the_tasks_under_way(self) -> None:
        with self._pool() as pool:
            futures = [pool.submit(task(f"{number}.pdf")) for number in range(20)]
        assert all(future.done() for future in futures)
        assert [text_of(future) for future in futures] == [f"{number}.pdf" for number in range(20)]

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
            futures = self._interrupted(tmp_path, until)
            waiting = {name for name, future in futures.items() if future.cancelled()}
        assert waiting, "nothing was cancelled"
        wait(futures.values(), PATIENCE_SECONDS)
        assert all(future.done() for future in futures.values()), "a future has not ended"
        self.test_leaving_it_waits_for_the_tasks_under_way()  # time for what should not be running
        assert not waiting & {name for _, name in journal(tmp_path)}, "a cancelled task was done"

    def test_leaving_it_by_an_exception_takes_seconds_though_tasks_hang(self, tmp_path: Path) -> None:
        self._must_be_immediate()
        started = time.monotonic()
        with gate(tmp_path) as until:
            self._interrupted(tmp_path, until)
            assert time.monotonic() - started < _SECONDS

    # --- whatever a task does -------------------------------------------------------------------------------------

    def test_work_that_raises_costs_its_task_only(self) -> None:
        failure = self._failure_beside_good_tasks(Fault.RAISE)
        assert failure.cause is Cause.INTERNAL, failure

    def test_work_that_recurses_without_end_costs_its_task_only(self) -> None:
        failure = self._failure_beside_good_tasks(Fault.RECURSION)
        assert failure.cause is Cause.INTERNAL, failure

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

    # --- how ------------------------------------------------------------------------------------------------------

    def _pool(self, work: Work | None = None) -> Pool:
        return self.make_executor().start(StandInWork() if work is None else work)

    def _must_be_immediate(self) -> None:
        if not self.immediate:
            raise unittest.SkipTest("it works inside submit")

    def _interrupted(self, folder: Path, until: str) -> dict[str, Future[TaskResult]]:
        """The futures of a pool that was left by an exception while all its workers hung, by document."""
        pool = self._pool().__enter__()
        try:
            names = [f"{number}.pdf" for number in range(pool.capacity * 4 + 8)]
            asked = {"until": until, "journal": str(folder / "journal")}
            futures = {name: pool.submit(task(name, **asked)) for name in names}
            assert eventually(lambda: len(journal(folder)) == pool.capacity)
        finally:
            interrupt(pool)
        return futures

    def _failure_beside_good_tasks(self, fault: Fault, work: Work | None = None) -> Failure:
        """What became of a task with a fault. Asserts that the tasks before and after it are unharmed."""
        with self._pool(work) as pool:
            before = [pool.submit(task(f"{number}.pdf")) for number in range(5)]
            bad = pool.submit(task("bad.pdf", fault=fault))
            after = [pool.submit(task(f"{number}.pdf")) for number in range(5, 10)]
            assert [text_of(future) for future in (*before, *after)] == [f"{number}.pdf" for number in range(10)]
            failure = ended(bad).failure
        assert failure is not None, "the fault passed unnoticed"
        return failure
