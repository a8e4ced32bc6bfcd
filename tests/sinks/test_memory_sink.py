"""MemorySink keeps what it hears, within bounds."""

from dataclasses import replace

from pdfbatch.model import DocumentResult
from pdfbatch.report import BatchStatus
from pdfbatch.sinks.memory import MemorySink


def test_there_is_no_status_before_the_first_snapshot() -> None:
    assert MemorySink().status is None


def test_the_status_is_the_last_snapshot(status: BatchStatus) -> None:
    sink = MemorySink()
    later = replace(status, successful=9)
    sink.update(status)
    sink.update(later)
    assert sink.status is later
    assert sink.history == (status, later)


def test_history_keeps_only_the_newest(status: BatchStatus) -> None:
    sink = MemorySink(keep_history=2)
    for count in range(5):
        sink.update(replace(status, successful=count))
    assert [kept.successful for kept in sink.history] == [3, 4]


def test_results_keep_only_the_newest(failed: DocumentResult) -> None:
    sink = MemorySink(keep_results=1)
    sink.document(failed)
    newer = replace(failed, attempts=2)
    sink.document(newer)
    assert sink.results == (newer,)


def test_keeping_nothing_still_knows_the_status(status: BatchStatus, failed: DocumentResult) -> None:
    sink = MemorySink(keep_history=0, keep_results=0)
    sink.update(status)
    sink.document(failed)
    assert (sink.status, sink.history, sink.results) == (status, (), ())


def test_what_was_kept_survives_the_end(status: BatchStatus) -> None:
    sink = MemorySink()
    sink.update(status)
    sink.close()
    assert sink.closed
    assert sink.status is status
