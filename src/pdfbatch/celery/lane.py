"""What a worker does for a message: read the next documents of a lane, read a part of a split document, join the parts.

A lane has one document at a time, so a batch of n lanes has n documents in flight. It goes on with the next document until
``LANE_SECONDS`` are over; then it sends itself to the end of the queue, so that other batches have their turn. No task waits
for another.
"""

import pickle
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar, cast

from pdfbatch import task_log
from pdfbatch.batch import complete_document, find_failure, plan_next_attempt
from pdfbatch.celery.configuration import TaskOptions, WorkSetup
from pdfbatch.celery.entries import document_of
from pdfbatch.celery.framework import App
from pdfbatch.celery.heartbeat import Heartbeat
from pdfbatch.celery.messages import send_finish, send_messages
from pdfbatch.celery.probe import check_probe
from pdfbatch.celery.run_state import Claim, RunState, UnitMessage
from pdfbatch.celery.site import count_processes
from pdfbatch.celery.status import counts_of, row_of, show_status
from pdfbatch.common import SafeLogger
from pdfbatch.errors import Cause, DocumentError, PoolBrokenError, UsageError
from pdfbatch.executors import decode_result, do_slice, encode_result, find_versions
from pdfbatch.model import Document, Failure, Page
from pdfbatch.outcomes import failed_pages, timeout_failure
from pdfbatch.outputs import to_json
from pdfbatch.tasks import JoinTask, PartTask, ReadTask, Task, TaskLog, TaskResult

log: SafeLogger = SafeLogger(__name__)

LANE_SECONDS = 1.0
PARTS_AHEAD = 16
"""How many parts of a document are in the queue at one time, so that a long scan does not stand before all others."""
MOST_LOSSES = 5
"""How many workers may be lost with a document. The document is hardly to blame: it runs in a process of its own."""
_NO_END = 1e9

AnyTask = TypeVar("AnyTask", ReadTask, PartTask, JoinTask)


