"""The report for people, made from an output: of a batch that has ended, is running, or was killed."""

import json
import math
import os
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from pdfbatch.errors import Cause, DocumentError
from pdfbatch.figures import Figures, ReportFacts, render_report
from pdfbatch.model import Counts, Document, DocumentResult, DocumentStatus, Failure
from pdfbatch.outputs.atomic_file import atomic_file
from pdfbatch.outputs.exporter import Spoiled, iter_records
from pdfbatch.outputs.record import HTML_REPORT_NAME
from pdfbatch.ports import Output
from pdfbatch.report import BatchState, BatchStatus
from pdfbatch.storage import Storage

REPORT_EXAMPLES = 200
"""Documents of each cause that the report names."""

_REPORT_NAME = "report.json"
_MOST_COUNT = 10**15
# What a file that anybody may have written can make of its reader.
_ODD = (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError)


def write_html_report(output: "Output | str | os.PathLike[str]", target: "str | os.PathLike[str] | None" = None) -> str:
    """Write the report of an output for people, and return its address: ``report.html`` in the output, or ``target``.

    It is made from the records, of which only a few are in memory at one time, so it can be made while a batch runs and after
    one was killed. ``report.json``, if there is one, adds how the last batch ended, its settings and versions.

    Raises ``OutputError`` when the output holds no record or the report cannot be written, ``DocumentError`` when the output
    cannot be read.
    """
    place = Storage(os.fspath(output)) if isinstance(output, (str, os.PathLike)) else output
    page = render_report(*read_figures(place))
    if target is None:
        place.write(HTML_REPORT_NAME, page)
        return place.uri(HTML_REPORT_NAME)
    with atomic_file(os.fspath(target), {}) as file:
        file.write(page)
    return os.fspath(target)


def read_figures(output: Output) -> tuple[ReportFacts, Figures]:
    """Return what the records of an output, and the report of its last batch, tell. Raises as ``write_html_report`` does."""
    found = _FoundRecords(figures=Figures(examples_kept=REPORT_EXAMPLES))
    with closing(iter_records(output, found.spoiled)) as records:
        for record in records:
            found.add(record)
    return found.facts(_read_report(output), output.uri("")), found.figures


@dataclass(slots=True)
class _FoundRecords:
    """What the records tell that were read so far."""

    figures: Figures
    versions: dict[str, str] = field(default_factory=dict[str, str])
    first: float = math.inf
    last: float = 0.0
    spoiled: Spoiled = field(default_factory=Spoiled)

    def add(self, record: Mapping[str, Any]) -> None:
        """Add a record, or count it as one that cannot be read."""
        try:
            result, moment = _result_of(record)
            versions = {str(name): str(version) for name, version in record["versions"].items()}
        except _ODD:
            self.spoiled.records += 1
            return
        self.figures.add(result, moment)
        self.versions = self.versions or versions
        self.first, self.last = min(self.first, moment - result.duration_seconds), max(self.last, moment)

    def facts(self, report: Mapping[str, object], output: str) -> ReportFacts:
        """Return the facts of the report; counts are those of the records, which are the truth of the output."""
        has_ended = report.get("status") in {str(state) for state in BatchState if state.ended}
        settings, versions = report.get("settings"), report.get("versions")
        return ReportFacts(
            status=self._status(report),
            output=output,
            stop_reason=str(report.get("stop_reason") or ""),
            percentiles=_numbers(report.get("percentiles")),
            settings=cast("dict[str, object]", settings) if isinstance(settings, dict) else {},
            versions=cast("dict[str, str]", versions) if isinstance(versions, dict) else self.versions,
            has_ended=has_ended,
            remarks=tuple(self._remarks(report)),
        )

    def _status(self, report: Mapping[str, object]) -> BatchStatus:
        statuses, sources = self.figures.statuses, self.figures.sources
        successful = sum(count for name, count in statuses.items() if DocumentStatus(name).ok)
        failed = sum(statuses.values()) - successful
        is_all = _count(report, "processed") == successful + failed and not _count(report, "skipped")
        state = str(report.get("status"))
        return BatchStatus(
            batch_id=str(report.get("batch_id") or ""),
            executor=str(report.get("executor") or ""),
            workers=_count(report, "workers"),
            limits_enforced=report.get("limits_enforced") is not False,
            state=BatchState(state) if state in set(BatchState) else BatchState.PROCESSING,
            total_documents=successful + failed,
            successful=successful,
            failed=failed,
            partial=statuses[DocumentStatus.PARTIAL],
            empty=statuses[DocumentStatus.EMPTY],
            duplicates=statuses[DocumentStatus.DUPLICATE],
            pages=sources.total(),
            ocr_pages=sources["OCR"],
            failed_pages=sources["failed"],
            started_at=_moment(report.get("started_at")) or (None if math.isinf(self.first) else max(0.0, self.first)),
            updated_at=_moment(report.get("updated_at")) or self.last or None,
            # A rate is told only if one batch has read all that is here.
            elapsed_seconds=_numbers(report).get("duration_seconds", 0.0) if is_all else 0.0,
        )

    def _remarks(self, report: Mapping[str, object]) -> list[str]:
        remarks = [f"Made from the records in the output at {time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime())} UTC."]
        ended = _moment(report.get("updated_at"))
        if ended is not None and self.last > ended + 1:
            remarks.append("Documents have ended after that batch had: a later one is running, or was killed.")
        if self.spoiled.records:
            remarks.append(f"{self.spoiled.records:,} records cannot be read, and are not counted.")
        if self.spoiled.packs:
            remarks.append(
                f"{self.spoiled.packs:,} shards cannot be read to their end: their documents may be missing here."
            )
        return remarks


