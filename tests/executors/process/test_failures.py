"""What is said of a task whose worker was lost, and when a worker has had enough time."""

import math

import pytest

from pdfbatch.errors import Cause
from pdfbatch.executors.process.current_task import CurrentTask
from pdfbatch.executors.process.deadlines import LEAST_GRACE_SECONDS, grace_seconds, nearest_deadline, patience
from pdfbatch.executors.process.failures import Exit, lost
from pdfbatch.model import Document, Failure
from pdfbatch.settings import Limits
from pdfbatch.tasks import ReadTask

TASK = ReadTask(document=Document("a.pdf"), used_seconds=4)
PLACE = CurrentTask(task=1, task_started=100, page=2, page_started=103)
LIMIT = 100 << 20


def ending(how: Exit, limit: int | None = LIMIT) -> Failure:
    failure = lost(TASK, PLACE, 110, how=how, limit=limit).failure
    assert failure is not None
    return failure


def test_a_signal_far_below_the_memory_limit_is_a_lost_worker() -> None:
    failure = ending(Exit(code=-11, peak_bytes=LIMIT // 2))
    assert failure.cause is Cause.WORKER_LOST
    assert failure.message == "a.pdf: its worker, on page 2, was killed by SIGSEGV"


def test_a_signal_near_the_memory_limit_is_about_memory() -> None:
    assert ending(Exit(code=-9, peak_bytes=LIMIT * 9 // 10)).cause is Cause.MEMORY_LIMIT


def test_without_a_memory_limit_a_large_worker_is_just_lost() -> None:
    assert ending(Exit(code=-9, peak_bytes=1 << 40), limit=None).cause is Cause.WORKER_LOST


def test_an_unknown_signal_and_a_stolen_exit_code_are_told_too() -> None:
    assert "signal 200" in ending(Exit(code=-200)).message
    assert ending(Exit(code=None)).message.endswith("ended")


def test_seconds_and_page_are_those_of_the_place() -> None:
    result = lost(TASK, PLACE, 110, how=Exit(code=1), limit=None)
    assert (result.page, result.seconds) == (2, 10)


@pytest.mark.parametrize(
    ("limits", "name", "at"),
    [
        (Limits(document_timeout=10, page_timeout=60), "document_timeout", 106.3),
        (Limits(document_timeout=10, page_timeout=2), "page_timeout", 105.15),
        (Limits(document_timeout=5, page_timeout=None), "document_timeout", 101.25),
    ],
)
def test_the_nearer_limit_binds(limits: Limits, name: str, at: float) -> None:
    deadline = nearest_deadline(PLACE, TASK, limits)
    assert deadline is not None
    assert (deadline.limit, deadline.at) == (name, at)


@pytest.mark.parametrize(("limit", "grace"), [(0.1, 0.15), (1, 0.15), (5, 0.25), (6, 0.3), (1800, 0.3)])
def test_the_grace_is_a_twentieth_of_the_limit_within_bounds(limit: float, grace: float) -> None:
    assert grace_seconds(limit) == pytest.approx(grace)


def test_a_page_limit_does_not_bind_before_the_first_page() -> None:
    limits = Limits(document_timeout=None, page_timeout=1)
    assert nearest_deadline(CurrentTask(task=1, task_started=100), TASK, limits) is None
    assert patience(TASK, limits) == 1 + LEAST_GRACE_SECONDS


def test_without_limits_patience_is_endless() -> None:
    assert patience(TASK, Limits(document_timeout=None, page_timeout=None)) == math.inf
