"""The contract of executors that kill: they stop a task that hangs and contain one that crashes or exhausts memory."""

import unittest
from concurrent.futures import wait
from pathlib import Path

from pdfbatch.errors import Cause
from pdfbatch.ports import SupportsStop
from pdfbatch.settings import Limits
from pdfbatch.testing.executors import ExecutorContract
from pdfbatch.testing.faults import Fault
from pdfbatch.testing.probes import PATIENCE_SECONDS, alive, gate, journal, task, text_of, wait_for_result, wait_until
from pdfbatch.testing.work import StandInWork

_MEMORY_BYTES = 256 << 20
_PATIENT = StandInWork(Limits(document_timeout=PATIENCE_SECONDS, page_timeout=None, memory_bytes=_MEMORY_BYTES))


class KillingExecutorContract(ExecutorContract):
    """``ExecutorContract``, and the promises of ``kills = True``. Subclass it in the same way.

    Its tests really hang, crash and exhaust memory: an executor that breaks its promise may take the test run along.
    """

    kills = True

    hang_seconds: float = 3.0
    """The limit for tasks that hang. Lower it where workers are quick to start: good tasks must not reach it."""

    takes_pages: bool = True
    """Whether the watch of its tasks is a ``SupportsPagesSoFar``."""

    def test_leaving_it_by_an_exception_leaves_nothing_running(self, tmp_path: Path) -> None:
        with gate(tmp_path) as until:
            futures = self._interrupt(tmp_path, until)
            wait(futures.values(), PATIENCE_SECONDS)
            assert all(future.done() for future in futures.values()), "a future has not ended"
            assert wait_until(lambda: not any(alive(process) for process, _ in journal(tmp_path)))

    def test_tasks_that_hang_can_be_stopped_without_harm_to_others(self, tmp_path: Path) -> None:
        with self._pool(_PATIENT) as pool:
            if not isinstance(pool, SupportsStop):
                raise unittest.SkipTest("it cannot stop some of its tasks")
            hanging = pool.submit(task("bad.pdf", fault=Fault.HANG, journal=str(tmp_path / "journal")))
            others = [pool.submit(task(f"{number}.pdf")) for number in range(10)]
            assert wait_until(lambda: bool(journal(tmp_path)))
            pool.stop([hanging])
            failure = wait_for_result(hanging).failure
            assert failure is not None
            assert failure.cause is Cause.CANCELLED, failure
            assert [text_of(future) for future in others] == [f"{number}.pdf" for number in range(10)]
            assert wait_until(lambda: not any(alive(process) for process, _ in journal(tmp_path)))

    def test_a_hang_costs_its_task_only(self) -> None:
        self._costs_its_task_only(Fault.HANG, Cause.TIMEOUT)

    def test_a_hang_that_holds_the_gil_costs_its_task_only(self) -> None:
        self._costs_its_task_only(Fault.HANG_GIL, Cause.TIMEOUT)

    def test_a_hanging_child_process_costs_its_task_only(self) -> None:
        self._costs_its_task_only(Fault.CHILD, Cause.TIMEOUT)

    def test_a_killed_worker_takes_its_child_processes_along(self, tmp_path: Path) -> None:
        with self._pool(self._impatient_work()) as pool:
            wait_for_result(pool.submit(task("bad.pdf", fault=Fault.CHILD, journal=str(tmp_path / "journal"))))
            assert [name for _, name in journal(tmp_path)] == ["bad.pdf", "child"]
            assert wait_until(lambda: not any(alive(process) for process, _ in journal(tmp_path)))

    def test_a_child_process_that_a_task_left_behind_ends_with_the_pool(self, tmp_path: Path) -> None:
        with self._pool(_PATIENT) as pool:
            wait_for_result(pool.submit(task("careless.pdf", fault=Fault.ORPHAN, journal=str(tmp_path / "journal"))))
        assert [name for _, name in journal(tmp_path)] == ["careless.pdf", "child"]
        assert wait_until(lambda: not any(alive(process) for process, _ in journal(tmp_path)))

    def test_a_page_that_takes_too_long_is_named(self) -> None:
        limits = Limits(document_timeout=PATIENCE_SECONDS, page_timeout=min(1.0, self.hang_seconds))
        with self._pool(StandInWork(limits)) as pool:
            result = wait_for_result(pool.submit(task("bad.pdf", fault=Fault.HANG)))
        assert result.failure is not None
        assert (result.failure.cause, result.page) == (Cause.TIMEOUT, 1), result

    def test_pages_that_a_task_handed_over_come_back_with_its_failure(self) -> None:
        if not self.takes_pages:
            raise unittest.SkipTest("its watch takes no pages")
        with self._pool(_PATIENT) as pool:
            lost = [pool.submit(task(f"{name}.pdf", fault=Fault.KILL, so_far=name)) for name in ("one", "two")]
            results = [wait_for_result(future) for future in lost]
            assert text_of(pool.submit(task("good.pdf", so_far="three"))) == "good.pdf"
        assert [[page.text for page in result.pages] for result in results] == [["one"], ["two"]]
        assert [result.fingerprint for result in results] == ["one.pdf", "two.pdf"]
        assert all(result.failure is not None for result in results)

    def test_a_worker_that_exits_costs_its_task_only(self) -> None:
        self._costs_its_task_only(Fault.EXIT, Cause.WORKER_LOST)

    def test_a_killed_worker_costs_its_task_only(self) -> None:
        self._costs_its_task_only(Fault.KILL, Cause.WORKER_LOST)

    def test_a_segmentation_fault_costs_its_task_only(self) -> None:
        self._costs_its_task_only(Fault.SEGFAULT, Cause.WORKER_LOST)

    def test_an_abort_costs_its_task_only(self) -> None:
        self._costs_its_task_only(Fault.ABORT, Cause.WORKER_LOST)

    def test_exhausted_memory_costs_its_task_only(self) -> None:
        self._costs_its_task_only(Fault.MEMORY, Cause.MEMORY_LIMIT)

    def _costs_its_task_only(self, fault: Fault, cause: Cause) -> None:
        work = self._impatient_work() if cause is Cause.TIMEOUT else _PATIENT
        failure = self._failure_beside_good_tasks(fault, work)
        assert failure.cause is cause, failure

    def _impatient_work(self) -> StandInWork:
        return StandInWork(Limits(document_timeout=self.hang_seconds, page_timeout=None, memory_bytes=_MEMORY_BYTES))
