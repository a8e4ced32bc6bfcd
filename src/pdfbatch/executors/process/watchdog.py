"""What a look at one busy worker shows: that it must be killed, and how its task ends; or when to look again."""

import math
from dataclasses import dataclass

from pdfbatch.executors.process import failures
from pdfbatch.executors.process.command_queue import WorkItem
from pdfbatch.executors.process.current_task import CurrentTask
from pdfbatch.executors.process.deadlines import Deadline, nearest_deadline, patience
from pdfbatch.executors.process.worker_handle import QUICK_SECONDS, WorkerHandle
from pdfbatch.settings import Limits
from pdfbatch.tasks import TaskResult

STALL_SECONDS = 30.0  # from having a task to beginning with it


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """The worker must be killed. ``job`` ends with ``result``; both are ``None`` when no task is to blame."""

    job: WorkItem | None = None
    result: TaskResult | None = None


def inspect(worker: WorkerHandle, limits: Limits, now: float) -> Kill | float:
    """A verdict on a worker that has tasks, or the moment at which to look again."""
    place = worker.place()
    job = worker.sent.get(place.task)
    if job is None:
        stalled = worker.head_since + STALL_SECONDS
        return Kill() if now >= stalled else min(stalled, _next_look(worker, None, limits, now))
    deadline = nearest_deadline(place, job.task, limits)
    if deadline is not None and now >= deadline.at:
        return Kill(job=job, result=failures.timed_out(job.task, place, deadline, now))
    too_big = _too_big(worker, job, place, limits, now)
    return _next_look(worker, deadline, limits, now) if too_big is None else Kill(job=job, result=too_big)


def _too_big(worker: WorkerHandle, job: WorkItem, place: CurrentTask, limits: Limits, now: float) -> TaskResult | None:
    limit = limits.memory_bytes
    if limit is None or now - worker.head_since < QUICK_SECONDS:
        return None
    held = worker.resident_bytes()
    return None if held is None or held <= limit else failures.too_big(job.task, place, held, limit, now)


def _next_look(worker: WorkerHandle, deadline: Deadline | None, limits: Limits, now: float) -> float:
    # What waits behind may have less time left, and begin at any moment; so may the next page.
    soonest = now + min(patience(job.task, limits) for job in worker.sent.values())
    due = math.inf if deadline is None else deadline.at
    sample = math.inf if limits.memory_bytes is None else now + QUICK_SECONDS
    return min(soonest, due, sample, _old(worker, now))


def _old(worker: WorkerHandle, now: float) -> float:
    """When its task stops being a quick one, which is when its memory begins to count and what waits is called back."""
    old = worker.head_since + QUICK_SECONDS
    return old if now < old else math.inf
