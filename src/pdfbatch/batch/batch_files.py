"""The files that a batch writes beside those of its documents: table, list of failures, report, and a page for people."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial

from pdfbatch.batch.batch_settings import ShardNotes, describe_settings
from pdfbatch.batch.failure_log import FAILURES_NAME, FailureLog
from pdfbatch.batch.side_by_side import call_side_by_side
from pdfbatch.figures import Figures, ReportFacts, render_report
from pdfbatch.model import DocumentResult
from pdfbatch.outputs import DOCUMENTS_NAME, HTML_REPORT_NAME, REPORT_EXAMPLES, DocumentList, batch_file, to_json
from pdfbatch.ports import Locality, Output, SupportsSync
from pdfbatch.report import BatchReport
from pdfbatch.settings import RetryPolicy
from pdfbatch.work import DocumentWork

REPORT_NAME = "report.json"


@dataclass(slots=True, eq=False)
class BatchFiles:
    """The files of one batch in its output. A batch that reads a ``shard`` writes under its own names only.

    ``work``, ``retry`` and ``deduplicate`` are the settings that the report tells.
    """

    output: Output
    batch_id: str
    work: DocumentWork
    retry: RetryPolicy
    deduplicate: bool
    shard: ShardNotes | None = None
    _table: DocumentList = field(init=False)
    _failures: FailureLog = field(init=False)
    _figures: Figures = field(default_factory=partial(Figures, examples_kept=REPORT_EXAMPLES))

    def __post_init__(self) -> None:
        """Begin the table and the list of failures, without writing either."""
        name = DOCUMENTS_NAME if self.shard is None else self._own_name(DOCUMENTS_NAME)
        self._table = DocumentList(self.output, self.batch_id, name)
        self._failures = FailureLog(self.output, self.batch_id, is_shard=self.shard is not None)

    def add(self, result: DocumentResult, *, waits: bool, closed_packs: Sequence[str]) -> None:
        """Take the result of a document that has ended; one that ``waits`` is told of when its pack is closed."""
        if not result.ok:
            self._failures.add(result)
        self._figures.add(result, time.time())
        self._table.add(result, waits=waits)
        self._table.release(closed_packs)

    def add_skipped(self, results: Sequence[DocumentResult], closed_packs: Sequence[str]) -> None:
        """Take the results of documents that earlier batches finished."""
        self._figures.count_skipped(len(results))
        self._table.add_skipped(results)
        self._table.release(closed_packs)

    def close(self, closed_packs: Sequence[str]) -> None:
        """Write the rest of the list of failures and of the table. Raises ``DocumentError``."""
        self._table.release(closed_packs)
        calls: list[Callable[[], object]] = [partial(self.output.write, *file) for file in self._failures.take_rest()]
        call_side_by_side([*calls, self._table.close], in_threads=self._is_remote)

    def write_report(self, report: BatchReport) -> None:
        """Write the report; a shard's is no report of the whole batch, so that it gets no copy at the top of the output.

        Raises ``DocumentError``.
        """
        settings = describe_settings(self.work, deduplicate=self.deduplicate)
        summary = {
            **report.summary(),
            "failure_lists": self._failures.names,
            "settings": settings,
            "versions": dict(self.work.versions),
        }
        if self.shard is not None:
            self.output.write(self._own_name(REPORT_NAME), to_json({**summary, "shard": self.shard.as_dict()}))
        else:
            page = self._page(report, {**settings, **asdict(self.retry)})
            files = {REPORT_NAME: to_json(summary), HTML_REPORT_NAME: page}
            # each among those of the batch, and at the top of the output
            named = [(place, data) for name, data in files.items() for place in (self._own_name(name), name)]
            call_side_by_side([partial(self.output.write, *file) for file in named], in_threads=self._is_remote)
        if isinstance(self.output, SupportsSync):
            names = (REPORT_NAME, HTML_REPORT_NAME, FAILURES_NAME, DOCUMENTS_NAME)
            self.output.sync([*names, *self._failures.names])

    def _page(self, report: BatchReport, settings: Mapping[str, object]) -> bytes:
        """Return the report for people."""
        facts = ReportFacts(
            status=report.status,
            output=report.output,
            stop_reason=report.stop_reason,
            percentiles=report.percentiles,
            settings=settings,
            versions=self.work.versions,
        )
        return render_report(facts, self._figures)

    @property
    def _is_remote(self) -> bool:
        return self.output.locality is Locality.REMOTE

    def _own_name(self, name: str) -> str:
        return batch_file(self.batch_id, name)
