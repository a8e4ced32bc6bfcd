"""LogSink tells a batch's course in few lines, and each document that failed in exactly one."""

import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from pdfbatch.model import DocumentResult, DocumentStatus
from pdfbatch.report import BatchState, BatchStatus
from pdfbatch.sinks.log import LogSink


class Records(logging.Handler):
    """Keeps the records and lines that reach it."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    @property
    def lines(self) -> list[str]:
        return [self.format(record) for record in self.records]


@pytest.fixture
def records() -> Records:
    return Records()


@pytest.fixture
def sink(records: Records, request: pytest.FixtureRequest) -> Iterator[LogSink]:
    logger = logging.getLogger(f"tests.{request.node.name}")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(records)
    yield LogSink(logger=logger, interval_seconds=10)
    logger.removeHandler(records)


def _snapshots(status: BatchStatus, seconds: int) -> Iterator[BatchStatus]:
    """One a second, and one at the end."""
    for second in range(seconds):
        yield replace(status, elapsed_seconds=float(second))
    yield replace(status, elapsed_seconds=float(seconds), state=BatchState.COMPLETED)


def test_progress_is_told_no_more_often_than_the_interval(sink: LogSink, records: Records, status: BatchStatus) -> None:
    for snapshot in _snapshots(status, 25):
        sink.update(snapshot)
    seconds = [record.__dict__["status"] for record in records.records]
    assert seconds == ["processing", "processing", "processing", "completed"]


def test_the_start_is_told_at_once(sink: LogSink, records: Records, status: BatchStatus) -> None:
    sink.update(status)
    assert records.lines == ["batch case-17 begins"]


def test_the_end_is_told_once(sink: LogSink, records: Records, status: BatchStatus) -> None:
    for snapshot in (status, *[replace(status, state=BatchState.COMPLETED)] * 3):
        sink.update(snapshot)
    said = "5/10 documents, 1 failed, 1,234 pages (56 by OCR), 10 documents/h, 2,468 pages/h"
    assert records.lines[1:] == [f"batch case-17 completed after 0:30:00: {said}"]


def test_only_a_batch_that_stopped_early_ends_in_a_warning(
    sink: LogSink, records: Records, status: BatchStatus
) -> None:
    for state in (BatchState.COMPLETED, BatchState.CANCELLED, BatchState.FAILED):
        sink.update(replace(status, state=state))
        sink.close()
    assert [record.levelno for record in records.records] == [logging.INFO, logging.INFO, logging.WARNING]


def test_a_failed_document_is_one_line_whatever_it_is_called(
    sink: LogSink, records: Records, failed: DocumentResult
) -> None:
    sink.document(failed)
    assert records.lines == [
        r"document scans/a.pdf (id\nERROR forged) failed (malformed): no trailer\r\n\x1b[2Jgone",
    ]


def test_a_failed_document_carries_its_cause_as_a_field(
    sink: LogSink, records: Records, failed: DocumentResult
) -> None:
    sink.document(failed)
    (record,) = records.records
    assert record.levelno == logging.WARNING
    assert (record.__dict__["cause"], record.__dict__["file_path"]) == ("malformed", "scans/a.pdf")


def test_a_good_document_is_not_told(sink: LogSink, records: Records, failed: DocumentResult) -> None:
    sink.document(replace(failed, status=DocumentStatus.PARTIAL))
    assert records.lines == []


def test_a_sink_serves_one_batch_after_the_other(sink: LogSink, records: Records, status: BatchStatus) -> None:
    for _ in range(2):
        sink.update(status)
        sink.close()
    assert len(records.lines) == 2
