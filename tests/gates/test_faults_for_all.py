"""Faults that hit a whole batch: a full disk, nothing but bad documents, a bad source, bad sinks, a cancelled neighbour."""

import json
import logging
import os
import pickle
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import pytest

from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.model import Document
from pdfbatch.ports import Executor, Output, Pool, Shared, Work
from pdfbatch.processor import BatchProcessor
from pdfbatch.report import BatchReport, BatchState
from pdfbatch.settings import Extraction
from pdfbatch.sinks.log import LogSink
from pdfbatch.storage import Storage
from pdfbatch.tasks import Task, TaskResult
from pdfbatch.testing import PlainEngine, RecordingSink, plain_document
from tests.gates.conftest import Measured
from tests.gates.family import HAS_PROC, left_behind, resident_bytes
from tests.gates.full_disk import SmallStorage, small_disk
from tests.gates.laborious import LaboriousEngine
from tests.gates.scale import GATE, scaled
from tests.pools import PassingPool

pytestmark = [*GATE, pytest.mark.skipif(not HAS_PROC, reason="needs /proc")]

WORKERS = 2


def processor(storage: Output | None = None, *, sinks: tuple[RecordingSink | LogSink, ...] = ()) -> BatchProcessor:
    return BatchProcessor(
        executor=ProcessExecutor(workers=WORKERS),
        engine=PlainEngine(),
        extraction=Extraction(ocr="never"),
        storage=storage,
        sinks=sinks,
    )


