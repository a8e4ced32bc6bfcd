"""The sequential executor, which works inside ``submit``."""

from concurrent.futures import Future
from dataclasses import dataclass

import pytest

from pdfbatch.executors.sequential import SequentialExecutor
from pdfbatch.ports import Watch
from pdfbatch.settings import Limits
from pdfbatch.tasks import Task, TaskResult
from pdfbatch.testing import StandInWork
from pdfbatch.testing.probes import task, text_of


@dataclass(frozen=True)
class InterruptedWork:
    """Work that is interrupted by Ctrl-C."""

    limits: Limits = Limits()

    def __call__(self, task: Task, watch: Watch | None = None) -> TaskResult:
        raise KeyboardInterrupt


def test_a_task_is_done_when_submit_returns() -> None:
    with SequentialExecutor().start(StandInWork()) as pool:
        future = pool.submit(task("a.pdf"))
        assert future.done()
        assert text_of(future) == "a.pdf"


def test_ctrl_c_inside_a_task_reaches_the_caller() -> None:
    with SequentialExecutor().start(InterruptedWork()) as pool, pytest.raises(KeyboardInterrupt):
        pool.submit(task("a.pdf"))


def test_a_pool_that_was_left_cancels_later_tasks() -> None:
    with SequentialExecutor().start(StandInWork()) as pool:
        pass
    late: Future[TaskResult] = pool.submit(task("late.pdf"))
    assert late.cancelled()


def test_its_capacity_is_one() -> None:
    with SequentialExecutor().start(StandInWork()) as pool:
        assert pool.capacity == 1
