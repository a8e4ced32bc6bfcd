"""The value of a task: the report of a batch as a dictionary, and the results of its documents or where they are."""

import json
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pdfbatch.batch import PageTally, find_percentiles
from pdfbatch.celery.configuration import TaskOptions
from pdfbatch.celery.run_state import RunState
from pdfbatch.celery.status import FACTS, show_status
from pdfbatch.model import Counts, Document, DocumentResult, DocumentStatus
from pdfbatch.outputs import batch_file, to_json
from pdfbatch.ports import Output
from pdfbatch.report import BatchCounts, BatchReport, BatchStatus

REPORT_NAME, RESULTS_NAME = "report.json", "results.jsonl"


@dataclass(slots=True)
class _Totals:
    """What is counted of results beside the counts of the status."""

    batch_size: int
    groups: list[BatchCounts] = field(default_factory=list[BatchCounts])
    causes: Counter[str] = field(default_factory=Counter[str])
    pages: PageTally = field(default_factory=PageTally)
    seconds: "array[float]" = field(default_factory=lambda: array("d"))

    def add(self, row: dict[str, Any], position: int) -> None:
        """Count a result; ``position`` counts from 0."""
        while len(self.groups) <= position // self.batch_size:
            self.groups.append(BatchCounts(number=len(self.groups) + 1))
        ok = DocumentStatus(row["status"]).ok
        group = self.groups[position // self.batch_size]
        self.groups[position // self.batch_size] = replace(
            group,
            total_documents=group.total_documents + 1,
            successful=group.successful + ok,
            failed=group.failed + (not ok),
            pages=group.pages + int(row["pages"]),
            worker_seconds=group.worker_seconds + float(row["duration_seconds"]),
        )
        status, counts = DocumentStatus(row["status"]), Counts(**row["counts"])
        self.pages.add(DocumentResult(document=Document(row["file_path"], "row"), status=status, counts=counts))
        self.seconds.append(float(row["duration_seconds"]))
        if not ok:
            self.causes[str(row["error"]["cause"] if row["error"] else "internal")] += 1

    def report(self, status: BatchStatus, output: Output, reason: str) -> BatchReport:
        """Return the report of the batch."""
        return BatchReport(
            status=status,
            batches=tuple(self.groups),
            failures_by_cause=dict(self.causes.most_common()),
            page_counts=self.pages.counts(),
            percentiles=find_percentiles(self.seconds),
            output=output.uri(""),
            stop_reason=reason,
        )


def summarize_run(state: RunState, options: TaskOptions) -> dict[str, object]:
    """Return the value of a run that has ended, after its report and its results were written to the output.

    Raises ``DocumentError`` with a storage cause when they cannot be written.
    """
    status, facts = show_status(state), state.read([*FACTS, "batch_size"])
    totals, lines = _Totals(int(facts.get("batch_size", 10))), list[str]()
    for position, line in enumerate(state.results(status.total_documents)):
        totals.add(json.loads(line), position)
        lines.append(line)
    report = totals.report(status, options.output, facts.get("reason", ""))
    value = value_of(report, state.run, lines, options)
    summary = to_json({name: each for name, each in value.items() if name != "results"})
    options.output.write(batch_file(status.batch_id, REPORT_NAME), summary)
    options.output.write(REPORT_NAME, summary)
    return value


def value_of(report: BatchReport, task_id: str, lines: Sequence[str], options: TaskOptions) -> dict[str, object]:
    """Return the value of a task: the report, and the results if they are few; all of them are written to ``results_at``."""
    name = batch_file(report.batch_id, RESULTS_NAME)
    options.output.write(name, "".join(f"{line}\n" for line in lines).encode())
    rows: list[object] = [json.loads(line) for line in lines] if len(lines) <= options.results_inline else []
    return {
        **report.summary(),
        "task_id": task_id,
        "results": rows,
        "results_inline": len(rows) == len(lines),
        "results_at": options.output.uri(name),
    }
