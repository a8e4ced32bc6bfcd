"""A function as a sink, and a class to inherit from."""

from dataclasses import replace
from pathlib import Path

import pytest

from pdfbatch import BatchProcessor, process_batch
from pdfbatch.errors import UsageError
from pdfbatch.executors.sequential import SequentialExecutor
from pdfbatch.model import DocumentResult
from pdfbatch.ports import Sink, SinkLike
from pdfbatch.report import BatchStatus
from pdfbatch.samples import text_pdf
from pdfbatch.sinks.callables import CallbackSink, NullSink, sinks_from
from pdfbatch.sinks.log import LogSink
from pdfbatch.sinks.memory import MemorySink
from pdfbatch.sinks.progress_bar import ProgressBarSink


class CountingSink(NullSink):
    """Counts documents and leaves the rest as it is."""

    def __init__(self) -> None:
        self.count = 0

    def document(self, result: DocumentResult) -> None:
        self.count += 1


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    for number in range(3):
        (tmp_path / f"{number}.pdf").write_bytes(text_pdf([f"Letter {number}."]))
    return tmp_path


def test_a_function_in_place_of_a_sink_gets_each_result(letters: Path) -> None:
    results: list[DocumentResult] = []
    process_batch(letters, executor="sequential", sinks=[results.append])
    assert sorted(result.pages[0].text.strip() for result in results) == ["Letter 0.", "Letter 1.", "Letter 2."]


def test_a_function_that_raises_costs_no_document(letters: Path, caplog: pytest.LogCaptureFixture) -> None:
    def fail(result: DocumentResult) -> None:
        raise RuntimeError("no")

    report = process_batch(letters, executor="sequential", sinks=[fail])
    assert report.successful == 3
    assert sum("fail" in record.getMessage() for record in caplog.records) == 1


def test_functions_and_sinks_can_be_mixed(letters: Path) -> None:
    memory, counting, results = MemorySink(), CountingSink(), list[DocumentResult]()
    sinks: list[SinkLike] = [memory, results.append, counting]
    BatchProcessor(executor=SequentialExecutor(), sinks=sinks).run(letters)
    assert (len(memory.results), len(results), counting.count) == (3, 3, 3)


def test_a_callback_sink_gets_snapshots_too(status: BatchStatus, failed: DocumentResult) -> None:
    statuses, results = list[BatchStatus](), list[DocumentResult]()
    sink = CallbackSink(results.append, statuses.append)
    sink.update(status)
    sink.document(failed)
    sink.close()
    assert (statuses, results) == ([status], [failed])


def test_a_sink_that_inherits_overrides_only_what_it_needs(status: BatchStatus, failed: DocumentResult) -> None:
    sink = CountingSink()
    sink.update(status)
    sink.document(failed)
    sink.close()
    assert sink.count == 1


@pytest.mark.parametrize("sink", [MemorySink(), LogSink(), ProgressBarSink(), CallbackSink(), CountingSink()])
def test_a_sink_stays_as_it_is(sink: Sink) -> None:
    assert sinks_from([sink]) == [sink]


def test_a_class_is_refused_with_what_to_write_instead() -> None:
    wrong: list[SinkLike] = [LogSink]  # type: ignore[list-item]  # pyright: ignore[reportAssignmentType] (what is tested)
    with pytest.raises(UsageError, match=r"give an instance, LogSink\(\.\.\.\)"):
        sinks_from(wrong)


def test_a_coroutine_function_is_refused_because_nobody_would_await_it() -> None:
    async def store(result: DocumentResult) -> None: ...

    with pytest.raises(UsageError, match="coroutine function"):
        sinks_from([store])


def test_anything_else_is_refused_before_any_work(letters: Path) -> None:
    wrong: list[SinkLike] = [7]  # type: ignore[list-item]  # pyright: ignore[reportAssignmentType] (what is tested)
    with pytest.raises(UsageError, match="7 is neither a sink"):
        BatchProcessor(sinks=wrong).stream(letters)


def test_a_callback_sink_is_a_value() -> None:
    assert CallbackSink(print) == replace(CallbackSink(), on_document=print)
