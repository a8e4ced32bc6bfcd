"""The result of a task whose worker was lost, and the deadlines of workers."""

import math
from dataclasses import replace

import pytest

from pdfbatch.errors import Cause
from pdfbatch.executors.process.child import ExitStatus
from pdfbatch.executors.process.current_task import CurrentTask
from pdfbatch.executors.process.deadlines import (
    LAST_WORD_SECONDS,
    MIN_GRACE_SECONDS,
    grace_seconds,
    nearest_deadline,
    shortest_limit,
)
from pdfbatch.executors.process.failures import worker_lost
from pdfbatch.model import Document, Failure
from pdfbatch.settings import Limits
from pdfbatch.tasks import ReadTask

TASK = ReadTask(document=Document("a.pdf"), used_seconds=4)
CURRENT = CurrentTask(task=1, task_started=100, page=2, page_started=103)
LIMIT = 100 << 20


def failure_of(status: ExitStatus, limit: int | None = LIMIT) -> Failure:
    failure = worker_lost(TASK, CURRENT, 110, status=status, memory_limit=limit).failure
    assert failure is not None
    return failure


def test_a_signal_far_below_the_memory_limit_is_a_lost_worker() -> None:
    failure = failure_of(ExitStatus(code=-11, peak_bytes=LIMIT // 2))
    assert failure.cause is Cause.WORKER_LOST
    assert failure.message == "a.pdf: its worker, on page 2, was killed by SIGSEGV"


def test_a_signal_near_the_memory_limit_is_about_memory() -> None:
    assert failure_of(ExitStatus(code=-9, peak_bytes=LIMIT * 9 // 10)).cause is Cause.MEMORY_LIMIT


def test_without_a_memory_limit_a_large_worker_is_just_lost() -> None:
    assert failure_of(ExitStatus(code=-9, peak_bytes=1 << 40), limit=None).cause is Cause.WORKER_LOST


def test_an_unknown_signal_and_an_unknown_exit_code_are_described_too() -> None:
    assert "signal 200" in failure_of(ExitStatus(code=-200)).message
    assert failure_of(ExitStatus(code=None)).message.endswith("ended")


def test_seconds_and_page_are_those_of_the_current_task() -> None:
    result = worker_lost(TASK, CURRENT, 110, status=ExitStatus(code=1), memory_limit=None)
    assert (result.page, result.seconds) == (2, 10)


@pytest.mark.parametrize(
    ("limits", "name", "at"),
    [
        (Limits(document_timeout=10, page_timeout=60), "document_timeout", 106.3),
        (Limits(document_timeout=10, page_timeout=2), "page_timeout", 105.15),
        (Limits(document_timeout=5, page_timeout=None), "document_timeout", 101.25),
    ],
)
def test_the_nearer_limit_decides(limits: Limits, name: str, at: float) -> None:
    deadline = nearest_deadline(CURRENT, TASK, limits)
    assert deadline is not None
    assert (deadline.limit, deadline.at) == (name, at)


@pytest.mark.parametrize(("limit", "grace"), [(0.1, 0.15), (1, 0.15), (5, 0.25), (6, 0.3), (1800, 0.3)])
def test_the_grace_is_a_twentieth_of_the_limit_within_bounds(limit: float, grace: float) -> None:
    assert grace_seconds(limit) == pytest.approx(grace)


def test_a_page_limit_does_not_apply_before_the_first_page() -> None:
    limits = Limits(document_timeout=None, page_timeout=1)
    assert nearest_deadline(CurrentTask(task=1, task_started=100), TASK, limits) is None
    assert shortest_limit(TASK, limits) == 1 + MIN_GRACE_SECONDS


def test_without_limits_there_is_no_shortest_one() -> None:
    assert shortest_limit(TASK, Limits(document_timeout=None, page_timeout=None)) == math.inf


def test_a_task_of_which_no_time_is_left_may_say_what_is_known() -> None:
    deadline = nearest_deadline(CURRENT, replace(TASK, used_seconds=10), Limits(document_timeout=10, page_timeout=None))
    assert deadline is not None
    assert deadline.at - CURRENT.task_started >= LAST_WORD_SECONDS
