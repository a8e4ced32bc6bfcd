"""The shipped tasks. ``process_pdf_batch`` and ``process_document_manifest`` are for users, the others are steps of theirs.

A task for users stores its documents, sends a message for each lane and ends without a value. The last document to end sends
``finish`` under the same id, whose value is then that of the task: no chord, and nobody waits.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pdfbatch.celery.configuration import TaskOptions, find_options
from pdfbatch.celery.entries import Documents, ManifestLike, entry_of, read_documents, read_manifest
from pdfbatch.celery.entry_task import EntryTask
from pdfbatch.celery.framework import App, CeleryTask, define_task, find_current_app, ignore
from pdfbatch.celery.lane import open_step
from pdfbatch.celery.messages import (
    FINISH,
    LANE,
    PART,
    PROCESS_BATCH,
    PROCESS_MANIFEST,
    canvas_of,
    send_finish,
    send_messages,
)
from pdfbatch.celery.probe import delete_probe, write_probe
from pdfbatch.celery.run_state import UnitMessage
from pdfbatch.celery.slices import SLICE, run_slice
from pdfbatch.celery.status import find_run, row_of, show_status
from pdfbatch.celery.summary import summarize_run, value_of
from pdfbatch.celery.sweeper import connect_signals
from pdfbatch.common import SafeLogger
from pdfbatch.errors import DocumentError, ExecutorError, UsageError
from pdfbatch.executors import REDIS_ERRORS, ProcessExecutor, find_versions
from pdfbatch.model import Document
from pdfbatch.outputs import to_json
from pdfbatch.sinks import RedisSink

log: SafeLogger = SafeLogger(__name__)

_RETRIED: dict[str, Any] = {
    "autoretry_for": (OSError, DocumentError, *REDIS_ERRORS),  # of Redis, the broker and the output
    "max_retries": 3,
    "retry_backoff": 2,
    "retry_backoff_max": 30,
}


def _process_pdf_batch(self: Any, documents: Documents, max_workers: int = 5) -> object:
    return _begin(self, "", read_documents(documents), batch_size=10, max_workers=max_workers)


def _process_document_manifest(self: Any, manifest: ManifestLike, batch_size: int = 10, max_workers: int = 5) -> object:
    batch_id, documents = read_manifest(manifest)
    return _begin(self, batch_id, documents, batch_size=batch_size, max_workers=max_workers)


process_pdf_batch: CeleryTask = define_task(EntryTask, name=PROCESS_BATCH, ignore_result=False, **_RETRIED)(
    _process_pdf_batch
)
"""Turn documents into text; at most ``max_workers`` of them are in flight at one time. The id of the task names the batch.

Arguments: ``documents``, dicts with ``file_path`` and perhaps ``document_uuid``, ``project_uuid``, ``metadata``, ``password``,
``pages`` and ``languages``; ``max_workers``, by default 5.
"""

process_document_manifest: CeleryTask = define_task(EntryTask, name=PROCESS_MANIFEST, ignore_result=False, **_RETRIED)(
    _process_document_manifest
)
"""Turn the documents of a manifest into text. The manifest's ``id`` names the batch; without one the task's id does.

Arguments: ``manifest``, parsed or an address that workers can read; ``batch_size``, by default 10, of documents that are
counted together; ``max_workers``, by default 5.
"""


@define_task(name=LANE, ignore_result=True, max_retries=0)
def _lane(self: Any, run: str, unit: str, number: int) -> None:
    if (step := open_step(self.app, find_options(self.app), run, _priority(self.request))) is not None:
        step.run_lane(UnitMessage(unit, number))


@define_task(name=PART, ignore_result=True, max_retries=0)
def _part(self: Any, run: str, unit: str, number: int) -> None:
    if (step := open_step(self.app, find_options(self.app), run, _priority(self.request))) is not None:
        step.run_part(UnitMessage(unit, number))


@define_task(name=FINISH, ignore_result=False, **_RETRIED)
def _finish(self: Any, run: str) -> dict[str, object]:
    options = find_options(self.app)
    state = options.open_run(self.app, run)
    facts = state.read(["state", "reason"])
    if facts.get("state") == "failed":
        state.forget_finish()
        raise ExecutorError(facts.get("reason", "the batch failed"))
    value = summarize_run(state, options)
    state.forget_finish()
    try:
        delete_probe(options.output, run)
    except DocumentError as error:
        log.warning("a file that is no longer needed stays in the output: %s", error)
    return value


@define_task(name=SLICE, ignore_result=True, max_retries=0)
def _slice(self: Any, pool: str, number: int) -> None:
    run_slice(self.app, pool, number)


def cancel_batch(batch_id: str, app: App = None) -> bool:
    """Cancel a batch by its id, or by that of its task; return whether it was running.

    No further document begins, those in work are stopped within seconds and not counted, and the task's value tells what had
    ended. ``app`` is the Celery application, by default the current one.
    """
    app = find_current_app() if app is None else app
    options = find_options(app)
    client = options.open_run(app, batch_id).client
    state = options.open_run(app, find_run(client, batch_id))
    if not state.end("cancelled", "cancelled"):
        return False
    show_status(state)
    send_finish(app, options, state)
    return True


def _begin(task: Any, batch_id: str, documents: Sequence[Document], *, batch_size: int, max_workers: int) -> object:
    """Store a batch and send its lanes. In an application that runs tasks eagerly, do the batch here and now."""
    if max_workers < 1 or batch_size < 1:
        raise UsageError(f"max_workers and batch_size must be at least 1, not {max_workers} and {batch_size}")
    options, request = find_options(task.app), task.request
    output, run = options.output, str(request.id)
    if request.is_eager:
        return _run_here(
            task, options, documents, batch_id=batch_id or run, batch_size=batch_size, max_workers=max_workers
        )
    state = options.open_run(task.app, run)
    if not state.has_begun():
        options.prepare()
        output.check()
        write_probe(output, run)
        lanes = max(1, min(max_workers, len(documents)))
        versions = find_versions()
        projects = {document.project_uuid for document in documents}
        facts = {
            "batch_id": batch_id or run,
            "project_uuid": projects.pop() or "" if len(projects) == 1 else "",
            "workers": lanes,
            "batch_size": batch_size,
            "version": f"{versions['pdfbatch']} ({versions['fields']})",
            "canvas": canvas_of(request),
            "priority": "" if _priority(request) is None else _priority(request),
        }
        if state.start([entry_of(document) for document in documents], lanes, facts):
            show_status(state)
            messages = (
                [UnitMessage(f"lane:{number}", 1) for number in range(lanes)]
                if documents
                else [UnitMessage("finish", 1)]
            )
            send_messages(task.app, options, state, messages, _priority(request))
    raise ignore


def _run_here(
    task: Any,
    options: TaskOptions,
    documents: Sequence[Document],
    *,
    batch_id: str,
    batch_size: int,
    max_workers: int,
) -> dict[str, object]:
    """Do a batch in this process and children of it."""
    url = options.find_redis(task.app)
    processor = replace(
        options.processor,
        executor=ProcessExecutor(workers=max_workers),
        sinks=() if url is None else (RedisSink(url),),
        deduplicate=False,
    )
    report = processor.run(documents, batch_id=batch_id, batch_size=batch_size, resume=options.resume)
    lines = [to_json(row_of(result)).decode() for result in report.results]
    return value_of(report, str(task.request.id), lines, options)


def _priority(request: Any) -> int | None:
    """Return the priority of a task's message, ``None`` when it has none."""
    delivery: dict[str, Any] = request.delivery_info or {}
    priority = delivery.get("priority")
    return int(priority) if priority else None


connect_signals()
