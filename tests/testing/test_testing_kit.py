"""The kit itself: its faults do what they say, and its contract finds executors that break their promises."""

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import pytest

import pdfbatch
from pdfbatch.errors import Cause, DocumentError
from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.executors.sequential import SequentialExecutor
from pdfbatch.executors.thread import ThreadExecutor
from pdfbatch.ports import Executor, Pool, Shared, Sink, TextEngine, Work
from pdfbatch.report import BatchStatus
from pdfbatch.settings import Extraction
from pdfbatch.tasks import Task, TaskResult
from pdfbatch.testing import (
    ExecutorContract,
    Fault,
    FaultyEngine,
    InjectedError,
    PlainEngine,
    RecordingSink,
    commit,
    plain_document,
)
from pdfbatch.testing.faults import FLOOD_RECORDS
from pdfbatch.testing.probes import PATIENCE_SECONDS, alive, interrupt, journal, wait_until
from pdfbatch.testing.servers import RequestFaults
from tests.pools import PassingPool

DEADLY = {
    Fault.EXIT: 3,
    Fault.KILL: -signal.SIGKILL,
    Fault.SEGFAULT: -signal.SIGSEGV,
    Fault.ABORT: -signal.SIGABRT,
}


# --- engines ----------------------------------------------------------------------------------------------------------


def test_a_plain_document_has_its_pages(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(plain_document("one", "", "three"))
    assert texts(PlainEngine(), str(path)) == ["one", "", "three"]


def test_any_text_file_is_a_plain_document() -> None:
    assert texts(PlainEngine(), b"first line\nsecond line\fsecond page") == ["first line\nsecond line", "second page"]


def test_a_plain_page_can_be_drawn() -> None:
    with PlainEngine().open(b"text") as document, document.page(1) as page:
        assert page.image(72).size == (595, 842)


@pytest.mark.parametrize(
    ("content", "cause"),
    [(b"", Cause.EMPTY_INPUT), (b"\xff\xfe\xff", Cause.MALFORMED), ("missing.pdf", Cause.STORAGE_NOT_FOUND)],
)
def test_a_bad_plain_document_is_refused_with_its_cause(content: str | bytes, cause: Cause) -> None:
    with pytest.raises(DocumentError) as refused, PlainEngine().open(content):
        pass
    assert refused.value.cause is cause


def test_a_page_that_is_not_there_is_refused() -> None:
    with PlainEngine().open(b"text") as document, pytest.raises(DocumentError), document.page(2):
        pass


def test_a_faulty_engine_reads_good_pages_as_the_one_behind_it() -> None:
    assert texts(FaultyEngine(), b"one\ftwo") == ["one", "two"]


def test_a_marked_page_is_bad_and_the_others_are_not() -> None:
    with FaultyEngine().open(b"good\fhere: fault:raise\fgood") as document:
        with pytest.raises(InjectedError), document.page(2):
            pass
        with document.page(3) as page:
            assert page.text() == "good"


def test_a_named_page_is_bad(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(plain_document("one", "two"))
    engine = FaultyEngine(faults={("a.pdf", 2): Fault.RECURSION})
    with engine.open(str(path)) as document:
        with document.page(1) as page:
            assert page.text() == "one"
        with pytest.raises(RecursionError), document.page(2):
            pass


@pytest.mark.parametrize("fault", list(Fault))
def test_every_fault_can_be_marked(fault: Fault) -> None:
    assert FaultyEngine().fault_in("a.pdf", 1, f"a page with fault:{fault} on it") is fault


def test_a_faulty_engine_travels_to_workers() -> None:
    engine = FaultyEngine(faults={("a.pdf", 2): Fault.HANG})
    assert pickle.loads(pickle.dumps(engine)) == engine


def test_a_batch_over_a_faulty_engine_loses_the_bad_pages_only(tmp_path: Path) -> None:
    for number, bad in enumerate(("", "fault:kill", "fault:segfault"), 1):
        (tmp_path / f"{number}.pdf").write_bytes(plain_document("good", f"page {bad}", "good"))
    report = pdfbatch.process_batch(
        [tmp_path], executor=ProcessExecutor(workers=2), engine=FaultyEngine(), extraction=Extraction(ocr="never")
    )
    results = {os.path.basename(result.document.file_path): result for result in report.results}
    lost = {name: [page.number for page in result.pages if page.failure] for name, result in results.items()}
    assert lost == {"1.pdf": [], "2.pdf": [2], "3.pdf": [2]}
    assert [page.text for page in results["3.pdf"].pages] == ["good", "", "good"]


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fault", "status"), DEADLY.items())
def test_a_deadly_fault_ends_the_process_as_it_says(fault: Fault, status: int) -> None:
    with committing(fault) as process:
        assert process.wait(PATIENCE_SECONDS) == status


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.HANG_GIL, Fault.CHILD])
def test_a_hang_goes_on_until_it_is_killed(fault: Fault) -> None:
    with committing(fault, before="print('begun', flush=True)") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        kill_group(process)


