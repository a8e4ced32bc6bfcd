"""Results of tasks that did not return one, and how a future gets its result: shared by all executors."""

import time
import traceback
from concurrent.futures import Future

from pdfbatch.errors import Cause, PoolBrokenError
from pdfbatch.executors.task_future import TaskFuture
from pdfbatch.model import Failure
from pdfbatch.ports import Watch, Work
from pdfbatch.tasks import Task, TaskResult


def run_isolated(work: Work, task: Task, watch: Watch | None = None) -> TaskResult:
    """Run a task. If the work raises, which it should not, return an ``internal`` failure that names the document.

    What is not an ``Exception`` (``KeyboardInterrupt``, ``SystemExit``) passes through to the caller.
    """
    started_at = time.monotonic()
    try:
        return work(task, watch)
    except Exception as error:  # noqa: BLE001 (isolation is the purpose: no document may harm another)
        return make_exception_result(task, error, seconds=time.monotonic() - started_at)


def make_exception_result(task: Task, error: BaseException, *, seconds: float = 0.0) -> TaskResult:
    """Return the result of a task whose work raised ``error``."""
    # format_exception_only also works for exceptions whose __str__ raises.
    description = traceback.format_exception_only(error)[-1].strip()
    message = f"{task.document.file_path}: the work raised {description}"
    return TaskResult(failure=Failure(cause=Cause.INTERNAL, message=message), seconds=seconds)


def make_cancelled_result(task: Task) -> TaskResult:
    """Return the result of a task that was still running when its pool was terminated."""
    message = f"{task.document.file_path}: the batch was stopped while this document was being processed"
    return TaskResult(failure=Failure(cause=Cause.CANCELLED, message=message))


def make_foreign_future() -> TaskFuture:
    """Return the future of a task that was submitted in a process that was forked while the pool was open."""
    future = TaskFuture()
    future.set_exception(
        PoolBrokenError("The pool belongs to the process from which this one was forked: start another")
    )
    return future


def cancel(future: Future[TaskResult]) -> None:
    """Cancel a future that is not running, and wake those who wait for it."""
    future.cancel()
    future.set_running_or_notify_cancel()


def set_result(future: Future[TaskResult], result: TaskResult) -> None:
    """Give a pending future its result, unless its holder cancelled it. Only the future's owner may call this."""
    if future.set_running_or_notify_cancel():
        future.set_result(result)


def set_exception(future: Future[TaskResult], error: BaseException) -> None:
    """Make a pending future raise ``error``, unless its holder cancelled it. Only the future's owner may call this."""
    if future.set_running_or_notify_cancel():
        future.set_exception(error)