def documents(folder: Path, count: int, times: int = 1) -> list[str]:
    """Write ``count`` documents, each with its number ``times`` times; return their paths."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{number}.pdf" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(plain_document(" ".join([f"text {number}"] * times)))
    return [str(path) for path in paths]


# --- row 16: a full disk ----------------------------------------------------------------------------------------------


def test_a_full_disk_stops_the_batch_and_leaves_no_torn_file(tmp_path: Path, temporary: Path) -> None:
    with small_disk(tmp_path / "disk", 256) as mounted:
        if not mounted:
            pytest.skip("only root may mount a small disk")
        output = tmp_path / "disk" / "out"
        paths = documents(tmp_path / "in", 200, times=1000)
        report = processor(Storage(str(output))).run(paths)
        assert_stopped_by_a_full_disk(report, len(paths))
        whole = {str(r.output): r.text for r in report.results if r.ok}
        stored = {str(path.with_suffix(".json")): path.read_text() for path in output.rglob("*.pdf.txt")}
        assert whole.items() <= stored.items()
        assert all(len(set(text.split())) == 2 and len(text.split()) == 2000 for text in stored.values())
        assert all(json.loads(path.read_bytes())["counts"] for path in output.rglob("*.pdf.json"))
        assert not list(output.rglob(".pdfbatch-*"))
    assert left_behind(temporary) == []


def test_a_batch_that_a_full_disk_has_stopped_can_be_resumed(tmp_path: Path, temporary: Path) -> None:
    paths = documents(tmp_path / "in", 60)
    small = SmallStorage(str(tmp_path / "out"), files=40)
    assert_stopped_by_a_full_disk(processor(small).run(paths), len(paths))
    report = processor(replace(small, files=10_000)).run(paths, resume=True)
    assert report.failed == 0
    assert report.total_documents == len(paths)
    assert [result for result in report.results if result.text != f"text {Path(result.document.file_path).stem}"] == []
    assert left_behind(temporary) == []


def assert_stopped_by_a_full_disk(report: BatchReport, documents: int) -> None:
    causes = report.failures_by_cause
    assert report.status.state is BatchState.FAILED
    assert report.stop_reason
    assert 0 < report.successful < documents
    assert set(causes) <= {"storage_full", "cancelled"}
    # two in a row for each worker stop it; some others were under way by then
    assert 2 * WORKERS <= causes["storage_full"] <= 2 * WORKERS + WORKERS * 4


def test_a_batch_with_too_many_failures_stops_and_can_be_resumed(tmp_path: Path, temporary: Path) -> None:
    paths = documents(tmp_path / "in", 100)
    for path in paths[20:]:
        Path(path).write_bytes(b"\xff\xfe no text")
    batch = processor(Storage(str(tmp_path / "out")))
    report = batch.run(paths, max_failure_rate=0.3)
    assert report.status.state is BatchState.FAILED
    assert "more than the accepted share of 0.3" in report.stop_reason
    assert report.failures_by_cause["cancelled"] > 0
    assert sorted(result.document.file_path for result in report.results) == sorted(paths)
    for path in paths[20:]:
        Path(path).write_bytes(plain_document(f"text {Path(path).stem}"))
    again = batch.run(paths, resume=True, max_failure_rate=0.3)
    assert (again.failed, again.total_documents) == (0, len(paths))
    assert again.status.skipped == report.successful
    assert left_behind(temporary) == []


def test_a_batch_that_stops_accounts_for_what_it_never_began(tmp_path: Path, temporary: Path) -> None:
    paths = documents(tmp_path / "in", 60)
    report = processor(SmallStorage(str(tmp_path / "out"), files=40)).run(paths)
    assert sorted(result.document.file_path for result in report.results) == sorted(paths)


def test_a_source_without_a_known_end_is_not_drained_by_a_batch_that_stops(tmp_path: Path, temporary: Path) -> None:
    (path,) = documents(tmp_path / "in", 1)
    endless = (Document(path, f"id-{number}") for number in count())
    report = processor(SmallStorage(str(tmp_path / "out"), files=40)).run(endless)
    assert set(report.failures_by_cause) <= {"storage_full", "cancelled"}
    assert report.processed == len(report.results)
    assert left_behind(temporary) == []


# --- row 34: nothing but bad documents --------------------------------------------------------------------------------


def test_a_batch_of_empty_files_ends_with_one_line_in_its_summary(
    tmp_path: Path, temporary: Path, measured: Measured
) -> None:
    paths = [tmp_path / f"{number}.pdf" for number in range(scaled(300, 10_000))]
    for path in paths:
        path.touch()
    before, begun = resident_bytes(os.getpid()), time.monotonic()
    report = processor().run([str(path) for path in paths])
    measured("documents a second", round(len(paths) / (time.monotonic() - begun)))
    measured("parent grew", f"{(resident_bytes(os.getpid()) - before) / (1 << 20):.1f} MiB")
    assert report.failures_by_cause == {"empty_input": len(paths)}
    assert resident_bytes(os.getpid()) - before <= 50 << 20
    assert left_behind(temporary) == []


# --- row 41: log flood, and names that forge lines --------------------------------------------------------------------


def test_a_name_with_a_line_break_makes_no_new_line_in_a_log(
    tmp_path: Path, temporary: Path, caplog: pytest.LogCaptureFixture
) -> None:
    forged = "id\n2026-01-01 CRITICAL all is lost"
    with caplog.at_level(logging.DEBUG, "pdfbatch"):
        report = processor(sinks=(LogSink(),)).run([Document(str(tmp_path / "a\nb.pdf"), forged)])
    assert report.failed == 1
    assert caplog.records
    assert [record.getMessage() for record in caplog.records if "\n" in record.getMessage()] == []


# --- rows 46 and 47: what travels between the processes ---------------------------------------------------------------


def test_a_document_whose_metadata_cannot_be_pickled_is_read_all_the_same(tmp_path: Path, temporary: Path) -> None:
    paths = documents(tmp_path / "in", 20)
    odd = Document(paths[7], metadata={"lock": threading.Lock()})
    report = processor().run([odd if path == paths[7] else Document(path) for path in paths])
    assert report.successful == len(paths)
    (found,) = (result for result in report.results if result.document.file_path == paths[7])
    assert found.document.metadata == {"lock": "<unlocked _thread.lock object>"}
    assert left_behind(temporary) == []


def test_text_does_not_travel_when_there_is_an_output(tmp_path: Path, temporary: Path, measured: Measured) -> None:
    path = tmp_path / "large.pdf"
    path.write_bytes(plain_document("x" * (2 << 20)))
    weighing = WeighingExecutor(ProcessExecutor(workers=1))
    report = replace(processor(Storage(str(tmp_path / "out"))), executor=weighing).run([str(path)])
    measured("bytes of a result", weighing.bytes[0])
    assert report.results[0].counts.characters == 2 << 20
    assert max(weighing.bytes) <= 10_000


@dataclass(frozen=True, slots=True)
class WeighingExecutor:
    """Run tasks by ``executor``, and note how many bytes each result has when it is pickled."""

    executor: Executor
    bytes: list[int] = field(default_factory=list[int])

    @property
    def name(self) -> str:
        return self.executor.name

    @property
    def kills(self) -> bool:
        return self.executor.kills

    @property
    def shares(self) -> Shared:
        return self.executor.shares

    def start(self, work: Work) -> Pool:
        return _WeighingPool(self.executor.start(work), self.bytes)


class _WeighingPool(PassingPool):
    def __init__(self, pool: Pool, weights: list[int]) -> None:
        super().__init__(pool)
        self._weights = weights

    def submit(self, task: Task) -> Future[TaskResult]:
        future = super().submit(task)
        future.add_done_callback(lambda done: self._weights.append(len(pickle.dumps(done.result()))))
        return future


# --- row 57: neighbours -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(scaled(2, 20)))
def test_a_cancelled_batch_harms_no_other_in_the_same_process(seed: int, tmp_path: Path, temporary: Path) -> None:
    paths = documents(tmp_path / "in", 60)
    cancelled, whole = RecordingSink(), RecordingSink()
    leave_after = random.Random(seed).randrange(1, 40)

    def leave_early() -> None:
        stream = slow(cancelled).stream(paths)
        for _ in range(leave_after):
            next(stream)
        stream.close()

    with ThreadPoolExecutor(2) as threads:
        other = threads.submit(slow(whole).run, paths)
        threads.submit(leave_early).result(120)
        report = other.result(120)
    assert report.successful == len(paths)
    assert (whole.statuses[-1].state, whole.statuses[-1].processed) == (BatchState.COMPLETED, len(paths))
    assert cancelled.statuses[-1].state is BatchState.CANCELLED
    assert {status.batch_id for status in cancelled.statuses}.isdisjoint({status.batch_id for status in whole.statuses})
    assert left_behind(temporary) == []


def slow(sink: RecordingSink) -> BatchProcessor:
    return replace(processor(sinks=(sink,)), engine=LaboriousEngine(engine=PlainEngine()))


# --- rows 58 and 59: what the caller brings along ---------------------------------------------------------------------


def test_what_was_begun_is_reported_before_the_error_of_the_source(tmp_path: Path, temporary: Path) -> None:
    paths = documents(tmp_path / "in", 25)
    sink = RecordingSink()

    def source() -> Iterator[str]:
        yield from paths
        raise LookupError("the database is gone")

    with pytest.raises(LookupError, match="the database is gone"):
        processor(Storage(str(tmp_path / "out")), sinks=(sink,)).run(source())
    assert sorted(result.document.file_path for result in sink.results) == sorted(paths)
    assert (sink.statuses[-1].state, sink.statuses[-1].successful) == (BatchState.FAILED, len(paths))
    assert json.loads((tmp_path / "out" / "report.json").read_bytes())["successful"] == len(paths)
    assert left_behind(temporary) == []


@pytest.mark.parametrize("error", [RuntimeError("trouble"), OSError(28, "no space"), AssertionError("no")], ids=repr)
def test_a_sink_that_raises_changes_no_result(error: Exception, tmp_path: Path, temporary: Path) -> None:
    paths = documents(tmp_path / "in", 25)
    bad, good = RecordingSink(error=error), RecordingSink()
    report = processor(sinks=(bad, good)).run(paths)
    assert sorted(result.text for result in report.results) == sorted(f"text {number}" for number in range(25))
    assert len(bad.results) in (1, 25)  # it may be left out after the first trouble
    assert (len(good.results), good.closed) == (25, 1)
    assert left_behind(temporary) == []
