"""The status of a batch, from the state of its run, under the key where ``RedisSink`` would have it."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from pdfbatch.celery import scripts
from pdfbatch.celery.run_state import RunState
from pdfbatch.model import DocumentResult, DocumentStatus
from pdfbatch.report import SUMMED_COUNTS, BatchState, BatchStatus, utc
from pdfbatch.sinks import DEFAULT_PREFIX

FACTS = (
    "batch_id",
    "project_uuid",
    "total",
    "workers",
    "state",
    "started",
    "ended",
    "revision",
    "reason",
    *SUMMED_COUNTS,
)
_PREFIX, _INDEX, _KEPT_IN_INDEX = DEFAULT_PREFIX, DEFAULT_PREFIX.rstrip(":"), 1_000
_STATUSES = {DocumentStatus.PARTIAL: "partial", DocumentStatus.EMPTY: "empty", DocumentStatus.SKIPPED: "skipped"}


def counts_of(result: DocumentResult) -> dict[str, int]:
    """Return what a document adds to the counts of its batch."""
    counts = {
        "successful": int(result.ok),
        "failed": int(not result.ok),
        "failed_pages": result.counts.failed_pages,
        "retries": result.attempts - 1,
    }
    if result.status is not DocumentStatus.SKIPPED:  # an earlier batch read its pages
        counts["pages"] = result.counts.pages
        counts["ocr_pages"] = result.counts.ocr_pages
        counts["other_language_pages"] = result.counts.other_language_pages
    if (name := _STATUSES.get(result.status)) is not None:
        counts[name] = 1
    return counts


def row_of(result: DocumentResult) -> dict[str, object]:
    """Return the summary of a result, as values of tasks have it, with the counts of its pages."""
    return {**result.as_dict(), "counts": asdict(result.counts)}


def status_of(facts: Mapping[str, str], now: float) -> BatchStatus:
    """Return the status that the facts of a run tell."""
    started, ended = float(facts.get("started", now)), facts.get("ended")
    updated = now if ended is None else float(ended)
    status = BatchStatus(
        batch_id=facts.get("batch_id", ""),
        project_uuid=facts.get("project_uuid") or None,
        executor="celery",
        workers=int(facts.get("workers", 0)),
        state=BatchState(facts.get("state", "pending")),
        total_documents=int(facts.get("total", 0)),
        started_at=started,
        updated_at=updated,
        elapsed_seconds=max(0.0, updated - started),
    )
    counts: dict[str, Any] = {name: int(facts.get(name, 0)) for name in SUMMED_COUNTS}
    return replace(status, **counts)


def show_status(state: RunState) -> BatchStatus:
    """Write the status of a run, unless a newer one is there, and return it."""
    facts, now = state.read(FACTS), time.time()
    status = status_of(facts, now)
    data = {
        **status.as_dict(),
        "heartbeat_at": utc(now),
        "task_id": state.run,
        "revision": int(facts.get("revision", 0)),
    }
    name = f"{_PREFIX}{status.batch_id}"
    arguments = (state.run, data["revision"], data["started_at"], json.dumps(data), state.expire)
    if state.client.register_script(scripts.SHOW)(keys=[name], args=list(arguments)):
        with state.client.pipeline(transaction=False) as pipeline:
            pipeline.zadd(_INDEX, {status.batch_id: now})
            pipeline.zremrangebyscore(_INDEX, "-inf", now - state.expire)
            pipeline.zremrangebyrank(_INDEX, 0, -_KEPT_IN_INDEX - 1)
            pipeline.expire(_INDEX, state.expire)
            pipeline.execute()
    return status


def find_run(client: Any, batch_id: str) -> str:
    """Return the id of the run whose status is shown for a batch, or the id itself: of a batch that has not begun, say."""
    found: object = client.get(f"{_PREFIX}{batch_id}")
    try:
        return str(json.loads(found)["task_id"]) if isinstance(found, (str, bytes)) else batch_id
    except (ValueError, KeyError, TypeError):
        return batch_id