def test_a_hang_that_holds_the_gil_stops_the_other_threads() -> None:
    other = "import threading, time; threading.Timer(0.3, print, ['other thread'], {'flush': True}).start()"
    with committing(Fault.HANG_GIL, before=other) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.5)
        kill_group(process)
        assert process.stdout is not None
        assert process.stdout.read() == b""


def test_a_hanging_child_is_noted(tmp_path: Path) -> None:
    with committing(Fault.CHILD, f"journal={str(tmp_path / 'journal')!r}") as process:
        assert wait_until(lambda: len(journal(tmp_path)) == 1)
        (child, name), *_ = journal(tmp_path)
        assert name == "child"
        assert alive(child)
        kill_group(process)
    assert wait_until(lambda: not alive(child))


def test_a_process_without_room_has_a_memory_error() -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 29, 1 << 29))"
    with committing(Fault.MEMORY, before=limit) as process:
        assert process.stderr is not None
        assert b"MemoryError" in process.stderr.read()


def test_the_injected_error_does_not_survive_pickling() -> None:
    with pytest.raises(InjectedError) as raised:
        commit(Fault.RAISE)
    with pytest.raises(TypeError):
        pickle.loads(pickle.dumps(raised.value))


def test_a_flood_of_log_records_floods(caplog: pytest.LogCaptureFixture) -> None:
    commit(Fault.FLOOD_LOG)
    assert len(caplog.records) == FLOOD_RECORDS


def test_importing_the_kit_does_not_import_pytest() -> None:
    script = "import sys, pdfbatch.testing; sys.exit('pytest' in sys.modules or 'PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=PATIENCE_SECONDS).returncode == 0


# --- sinks ------------------------------------------------------------------------------------------------------------


def test_a_recording_sink_keeps_what_it_hears() -> None:
    recording = RecordingSink()
    sink: Sink = recording
    sink.update(BatchStatus(batch_id="b"))
    sink.close()
    assert [status.batch_id for status in recording.statuses] == ["b"]
    assert (recording.results, recording.closed) == ([], 1)


def test_a_recording_sink_raises_what_it_is_told_to() -> None:
    sink = RecordingSink(error=OSError("gone"))
    with pytest.raises(OSError, match="gone"):
        sink.update(BatchStatus(batch_id="b"))
    assert len(sink.statuses) == 1


# --- the contract finds what is wrong -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spoiled:
    """The thread executor with one promise broken."""

    pool: Callable[[Pool, Work], Pool]
    name: str = "spoiled"
    kills: bool = False
    shares: Shared = Shared.MEMORY
    workers: int = 2

    def start(self, work: Work) -> Pool:
        return self.pool(ThreadExecutor(self.workers).start(work), work)


@dataclass(frozen=True)
class SharesNoMemory:
    """The process executor, which says that its workers are threads."""

    name = "spoiled"
    kills = False
    shares = Shared.MEMORY

    def start(self, work: Work) -> Pool:
        return ProcessExecutor(workers=1).start(work)


