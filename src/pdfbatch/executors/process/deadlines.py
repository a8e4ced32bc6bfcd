"""When a worker is to be killed for taking too long: pure functions of its current task and the limits."""

import math
from typing import NamedTuple

from pdfbatch.executors.process.current_task import CurrentTask
from pdfbatch.settings import Limits
from pdfbatch.tasks import Task

LAST_WORD_SECONDS = 10.0
"""How long a task may take whose document has used up its time: it reads nothing, and returns what others have read."""
GRACE_SHARE, MIN_GRACE_SECONDS, MAX_GRACE_SECONDS = 0.05, 0.15, 0.3


class Deadline(NamedTuple):
    """The time ``at`` which to kill a worker, and the limit behind it: the name of the field in ``Limits``, and its value."""

    at: float
    limit: str
    seconds: float


def grace_seconds(limit: float) -> float:
    """Return how long after a limit a worker is killed.

    In that time it can stop by itself, as it does between pages and tesseract does when its own timeout passes, and write
    what it has read. A twentieth of the limit is enough for that and costs little; the bounds are for very short and very
    long limits.
    """
    return min(max(limit * GRACE_SHARE, MIN_GRACE_SECONDS), MAX_GRACE_SECONDS)


def nearest_deadline(current: CurrentTask, task: Task, limits: Limits) -> Deadline | None:
    """Return the deadline that comes first for a worker on ``task``, or ``None`` without limits."""
    deadlines: list[Deadline] = []
    if limits.document_timeout is not None:
        at = (
            current.task_started
            + _remaining_seconds(task, limits.document_timeout)
            + grace_seconds(limits.document_timeout)
        )
        deadlines.append(Deadline(at, "document_timeout", limits.document_timeout))
    if limits.page_timeout is not None and current.page > 0:
        at = current.page_started + limits.page_timeout + grace_seconds(limits.page_timeout)
        deadlines.append(Deadline(at, "page_timeout", limits.page_timeout))
    return min(deadlines, default=None)


def shortest_limit(task: Task, limits: Limits) -> float:
    """Return the seconds from the start of a task or page to its earliest possible deadline; infinite without limits."""
    document = math.inf if limits.document_timeout is None else _remaining_seconds(task, limits.document_timeout)
    page = math.inf if limits.page_timeout is None else limits.page_timeout
    return min(document, page) + MIN_GRACE_SECONDS


def _remaining_seconds(task: Task, document_timeout: float) -> float:
    """Return the seconds of the document's time that earlier attempts have not used.

    A task of which nothing is left is to say what is known of the document, which it does at once if it can.
    """
    left = document_timeout - task.used_seconds
    return left if left > 0 else LAST_WORD_SECONDS
