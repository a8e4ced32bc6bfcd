"""When a worker has had enough time, as pure functions of its place and the limits."""

import math
from typing import NamedTuple

from pdfbatch.executors.process.current_task import CurrentTask
from pdfbatch.settings import Limits
from pdfbatch.tasks import Task

GRACE_SHARE, LEAST_GRACE_SECONDS, MOST_GRACE_SECONDS = 0.05, 0.15, 0.3


class Deadline(NamedTuple):
    """The moment at which a worker is to be killed, and the limit (its field's name and value) that asks for it."""

    at: float
    limit: str
    seconds: float


def grace_seconds(limit: float) -> float:
    """How long after a limit a worker is killed: work stops by itself between pages, and tesseract when it is told to.

    A twentieth of the limit, within bounds: so that documents that hang cost no more than that beyond their limits, and a
    short limit still leaves the time to stop and to write down what was read.
    """
    return min(max(limit * GRACE_SHARE, LEAST_GRACE_SECONDS), MOST_GRACE_SECONDS)


def nearest_deadline(place: CurrentTask, task: Task, limits: Limits) -> Deadline | None:
    """Which limit binds next on a worker that is at this place of this task; ``None`` when none does."""
    deadlines: list[Deadline] = []
    if limits.document_timeout is not None:
        at = place.task_started + _left(task, limits.document_timeout) + grace_seconds(limits.document_timeout)
        deadlines.append(Deadline(at, "document_timeout", limits.document_timeout))
    if limits.page_timeout is not None and place.page > 0:
        at = place.page_started + limits.page_timeout + grace_seconds(limits.page_timeout)
        deadlines.append(Deadline(at, "page_timeout", limits.page_timeout))
    return min(deadlines, default=None)


def patience(task: Task, limits: Limits) -> float:
    """Seconds within which no deadline can pass on a task or page that has yet to begin; infinite without limits."""
    document = math.inf if limits.document_timeout is None else _left(task, limits.document_timeout)
    page = math.inf if limits.page_timeout is None else limits.page_timeout
    return min(document, page) + LEAST_GRACE_SECONDS


def _left(task: Task, document_timeout: float) -> float:
    return max(0.0, document_timeout - task.used_seconds)
