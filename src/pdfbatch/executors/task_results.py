"""How a task ends when it does not end by itself: what the executors without a supervisor have in common."""

import time
import traceback
from concurrent.futures import Future

from pdfbatch.errors import Cause
from pdfbatch.model import Failure
from pdfbatch.ports import Watch, Work
from pdfbatch.tasks import Task, TaskResult


def isolated(work: Work, task: Task, watch: Watch | None = None) -> TaskResult:
    """Do a task. Work that raises against its promise becomes a failure (``internal``) that names the document.

    What is not an ``Exception`` (``KeyboardInterrupt``, ``SystemExit``) is the caller's and passes through.
    """
    started = time.monotonic()
    try:
        return work(task, watch)
    except Exception as error:  # noqa: BLE001 (isolation is the purpose: no document may harm another)
        return raised(task, error, seconds=time.monotonic() - started)


def raised(task: Task, error: BaseException, *, seconds: float = 0.0) -> TaskResult:
    """The result of a task whose work raised."""
    # format_exception_only survives errors whose __str__ fails
    said = traceback.format_exception_only(error)[-1].strip()
    message = f"{task.document.file_path}: the work raised {said}"
    return TaskResult(failure=Failure(cause=Cause.INTERNAL, message=message), seconds=seconds)


def abandoned(task: Task) -> TaskResult:
    """The result of a task that was under way when its pool was left, and that nobody waits for any longer."""
    message = f"{task.document.file_path}: the batch was left while the document was worked on"
    return TaskResult(failure=Failure(cause=Cause.CANCELLED, message=message))


def cancel(future: Future[TaskResult]) -> None:
    """Cancel a future that nobody has begun, and tell those who wait for it."""
    future.cancel()
    future.set_running_or_notify_cancel()


def end(future: Future[TaskResult], result: TaskResult) -> None:
    """Give a future its result, unless its holder has cancelled it. To be called by the future's one owner only."""
    if future.set_running_or_notify_cancel():
        future.set_result(result)


def fail(future: Future[TaskResult], error: BaseException) -> None:
    """Make a future raise, unless its holder has cancelled it. To be called by the future's one owner only."""
    if future.set_running_or_notify_cancel():
        future.set_exception(error)
