"""Check one busy worker: whether it must be killed, and with what result for its task, or when to check it again."""

import math
from dataclasses import dataclass, replace

from pdfbatch.executors.process import failures
from pdfbatch.executors.process.command_queue import WorkItem
from pdfbatch.executors.process.current_task import CurrentTask
from pdfbatch.executors.process.deadlines import nearest_deadline, shortest_limit
from pdfbatch.executors.process.pauses import Pauses
from pdfbatch.executors.process.worker_handle import QUICK_SECONDS, WorkerHandle
from pdfbatch.settings import Limits
from pdfbatch.tasks import TaskResult

BEYOND_LIMIT = (
    2  # a worker with a limit that has answered nothing for so many times that limit is killed, whatever it says
)
STALL_SECONDS = 30.0  # from having a task to beginning it
SAMPLE_SECONDS = 0.1  # between two looks at a worker's memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """The worker must be killed, and ``item`` ends with ``result``. Both are ``None`` when the worker began no task."""

    item: WorkItem | None = None
    result: TaskResult | None = None


def check(worker: WorkerHandle, limits: Limits, now: float, pauses: Pauses) -> Kill | float:
    """Return ``Kill`` if a worker that has tasks exceeds a limit, else the time at which to check it again.

    The ``pauses`` since a task or page began do not count.
    """
    current = excuse_pauses(worker.read_current_task(), pauses)
    item = worker.tasks.get(current.task)
    if item is None:
        stalled_at = worker.busy_since + STALL_SECONDS
        return Kill() if now >= stalled_at else min(stalled_at, _next_check(worker, limits, now))
    if limits.document_timeout is not None:
        silent_at = worker.busy_since + BEYOND_LIMIT * limits.document_timeout + STALL_SECONDS
        if now >= silent_at:
            return Kill(item=item, result=failures.silent(item.task, current))
    deadline = nearest_deadline(current, item.task, limits)
    if deadline is not None and now >= deadline.at:
        return Kill(item=item, result=failures.timeout(item.task, current, deadline, now))
    limit = limits.memory_bytes
    if limit is not None and now - worker.busy_since >= QUICK_SECONDS:
        resident_bytes = worker.read_resident_bytes()
        if resident_bytes is not None and resident_bytes > limit:
            result = failures.memory_exceeded(item.task, current, resident_bytes, limit, now)
            return Kill(item=item, result=result)
    next_check = _next_check(worker, limits, now)
    return next_check if deadline is None else min(next_check, deadline.at)


def excuse_pauses(current: CurrentTask, pauses: Pauses) -> CurrentTask:
    """Return a current task whose times are later by the pauses since then."""
    return replace(
        current,
        task_started=current.task_started + pauses.seconds_since(current.task_started),
        page_started=current.page_started + pauses.seconds_since(current.page_started),
    )


def _next_check(worker: WorkerHandle, limits: Limits, now: float) -> float:
    # A task that waits behind the current one may have less time left, and begin at any moment; so may the next page.
    soonest = now + min(shortest_limit(item.task, limits) for item in worker.tasks.values())
    sample_at = math.inf if limits.memory_bytes is None else now + SAMPLE_SECONDS
    # When its task stops being a quick one, its memory counts, and the tasks behind it are recalled.
    slow_at = worker.busy_since + QUICK_SECONDS
    return min(soonest, sample_at, slow_at if now < slow_at else math.inf)
