"""A function as a sink, and a class to inherit from."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pdfbatch import BatchProcessor, process_batch
from pdfbatch.errors import UsageError
from pdfbatch.executors.sequential import SequentialExecutor
from pdfbatch.model import DocumentResult
from pdfbatch.ports import Sink, SinkLike
from pdfbatch.report import BatchState, BatchStatus
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


async def _wait(result: DocumentResult) -> None:
    """Nobody would await it."""


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


def test_progress_and_on_result_are_all_that_a_script_needs(letters: Path) -> None:
    statuses, results = list[BatchStatus](), list[DocumentResult]()
    process_batch(letters, executor="sequential", progress=statuses.append, on_result=results.append)
    assert (statuses[-1].state, len(results)) == (BatchState.COMPLETED, 3)
    memory = MemorySink()
    BatchProcessor(executor=SequentialExecutor(), progress=memory, on_result=results.append).run(letters)
    assert (memory.closed, len(memory.results), len(results)) == (True, 3, 6)


def test_progress_is_shown_where_somebody_looks(letters: Path) -> None:
    script = (
        "import logging, sys, pdfbatch\n"
        "if len(sys.argv) > 2: logging.basicConfig(level=logging.INFO)\n"
        "pdfbatch.process_batch(sys.argv[1], executor='sequential', progress=True)\n"
    )
    plain, logged = (
        subprocess.run(
            [sys.executable, "-c", script, letters, *more], capture_output=True, text=True, check=True
        ).stderr
        for more in ([], ["log"])
    )
    assert "pdfbatch: 3/3 documents" in plain
    assert "INFO:pdfbatch.progress:batch " in logged
    assert "pdfbatch: 3/3" not in logged


@pytest.mark.parametrize("wrong", [{"progress": 3}, {"progress": MemorySink}, {"on_result": 3}, {"on_result": _wait}])
def test_what_shows_nothing_is_refused(letters: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        process_batch(letters, executor="sequential", **wrong)
