"""The report that a shard has left in an output."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pdfbatch.errors import UsageError, describe_error
from pdfbatch.outputs import batch_file
from pdfbatch.ports import Output
from pdfbatch.report import BatchCounts, BatchReport, BatchState, BatchStatus, PageCounts, StoppedBy

REPORT_NAME = "report.json"
_NAME = re.compile(r"batches/[^/]+-shard-\d+-of-\d+/report\.json", re.ASCII)
# What a file that anybody may have written can make of its reader.
_ODD = (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardReport:
    """What a shard says of itself. ``common`` is what all shards of a batch have seen: number and digest of the documents."""

    name: str
    batch_id: str
    number: int
    count: int
    common: tuple[int, str] | None
    settings: Mapping[str, object]
    failure_lists: Sequence[str]
    report: BatchReport

    @property
    def problem(self) -> str | None:
        """Why the shard is not finished; ``None`` when each of its documents has ended."""
        report = self.report
        if not report.status.state.ended:
            return "has not ended: it is running, or was killed"
        if (
            self.common is None
            or report.status.state is BatchState.CANCELLED
            or "cancelled" in report.failures_by_cause
        ):
            reason = f" ({report.stop_reason})" if report.stop_reason else ""
            return f"stopped before its documents had ended{reason}"
        return None


def read_shard_reports(output: Output) -> list[ShardReport]:
    """Return what shards have left in an output, by the id of their batch, count and number.

    Raises ``DocumentError`` when the output cannot be listed or read, ``UsageError`` when a report is none.
    """
    names = sorted(name for name in output.names("batches/") if _NAME.fullmatch(name))
    found = [_read_report(output, name) for name in names]
    return sorted(found, key=lambda shard: (shard.batch_id, shard.count, shard.number))


def _read_report(output: Output, name: str) -> ShardReport:
    data = output.read(name)
    try:
        content: dict[str, Any] = json.loads(data)
        shard: dict[str, Any] = content["shard"]
        batch_id, number, count = str(shard["batch_id"]), int(shard["number"]), int(shard["count"])
        has_common = shard["all_documents"] is not None
        own = batch_file(str(content["batch_id"]), "")
        return ShardReport(
            name=name,
            batch_id=batch_id,
            number=number,
            count=count,
            common=(int(shard["all_documents"]), str(shard["all_ids"])) if has_common else None,
            settings=dict(shard["settings"]),
            failure_lists=[each for each in map(str, content["failure_lists"]) if each.startswith(own)],
            report=_to_report(content),
        )
    except _ODD as error:
        raise UsageError(f"{output.uri(name)} is no report of a shard ({describe_error(error)})") from error


def _to_report(content: Mapping[str, Any]) -> BatchReport:
    """Return the report that ``BatchReport.summary`` has described."""
    return BatchReport(
        status=BatchStatus(
            batch_id=str(content["batch_id"]),
            executor=str(content["executor"]),
            workers=int(content["workers"]),
            limits_enforced=bool(content["limits_enforced"]),
            state=BatchState(content["status"]),
            total_documents=int(content["total_documents"]),
            successful=int(content["successful"]),
            failed=int(content["failed"]),
            partial=int(content["partial"]),
            empty=int(content["empty"]),
            skipped=int(content["skipped"]),
            duplicates=int(content["duplicates"]),
            pages=int(content["pages"]),
            ocr_pages=int(content["ocr_pages"]),
            failed_pages=int(content["failed_pages"]),
            other_language_pages=int(content["other_language_pages"]),
            retries=int(content["retries"]),
            started_at=_to_seconds(content["started_at"]),
            updated_at=_to_seconds(content["updated_at"]),
            elapsed_seconds=float(content["duration_seconds"]),
        ),
        batches=[
            BatchCounts(
                number=int(group["batch"]),
                total_documents=int(group["total_documents"]),
                successful=int(group["successful"]),
                failed=int(group["failed"]),
                pages=int(group["pages"]),
                worker_seconds=float(group["worker_seconds"]),
            )
            for group in content["batches"]
        ],
        failures_by_cause={str(cause): int(count) for cause, count in content["failures_by_cause"].items()},
        percentiles={str(name): float(value) for name, value in content["percentiles"].items()},
        page_counts=PageCounts(
            by_reason={str(reason): int(count) for reason, count in content["pages_by_reason"].items()},
            by_source={str(source): int(count) for source, count in content["pages_by_source"].items()},
            ocr_readings=int(content["ocr_readings"]),
            turned=int(content["turned_pages"]),
            reread=int(content["reread_pages"]),
            failed_readings=int(content["failed_readings"]),
        ),
        output=content["output"],
        stop_reason=str(content["stop_reason"] or ""),
        stopped_by=StoppedBy(content["stopped_by"] or ""),
    )


def _to_seconds(text: str | None) -> float | None:
    return None if text is None else datetime.fromisoformat(text).timestamp()