def _result_of(record: Mapping[str, Any]) -> tuple[DocumentResult, float]:
    """Return what a record tells of its document, without pages, and when it ended. Raises one of ``_ODD``."""
    document, counts, error, run = (record[name] for name in ("document", "counts", "error", "run"))
    names = ("pages", "text_pages", "ocr_pages", "failed_pages")
    result = DocumentResult(
        document=Document(str(document["file_path"]), str(document["document_uuid"]), base_folder="/"),
        status=DocumentStatus(record["status"]),
        failure=None if error is None else Failure(cause=Cause(error["cause"]), message=str(error["message"])),
        counts=Counts(
            **{name: _whole(counts[name]) for name in names},
            reasons={str(reason): _whole(count) for reason, count in counts["reasons"].items()},
        ),
        duration_seconds=_real(run["duration_seconds"]),
    )
    return result, datetime.fromisoformat(run["finished_at"]).timestamp()


def _read_report(output: Output) -> Mapping[str, object]:
    """Return the report of the last batch; nothing where there is none, or none that can be read."""
    try:
        found: object = json.loads(output.read(_REPORT_NAME))
    except (DocumentError, *_ODD):
        return {}
    return cast("Mapping[str, object]", found) if isinstance(found, dict) else {}


def _whole(value: object) -> int:
    if type(value) is not int or not 0 <= value < _MOST_COUNT:
        raise ValueError("a value is no count")
    return value


def _real(value: object) -> float:
    if type(value) not in (int, float) or not 0 <= cast("float", value) < _MOST_COUNT:
        raise ValueError("a value is no number of seconds")
    return float(cast("float", value))


def _count(data: Mapping[str, object], name: str) -> int:
    try:
        return _whole(data.get(name))
    except ValueError:
        return 0


def _numbers(data: object) -> dict[str, float]:
    found = cast("dict[object, object]", data) if isinstance(data, dict) else {}
    return {
        str(name): float(value)
        for name, value in found.items()
        if type(value) in (int, float) and 0 <= cast("float", value) < _MOST_COUNT
        for value in (cast("float", value),)
    }


def _moment(text: object) -> float | None:
    try:
        seconds = datetime.fromisoformat(str(text)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    return seconds if seconds > 0 else None
