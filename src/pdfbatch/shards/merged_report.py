"""Add up the reports of the shards of a batch."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from pdfbatch.report import SUMMED_COUNTS, BatchReport, BatchState, BatchStatus, PageCounts, StoppedBy


def merge_reports(batch_id: str, reports: Sequence[BatchReport], output: str | None = None) -> BatchReport:
    """Return the report of a batch whose documents other batches have read, each a share: counts are added up.

    Its time is the one from the first beginning to the last end. Percentiles cannot be put together, but the longest time can.
    It holds no results.
    """
    statuses = [report.status for report in reports]
    causes = Counter[str]()
    for report in reports:
        causes.update(report.failures_by_cause)
    started = min((status.started_at for status in statuses if status.started_at is not None), default=None)
    ended = max((status.updated_at for status in statuses if status.updated_at is not None), default=None)
    states = {status.state for status in statuses}
    order = (BatchState.CANCELLED, BatchState.PROCESSING, BatchState.PENDING, BatchState.FAILED)
    longest = [report.percentiles["max"] for report in reports if "max" in report.percentiles]
    groups = (group for report in reports for group in report.batches)
    pages = _merge_page_counts([report.page_counts for report in reports])
    merged = BatchStatus(
        batch_id=batch_id,
        project_uuid=next((status.project_uuid for status in statuses if status.project_uuid), None),
        executor=", ".join(dict.fromkeys(status.executor for status in statuses)),
        workers=sum(status.workers for status in statuses),
        limits_enforced=all(status.limits_enforced for status in statuses),
        state=next((state for state in order if state in states), BatchState.COMPLETED),
        started_at=started,
        updated_at=ended,
        elapsed_seconds=0.0 if started is None or ended is None else max(0.0, ended - started),
        output=output,
        failures_by_cause=dict(causes.most_common()),
        pages_by_source=pages.by_source,
        pages_by_reason=pages.by_reason,
    )
    counts = {name: sum(getattr(status, name) for status in statuses) for name in ("total_documents", *SUMMED_COUNTS)}
    return BatchReport(
        status=replace(merged, **counts),
        batches=tuple(replace(group, number=number) for number, group in enumerate(groups, start=1)),
        failures_by_cause=dict(causes.most_common()),
        percentiles={"max": max(longest)} if longest else {},
        page_counts=pages,
        output=output,
        stopped_by=max((report.stopped_by for report in reports), default=StoppedBy.NOTHING),  # in doubt the storage
        stop_reason="; ".join(f"{report.batch_id}: {report.stop_reason}" for report in reports if report.stop_reason),
    )


def _merge_page_counts(counts: Sequence[PageCounts]) -> PageCounts:
    reasons, sources = Counter[str](), Counter[str]()
    for each in counts:
        reasons.update(each.by_reason)
        sources.update(each.by_source)
    return PageCounts(
        by_reason=dict(reasons.most_common()),
        by_source=dict(sources.most_common()),
        ocr_readings=sum(each.ocr_readings for each in counts),
        turned=sum(each.turned for each in counts),
        reread=sum(each.reread for each in counts),
        failed_readings=sum(each.failed_readings for each in counts),
    )
