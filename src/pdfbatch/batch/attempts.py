"""What follows a task that has ended: another attempt, or the result of its document. No I/O, no clock."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from pdfbatch.errors import Cause
from pdfbatch.model import DocumentResult, Failure, OcrDetails, Page, Reread
from pdfbatch.outcomes import failed_pages, failed_result
from pdfbatch.retry import backoff_seconds
from pdfbatch.settings import Limits, RetryPolicy
from pdfbatch.tasks import JoinTask, ReadTask, Task, TaskResult

# Requests to a storage are retried where they are made: a document that fails for this has used up all its attempts.
RETRIED_BELOW = frozenset({Cause.STORAGE_UNAVAILABLE})
# How often a task may be lost with a worker that other tasks were lost with, before that counts as an attempt.
BLAMELESS_LOSSES = 5
CRASHES = frozenset({Cause.TIMEOUT, Cause.WORKER_LOST, Cause.MEMORY_LIMIT})


class Completed(NamedTuple):
    """A document that has ended.

    ``by_worker`` says that a worker has had it, ``needs_record`` that no worker could write its record. ``body`` is that of its
    ``TaskResult``, and so is ``text_bytes``; ``has_parts`` says that parts of it were joined.
    """

    result: DocumentResult
    by_worker: bool = False
    needs_record: bool = False
    body: bytes = b""
    has_parts: bool = False
    text_bytes: int | None = None


def find_failure(result: TaskResult) -> Failure | None:
    """Return the failure of a task, or that of the document whose result it is."""
    return result.failure or (result.result.failure if result.result is not None else None)


def plan_next_attempt(
    task: Task, result: TaskResult, failure: Failure, *, retry: RetryPolicy, limits: Limits
) -> tuple[float, Task] | None:
    """Return in how many seconds a task is tried again, and as which task; ``None`` when its failure is final."""
    again = replace(
        task,
        attempt=task.attempt + 1,
        used_seconds=task.used_seconds + result.seconds,
        worker_seconds=task.worker_seconds + result.seconds,
        storage_retries=task.storage_retries + result.storage_retries,
    )
    if isinstance(again, ReadTask) and again.failure is not None:
        again = replace(again, failure=None)  # a worker downloads what could not be downloaded ahead
    if result.blameless:
        again = replace(again, losses=task.losses + 1)
        if task.losses < BLAMELESS_LOSSES:
            return 0.0, replace(again, attempt=task.attempt)
    if result.failure is not None and failure.cause in CRASHES:
        after_loss = _plan_after_loss(task, again, result, failure, retry=retry, limits=limits)
        return None if after_loss is None else (0.0, after_loss)
    if not failure.transient or failure.cause in RETRIED_BELOW or task.attempt >= retry.attempts:
        return None
    return backoff_seconds(retry, task.attempt), again


def _plan_after_loss(
    task: Task, again: Task, result: TaskResult, failure: Failure, *, retry: RetryPolicy, limits: Limits
) -> Task | None:
    """Return ``again``, the next attempt of a task that was lost with its worker, or ``None`` to give its document up.

    A page that was being read once more has been handed over as it was before, and stays so. Such a loss does not count among
    those that a document may cost, and after as many of them no page is read twice. Where the document's time is used up, the
    next attempt only returns what is known.
    """
    known = {page.number: page for page in result.pages}
    was_rereading = result.page in known or (
        failure.cause is Cause.MEMORY_LIMIT and any(map(_was_reread, result.pages))
    )
    limit = limits.document_timeout
    if limit is not None and again.used_seconds >= limit:
        has_text = any(page.text for page in (*task.skipped_pages, *result.pages))
        if not has_text or task.used_seconds >= limit:
            return None
    if was_rereading and again.no_rereading is None:
        lost = again.lost_rereadings + 1
        is_last = failure.cause is Cause.MEMORY_LIMIT or lost >= retry.crash_attempts
        again = replace(again, lost_rereadings=lost, no_rereading=failure.cause if is_last else None)
    if again.attempt - again.lost_rereadings > retry.crash_attempts:
        return None
    if result.page in known:
        known[result.page] = _note_failed_reading(known[result.page], failure.cause)
    elif result.page and not was_rereading:  # the page that the worker was on must not crash the next one
        known[result.page] = failed_pages([result.page], failure)[0]
    return _skip_pages(again, known, result.fingerprint)


def _skip_pages(task: Task, pages: Mapping[int, Page], fingerprint: str) -> Task:
    """Return the task without these pages, and without those that it skips already, unless they are of another version."""
    before = {page.number: page for page in task.skipped_pages}
    if isinstance(task, ReadTask) and fingerprint:
        if task.skipped_fingerprint not in ("", fingerprint):
            before = {}
        task = replace(task, skipped_fingerprint=fingerprint)
    return replace(task, skipped_pages=tuple((before | dict(pages)).values()))


def _was_reread(page: Page) -> bool:
    return page.ocr is not None and page.ocr.reread is not Reread.NO


def _note_failed_reading(page: Page, cause: Cause) -> Page:
    return replace(page, ocr=replace(page.ocr or OcrDetails(), failed_reading=str(cause)))


def complete_document(task: Task, result: TaskResult) -> Completed:
    """Return the result of a document whose last task has ended.

    Its record is missing where the worker was lost, and where the output may come back after the worker gave up.
    """
    if (found := result.result) is not None:
        if result.storage_retries:
            found = replace(found, attempts=found.attempts + result.storage_retries)
        return Completed(
            found,
            by_worker=True,
            needs_record=found.failure is not None and found.failure.transient,
            body=result.body,
            has_parts=isinstance(task, JoinTask),
            text_bytes=result.text_bytes,
        )
    failure = result.failure or Failure(cause=Cause.INTERNAL, message=f"{task.document.file_path}: no result")
    found = replace(
        failed_result(task.document, failure),
        attempts=task.attempt + task.storage_retries + result.storage_retries,
        duration_seconds=task.worker_seconds + result.seconds,
    )
    return Completed(found, by_worker=True, needs_record=True)