class _UnwantedError(Exception):
    """Nobody wants the outcome of this step any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One delivery of a message."""

    app: App
    options: TaskOptions
    setup: WorkSetup
    state: RunState
    owner: str
    priority: int | None

    def run_lane(self, message: UnitMessage) -> None:
        """Do documents of a lane."""
        end, following = time.monotonic() + LANE_SECONDS, [message]
        while following and following[0].unit == message.unit and (following[0] is message or time.monotonic() < end):
            claim = self._claim(following[0])
            if claim is None:
                return
            with Heartbeat(self.state, message.unit, self.owner) as heartbeat:
                following = self._do_document(message.unit, claim, heartbeat)
        self._send(following)

    def run_part(self, message: UnitMessage) -> None:
        """Do a part."""
        claim = self._claim(message)
        if claim is None:
            return
        with Heartbeat(self.state, message.unit, self.owner) as heartbeat:
            following = self._do_part(message.unit, claim, heartbeat)
        self._send([following] if following.number else [])

    def _claim(self, message: UnitMessage) -> Claim | None:
        versions = find_versions()
        claim = self.state.claim(message, self.owner, _describe(versions["pdfbatch"], versions["fields"]))
        if claim.outcome == "version":
            end_run(
                self.app, self.options, self.state, f"a worker has pdfbatch {versions['pdfbatch']}, {claim.entry} began"
            )
        elif claim.outcome != "mine":
            log.debug("message %s of batch %s: %s", message.unit, self.state.run, claim.outcome)
        return claim if claim.outcome == "mine" else None

    def _send(self, messages: Iterable[UnitMessage]) -> None:
        send_messages(self.app, self.options, self.state, messages, self.priority)

    # --- documents ------------------------------------------------------------------------------------------------

    def _do_document(self, unit: str, claim: Claim, heartbeat: Heartbeat) -> list[UnitMessage]:
        """Do a step of a document; return the messages that follow."""
        document = self._document(claim)
        task, result = ReadTask(document=document, resume=self.options.resume), None
        try:
            if claim.losses > MOST_LOSSES:
                result = TaskResult(failure=_loss(document, claim))
            elif claim.is_join:
                return self._join(unit, claim, heartbeat)
            else:
                task, result = self._attempt(task, heartbeat)
        except _UnwantedError:
            return []
        if result.join is not None:
            return self._split(unit, claim, task, result)
        return self._end_document(unit, claim, task, result)

    def _split(self, unit: str, claim: Claim, task: ReadTask, result: TaskResult) -> list[UnitMessage]:
        """Lay a document aside whose parts are to be read."""
        stored = replace(result, log=TaskLog(), storage_retries=task.storage_retries + result.storage_retries)
        return self.state.split(
            unit,
            self.owner,
            claim.position,
            count=len(result.parts),
            ahead=PARTS_AHEAD,
            stored=(encode_result(stored), encode_result(TaskResult(pages=task.skipped_pages))),
            seconds=task.worker_seconds + result.seconds,
        )

    def _join(self, unit: str, claim: Claim, heartbeat: Heartbeat) -> list[UnitMessage]:
        """Join the parts of a document, which have all been read."""
        task, split = self._read_split(claim)
        assert split.join is not None, "it was split"
        found = self.state.read_parts(claim.position)
        parts = [decode_result(task, data) for _, data in sorted(found.items())]
        limit = self.options.processor.limits.document_timeout
        is_late = limit is not None and claim.seconds >= limit
        join = replace(
            split.join,
            attempt=split.join.attempt + claim.retries,
            skipped_pages=(*split.join.skipped_pages, *(page for part in parts for page in part.pages)),
            worker_seconds=claim.seconds,
            failure=timeout_failure(task.document.file_path, limit) if is_late else None,
            storage_retries=split.storage_retries + sum(part.storage_retries for part in parts),
        )
        last, result = self._attempt(join, heartbeat)
        return self._end_document(unit, claim, last, result)

    def _end_document(self, unit: str, claim: Claim, task: Task, result: TaskResult) -> list[UnitMessage]:
        """Count a document, unless somebody else did."""
        completed = complete_document(task, result)
        found = completed.result
        if completed.needs_record:
            try:
                found = self.setup.work.keep(found).result or found
            except DocumentError as error:
                log.warning("no record could be written: %s", error)
        line = to_json(row_of(found)).decode()
        counted = self.state.end_document(unit, self.owner, claim.position, line, counts_of(found))
        if counted.is_last:
            send_finish(self.app, self.options, self.state)
        if counted.is_shown:
            show_status(self.state)
        return [counted.message] if counted.message.number else []

    # --- parts ----------------------------------------------------------------------------------------------------

    def _do_part(self, unit: str, claim: Claim, heartbeat: Heartbeat) -> UnitMessage:
        """Read a part; return the message that follows."""
        document_task, split = self._read_split(claim)
        limit = self.options.processor.limits.document_timeout
        task = replace(split.parts[int(unit.rpartition(":")[2])], used_seconds=claim.seconds)
        if limit is not None and claim.seconds >= limit:
            result = TaskResult(failure=timeout_failure(document_task.document.file_path, limit))
        elif claim.losses > MOST_LOSSES:
            result = TaskResult(failure=_loss(document_task.document, claim))
        else:
            try:
                task, result = self._attempt(task, heartbeat)
            except _UnwantedError:
                return UnitMessage("", 0)
        skipped = encode_result(
            TaskResult(pages=_list_skipped_pages(task, result), storage_retries=result.storage_retries)
        )
        seconds = task.worker_seconds + result.seconds
        return self.state.end_part(unit, self.owner, skipped, seconds=seconds, retries=task.attempt - 1)

    def _read_split(self, claim: Claim) -> tuple[ReadTask, TaskResult]:
        """Return the task that was split, and its result with parts and join."""
        document = self._document(claim)
        split, skipped = self.state.read_split(claim.position)
        pages = decode_result(ReadTask(document=document), skipped).pages
        task = ReadTask(document=document, skipped_pages=pages)
        return task, decode_result(task, split)

    # --- tasks ----------------------------------------------------------------------------------------------------

    def _document(self, claim: Claim) -> Document:
        return self.setup.with_hints(document_of(claim.entry))

    def _attempt(self, task: AnyTask, heartbeat: Heartbeat) -> tuple[AnyTask, TaskResult]:
        """Do a task, and again while its failure may pass; return the last attempt. Raises ``_UnwantedError``."""
        retry, limits = self.options.processor.retry, self.options.processor.limits
        while True:
            result = self._do_task(task, heartbeat)
            task_log.emit(task.document, result.log)
            failure = find_failure(result)
            planned = None if failure is None else plan_next_attempt(task, result, failure, retry=retry, limits=limits)
            if planned is None:
                return task, result
            seconds, again = planned
            task = cast("AnyTask", again)
            heartbeat.wait(seconds)

    def _do_task(self, task: Task, heartbeat: Heartbeat) -> TaskResult:
        """Do a task in the site of this process, where limits and kills hold."""
        sliced = {"versions": find_versions(), "pool": self.state.run, "work": self.setup.pickled, "seconds": _NO_END}
        while not heartbeat.is_over:
            answer = do_slice({**sliced, "tasks": [pickle.dumps(task)]}, count_processes())  # type: ignore[typeddict-item]
            if answer["refusal"]:
                raise PoolBrokenError(answer["refusal"])
            if (data := answer["results"][0]) is not None:
                return decode_result(task, data)
        raise _UnwantedError


def open_step(app: App, options: TaskOptions, run: str, priority: int | None) -> Step | None:
    """Return what a message of a run needs; end the run and return ``None`` when its documents cannot be read here."""
    state = options.open_run(app, run)
    try:
        setup = options.prepare()
        check_probe(options.output, run)
    except UsageError as error:
        end_run(app, options, state, str(error))
        return None
    return Step(app=app, options=options, setup=setup, state=state, owner=uuid.uuid4().hex, priority=priority)


def end_run(app: App, options: TaskOptions, state: RunState, reason: str) -> bool:
    """End a run as failed, because a worker cannot do its documents. Return ``False`` when it has ended already."""
    if not state.end("failed", reason):
        return False
    log.error("batch %s fails: %s", state.run, reason)
    show_status(state)
    send_finish(app, options, state)
    return True


def _list_skipped_pages(task: PartTask, result: TaskResult) -> tuple[Page, ...]:
    """Return the pages of a part that nobody has read."""
    if result.failure is None:
        return task.skipped_pages
    known = {page.number for page in task.skipped_pages}
    rest = (number for number in task.page_numbers if number not in known)
    return (*task.skipped_pages, *failed_pages(rest, result.failure))


def _loss(document: Document, claim: Claim) -> Failure:
    message = f"{document.file_path}: {claim.losses} Celery workers were lost while they were at it"
    return Failure(cause=Cause.WORKER_LOST, message=message)


def _describe(version: str, fields: str) -> str:
    return f"{version} ({fields})"
