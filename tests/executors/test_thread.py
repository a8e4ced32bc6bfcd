"""The thread executor: its threads, and what can be done about a task that hangs in one."""

import subprocess
import sys
import threading
import time
from concurrent.futures import wait
from dataclasses import dataclass
from pathlib import Path

import pytest

from pdfbatch.errors import Cause, UsageError
from pdfbatch.executors.cpus import available_cpus
from pdfbatch.executors.thread import ThreadExecutor
from pdfbatch.ports import Watch
from pdfbatch.settings import Limits
from pdfbatch.tasks import Task, TaskResult
from pdfbatch.testing import StandInWork
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


@dataclass(frozen=True)
class EndlessWork:
    """Work on a document that never ends."""

    limits: Limits = Limits()

    def __call__(self, task: Task, watch: Watch | None = None) -> TaskResult:
        assert watch is not None
        number = 0
        while True:
            number += 1
            watch.page(number)
            time.sleep(0.001)


@dataclass(frozen=True)
class ExitingWork:
    """Work whose library calls ``sys.exit``."""

    limits: Limits = Limits()

    def __call__(self, task: Task, watch: Watch | None = None) -> TaskResult:
        sys.exit(3)


def test_it_has_a_thread_for_each_core_unless_told_otherwise() -> None:
    with ThreadExecutor().start(StandInWork()) as pool:
        assert pool.capacity == available_cpus()


def test_less_than_one_worker_is_refused() -> None:
    with pytest.raises(UsageError, match=r"workers=0.*whole number from 1"):
        ThreadExecutor(workers=0)


def test_its_threads_end_with_the_pool() -> None:
    with ThreadExecutor(workers=3).start(StandInWork()) as pool:
        text_of(pool.submit(task("a.pdf")))
        assert len(_worker_threads()) >= 3
        mine = _worker_threads()
    assert not any(thread.is_alive() for thread in mine & _worker_threads())


def test_an_exit_inside_a_task_costs_that_task_only() -> None:
    with ThreadExecutor(workers=1).start(ExitingWork()) as pool:
        results = [wait_for_result(pool.submit(task(name))) for name in ("a.pdf", "b.pdf")]
    assert [result.failure and result.failure.cause for result in results] == [Cause.INTERNAL, Cause.INTERNAL]


def test_leaving_by_an_exception_stops_a_task_at_its_next_page() -> None:
    pool = ThreadExecutor(workers=1).start(EndlessWork())
    future = pool.submit(task("a.pdf"))
    mine = _worker_threads()
    assert wait_until(future.running)
    interrupt(pool)
    result = wait_for_result(future)
    assert result.failure is not None
    assert result.failure.cause is Cause.CANCELLED
    assert not any(thread.is_alive() for thread in mine & _worker_threads())


def test_leaving_by_an_exception_gives_up_a_task_that_hangs(tmp_path: Path) -> None:
    with gate(tmp_path) as until:
        pool = ThreadExecutor(workers=1).start(StandInWork())
        hanging, waiting = pool.submit(task("a.pdf", until=until)), pool.submit(task("b.pdf"))
        assert wait_until(hanging.running)
        interrupt(pool)
        # Both futures have ended although the thread still hangs: nobody waits for ever.
        assert hanging.done()
        assert wait_for_result(hanging).failure is not None
        assert wait([waiting], timeout=0).done == {waiting}
        assert waiting.cancelled()


def test_a_task_that_ends_after_it_was_given_up_changes_nothing(tmp_path: Path) -> None:
    with gate(tmp_path) as until:
        pool = ThreadExecutor(workers=1).start(StandInWork())
        hanging = pool.submit(task("a.pdf", until=until))
        mine = _worker_threads()
        assert wait_until(hanging.running)
        interrupt(pool)
    for thread in mine:
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()
    assert wait_for_result(hanging).failure is not None


def test_a_pool_that_was_left_cancels_later_tasks(tmp_path: Path) -> None:
    with ThreadExecutor(workers=1).start(StandInWork()) as pool:
        pass
    assert pool.submit(task("late.pdf", journal=str(tmp_path / "journal"))).cancelled()
    assert journal(tmp_path) == []


def test_a_task_whose_future_was_cancelled_is_not_run(tmp_path: Path) -> None:
    with ThreadExecutor(workers=1).start(StandInWork()) as pool:
        with gate(tmp_path) as until:
            first = pool.submit(task("a.pdf", until=until))
            second = pool.submit(task("b.pdf", journal=str(tmp_path / "journal")))
            assert second.cancel()
        assert text_of(first) == "a.pdf"
        assert text_of(pool.submit(task("c.pdf"))) == "c.pdf"
    assert journal(tmp_path) == []


def test_an_interpreter_with_a_hanging_task_exits() -> None:
    script = """
        from pdfbatch.executors.thread import ThreadExecutor
        from pdfbatch.testing import Fault, StandInWork
        from pdfbatch.testing.probes import wait_until, task
        pool = ThreadExecutor(workers=2).start(StandInWork())
        future = pool.submit(task("a.pdf", fault=Fault.HANG))
        assert wait_until(future.running)
    """
    assert _python(script).returncode == 0


def test_where_no_thread_can_start_the_pool_cannot() -> None:
    script = """
        import threading
        from pdfbatch.errors import PoolStartError
        from pdfbatch.executors.thread import ThreadExecutor
        from pdfbatch.testing import StandInWork
        threading.stack_size(1 << 46)  # more than there is address space
        try:
            ThreadExecutor(workers=2).start(StandInWork())
        except PoolStartError as error:
            print(error)
    """
    assert "No thread can be started" in _python(script).stdout


def _worker_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "pdfbatch-worker"}


def _python(script: str) -> subprocess.CompletedProcess[str]:
    lines = "\n".join(line.removeprefix("        ") for line in script.splitlines())
    return subprocess.run(
        [sys.executable, "-c", lines], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
