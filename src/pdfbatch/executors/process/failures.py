"""Results of tasks whose worker was lost or killed: pure functions from what the supervisor saw to a ``TaskResult``."""

import math

from pdfbatch.errors import Cause, describe_error
from pdfbatch.executors.process.child import ExitStatus
from pdfbatch.executors.process.current_task import CurrentTask
from pdfbatch.executors.process.deadlines import Deadline
from pdfbatch.model import Failure
from pdfbatch.tasks import Task, TaskResult


def timeout(task: Task, current: CurrentTask, deadline: Deadline, now: float) -> TaskResult:
    """Return the result of a task whose worker was killed at a deadline."""
    if deadline.limit == "page_timeout":
        what = f"page {current.page} took longer than {deadline.seconds:g} s (page_timeout); its worker was stopped"
    else:
        what = f"took longer than {deadline.seconds:g} s (document_timeout); its worker was stopped{_on_page(current)}"
    return _build_result(task, current, Cause.TIMEOUT, what, now)


def memory_exceeded(task: Task, current: CurrentTask, resident_bytes: int, limit: int, now: float) -> TaskResult:
    """Return the result of a task whose worker was killed because it held more memory than the limit."""
    what = f"its worker held {_mib(resident_bytes)}, more than {_mib(limit)} (memory_bytes), and was stopped"
    return _build_result(task, current, Cause.MEMORY_LIMIT, what + _on_page(current), now)


def worker_lost(
    task: Task, current: CurrentTask, now: float, *, status: ExitStatus, memory_limit: int | None
) -> TaskResult:
    """Return the result of a task whose worker exited by itself, or was killed by something other than its supervisor."""
    if status.is_out_of_memory(memory_limit):
        limit = "" if memory_limit is None else f"; it may hold {_mib(memory_limit)} (memory_bytes)"
        what = f"its worker ran out of memory{_on_page(current)} and {status.description}{limit}"
        return _build_result(task, current, Cause.MEMORY_LIMIT, what, now)
    page = f", on page {current.page}," if current.page else ""
    return _build_result(task, current, Cause.WORKER_LOST, f"its worker{page} {status.description}", now)


def protocol_error(task: Task, current: CurrentTask, now: float) -> TaskResult:
    """Return the result of a task whose worker was killed because it sent something that is no valid message, or hung."""
    what = f"its worker lost the connection{_on_page(current)} and was stopped"
    return _build_result(task, current, Cause.WORKER_LOST, what, now)


def silent(task: Task, current: CurrentTask) -> TaskResult:
    """Return the result of a task whose worker says that it is within its limits, and has not answered for far longer."""
    what = "its worker did not answer for far longer than document_timeout allows, and was stopped"
    return _build_result(task, current, Cause.TIMEOUT, what, 0.0)


def not_picklable(task: Task, error: Exception) -> TaskResult:
    """Return the result of a task that cannot be pickled, and so was never sent to a worker."""
    what = f"the task cannot be sent to a worker: {describe_error(error)}"
    return _build_result(task, CurrentTask(), Cause.INTERNAL, what, 0.0)


def never_begun(task: Task, count: int) -> TaskResult:
    """Return the result of a task that workers have given back so often."""
    return _build_result(task, CurrentTask(), Cause.INTERNAL, f"its workers gave it back {count} times", 0.0)


def bad_result(task: Task, reason: str) -> TaskResult:
    """Return the result of a task whose worker's answer is not of the shape that answers have."""
    return _build_result(task, CurrentTask(), Cause.INTERNAL, f"the result cannot be read: {reason}", 0.0)


def _build_result(task: Task, current: CurrentTask, cause: Cause, what: str, now: float) -> TaskResult:
    seconds = max(0.0, now - current.task_started) if math.isfinite(current.task_started) else 0.0
    failure = Failure(cause=cause, message=f"{task.document.file_path}: {what}")
    return TaskResult(failure=failure, page=current.page, seconds=seconds)


def _on_page(current: CurrentTask) -> str:
    return f" on page {current.page}" if current.page else ""


def _mib(count: int) -> str:
    return f"{count / (1 << 20):.0f} MiB"