class Passing(PassingPool):
    """A pool that passes everything on; its subclasses spoil something."""

    def __init__(self, pool: Pool, work: Work) -> None:
        super().__init__(pool)
        self.work = work


class Twice(Passing):
    def submit(self, task: Task) -> Future[TaskResult]:
        self.pool.submit(task)
        return self.pool.submit(task)


class Raising(Passing):
    def submit(self, task: Task) -> Future[TaskResult]:
        future = Future[TaskResult]()
        try:
            future.set_result(self.work(task))
        except Exception as error:  # noqa: BLE001 (this is the promise that it breaks)
            future.set_exception(error)
        return future


class Hasty(Passing):
    """Waits for nothing, however it is left."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        interrupt(self.pool)


class OnceOnly(Passing):
    left = False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert not self.left
        self.left = True
        self.pool.__exit__(kind, error, trace)


class SpoiledContract(ExecutorContract):
    def __init__(self, executor: Executor) -> None:
        self.executor = executor

    def make_executor(self) -> Executor:
        return self.executor

    def make_unstartable_executor(self) -> Executor:
        return SequentialExecutor()


def test_the_contract_finds_a_task_done_twice(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        SpoiledContract(Spoiled(Twice)).test_each_task_is_done_once_and_its_future_ends_once(tmp_path)


def test_the_contract_finds_an_error_that_the_pool_lets_out() -> None:
    with pytest.raises(InjectedError):
        SpoiledContract(Spoiled(Raising)).test_work_that_raises_costs_its_task_only()


def test_the_contract_finds_a_pool_that_does_not_wait() -> None:
    with pytest.raises(CancelledError):
        SpoiledContract(Spoiled(Hasty)).test_leaving_it_waits_for_the_tasks_under_way()


def test_the_contract_finds_a_pool_that_can_be_left_once_only() -> None:
    with pytest.raises(AssertionError):
        SpoiledContract(Spoiled(OnceOnly)).test_leaving_it_twice_is_fine()


def test_the_contract_finds_a_start_that_should_have_failed() -> None:
    with pytest.raises(AssertionError, match="it started"):
        SpoiledContract(Spoiled(Passing)).test_a_start_that_cannot_work_raises_pool_start_error()


def test_the_contract_finds_an_executor_whose_killing_is_not_tested() -> None:
    with pytest.raises(AssertionError, match="KillingExecutorContract"):
        SpoiledContract(Spoiled(Passing, kills=True)).test_what_it_says_about_killing_is_tested()


def test_the_contract_finds_workers_that_share_no_memory(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="in another process"):
        SpoiledContract(SharesNoMemory()).test_workers_that_share_memory_are_in_this_process(tmp_path)


# --- what the tests are made of -----------------------------------------------------------------------------------------


def texts(engine: TextEngine, source: str | bytes) -> list[str]:
    """The text of each page."""
    found: list[str] = []
    with engine.open(source) as document:
        for number in range(1, document.page_count + 1):
            with document.page(number) as page:
                found.append(page.text())
    return found


def committing(fault: Fault, arguments: str = "", before: str = "") -> subprocess.Popen[bytes]:
    """A process, in a group of its own, that commits a fault after some other code."""
    script = f"from pdfbatch.testing import Fault, commit\n{before}\ncommit(Fault({str(fault)!r}), {arguments})"
    return subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and its children."""
    os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("share", [0.3, 0.99, 1.0])
def test_five_requests_in_a_row_do_not_meet_faults_unless_all_do(share: float) -> None:
    faults = RequestFaults(seed=5, slow_down=share / 2, reset=share / 2)
    chosen = [bool(faults.choose("GET", "/in/a.pdf", number)) for number in range(1, 300)]
    assert all(chosen) is (share == 1)
    assert share == 1 or not any(all(chosen[place : place + 5]) for place in range(len(chosen) - 4))
    assert sum(chosen) > len(chosen) * share / 2
