"""The contracts find adapters that break their promises: each spoiled adapter fails the test that is about it."""

import os
import pickle
import subprocess
import sys
import threading
import time
import unicodedata
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import partial
from inspect import signature
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from pdfbatch.engines import PypdfEngine, open_error
from pdfbatch.errors import Cause, DependencyError, DocumentError, PoolBrokenError
from pdfbatch.executors import ThreadExecutor
from pdfbatch.model import DocumentExtras, DocumentResult
from pdfbatch.ports import (
    Box,
    Executor,
    Locality,
    OcrEngine,
    OpenDocument,
    OpenPage,
    Output,
    PageFacts,
    Pool,
    Reading,
    Shared,
    Sink,
    SupportsPreload,
    TextEngine,
    Work,
    summarize_words,
)
from pdfbatch.report import BatchStatus
from pdfbatch.storage import Storage, temporary_name
from pdfbatch.tasks import Task, TaskResult
from pdfbatch.testing import (
    ExecutorContract,
    OcrEngineContract,
    OutputContract,
    RecordingSink,
    SinkContract,
    TextEngineContract,
)
from pdfbatch.testing.pictures import LINES, TEXT, draw_page
from tests.pools import PassingPool

if TYPE_CHECKING:
    from PIL.Image import Image


def fails(test: Callable[..., None], tmp_path: Path) -> None:
    """Assert that a test of a contract fails."""
    arguments = (tmp_path,) if signature(test).parameters else ()
    with pytest.raises((Exception, SystemExit)):
        test(*arguments)


# --- executors --------------------------------------------------------------------------------------------------------


class PassingThreads(PassingPool):
    """A pool over threads that passes everything on; its subclasses spoil something."""

    def __init__(self, work: Work) -> None:
        super().__init__(ThreadExecutor(2).start(work))
        self.work = work


class LeavesThread(PassingThreads):
    ended = threading.Event()

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        threading.Thread(target=self.ended.wait, daemon=True).start()


class LeavesChild(PassingThreads):
    children: "list[subprocess.Popen[bytes]]" = []  # noqa: RUF012 (shared by all pools, so that the test can end them)

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.children.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]))


class WorksAfterTheEnd(PassingThreads):
    left = False

    def submit(self, task: Task) -> Future[TaskResult]:
        if not self.left:
            return self.pool.submit(task)
        future = Future[TaskResult]()
        future.set_result(self.work(task))
        return future

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.left = True
        self.pool.__exit__(kind, error, trace)


class LetsExitsOut(PassingThreads):
    def submit(self, task: Task) -> Future[TaskResult]:
        future = Future[TaskResult]()
        try:
            future.set_result(self.work(task))
        except SystemExit as error:
            future.set_exception(error)
        return future


class CountsNoWrites(PassingThreads):
    pending_writes = 0


class NeedsToLoad(PassingThreads):
    def __init__(self, work: Work) -> None:
        if isinstance(work, SupportsPreload):
            work.load()
        super().__init__(work)


class Nameless(PassingThreads):
    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.name = ""


class WaitsForWorkers(PassingThreads):
    def submit(self, task: Task) -> Future[TaskResult]:
        future = super().submit(task)
        wait([future])
        return future


class WorksOnMore(PassingThreads):
    @property
    def capacity(self) -> int:
        return 1


class WorksOnLess(PassingThreads):
    @property
    def capacity(self) -> int:
        return 3


class SparesSome(PassingThreads):
    """Leaves half of its tasks in the queue when it is left by an exception, and does them when nobody waits for them."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.futures: list[Future[TaskResult]] = []

    def submit(self, task: Task) -> Future[TaskResult]:
        self.futures.append(super().submit(task))
        return self.futures[-1]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.pool.__exit__(kind, error, trace)
        else:
            for future in self.futures[::2]:
                future.cancel()
            threading.Thread(target=self.pool.__exit__, args=(None, None, None), daemon=True).start()


class SaysBrokenTooEarly(PassingThreads):
    """Says of tasks under way that they were not done."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.futures: dict[Future[TaskResult], Future[TaskResult]] = {}

    def submit(self, task: Task) -> Future[TaskResult]:
        future, inner = Future[TaskResult](), super().submit(task)
        self.futures[future] = inner

        def end(inner: Future[TaskResult]) -> None:
            if inner.cancelled():
                future.cancel()
                future.set_running_or_notify_cancel()
            elif not future.done():
                future.set_result(inner.result())

        inner.add_done_callback(end)
        return future

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            for future, inner in self.futures.items():
                if not inner.cancel():
                    future.set_exception(PoolBrokenError("it was left"))
        self.pool.__exit__(kind, error, trace)


@dataclass(frozen=True)
class SpoiledExecutor:
    pool: Callable[[Work], Pool] = PassingThreads
    name: str = "spoiled"
    kills: bool = False
    shares: Shared = Shared.MEMORY
    starts_in_any_thread: bool = True

    def start(self, work: Work) -> Pool:
        return self.pool(work)


@dataclass(frozen=True)
class NeedsMainThread(SpoiledExecutor):
    def start(self, work: Work) -> Pool:
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("not here")
        return PassingThreads(work)


class SpoiledExecutorContract(ExecutorContract):
    writes_behind = True

    def __init__(self, executor: Executor) -> None:
        self.executor = executor

    def make_executor(self) -> Executor:
        return self.executor


@pytest.mark.parametrize(
    ("executor", "test"),
    [
        (SpoiledExecutor(WorksAfterTheEnd), "test_a_task_that_comes_after_the_end_is_cancelled"),
        (SpoiledExecutor(LetsExitsOut), "test_work_that_exits_costs_its_task_only"),
        (SpoiledExecutor(NeedsToLoad), "test_work_whose_libraries_cannot_be_loaded_beforehand_is_done_all_the_same"),
        (SpoiledExecutor(Nameless), "test_a_pool_has_a_name_and_a_capacity_of_at_least_one"),
        (NeedsMainThread(), "test_it_can_start_in_another_thread_if_it_says_so"),
    ],
)
def test_the_contract_of_executors_finds(executor: Executor, test: str, tmp_path: Path) -> None:
    fails(getattr(SpoiledExecutorContract(executor), test), tmp_path)


class QuickExecutorContract(SpoiledExecutorContract):
    seconds = 0.5


@pytest.mark.parametrize(
    ("pool", "test", "message"),
    [
        (WaitsForWorkers, "test_submit_returns_before_the_task_is_done", "submit waits"),
        (WorksOnMore, "test_it_works_on_as_many_tasks_at_one_time_as_its_capacity_says", "its capacity is 1"),
        (WorksOnLess, "test_it_works_on_as_many_tasks_at_one_time_as_its_capacity_says", "only 2 tasks begin"),
        (SparesSome, "test_leaving_it_by_an_exception_cancels_what_has_not_begun", "begun after the pool was left"),
        (SaysBrokenTooEarly, "test_leaving_it_by_an_exception_cancels_what_has_not_begun", "as if it had not been"),
    ],
)
def test_the_contract_of_executors_says_what_is_wrong(
    pool: Callable[[Work], Pool], test: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(AssertionError, match=message):
        getattr(QuickExecutorContract(SpoiledExecutor(pool)), test)(tmp_path)


def test_the_contract_of_executors_finds_a_thread_that_is_left(tmp_path: Path) -> None:
    try:
        fails(
            QuickExecutorContract(SpoiledExecutor(LeavesThread)).test_leaving_it_leaves_no_thread_and_no_child_process,
            tmp_path,
        )
    finally:
        LeavesThread.ended.set()


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")
def test_the_contract_of_executors_finds_a_child_that_is_left(tmp_path: Path) -> None:
    try:
        fails(
            QuickExecutorContract(SpoiledExecutor(LeavesChild)).test_leaving_it_leaves_no_thread_and_no_child_process,
            tmp_path,
        )
    finally:
        for child in LeavesChild.children:
            child.kill()
            child.wait()


def test_the_contract_of_executors_finds_writes_that_nobody_counts(tmp_path: Path) -> None:
    contract = QuickExecutorContract(SpoiledExecutor(CountsNoWrites))
    fails(contract.test_a_task_that_waits_for_its_output_is_pending_and_keeps_no_other_waiting, tmp_path)


# --- outputs ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PassingOutput:
    """An output in a folder that passes everything on; its subclasses spoil something."""

    root: str

    @property
    def storage(self) -> Storage:
        return Storage(self.root, durability="none")

    @property
    def locality(self) -> Locality:
        return Locality.MACHINE

    def check(self) -> None:
        self.storage.check()

    def uri(self, name: str) -> str:
        return self.storage.uri(name)

    def write(self, name: str, data: bytes) -> None:
        self.storage.write(name, data)

    def read(self, name: str) -> bytes:
        return self.storage.read(name)

    def delete(self, name: str) -> None:
        self.storage.delete(name)

    def names(self, below: str = "") -> Iterable[str]:
        return self.storage.names(below)

    def path(self, name: str) -> Path:
        path = Path(self.root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


class LeavesProbe(PassingOutput):
    def check(self) -> None:
        self.write("probe", b"")


class EmptiesPlace(PassingOutput):
    def check(self) -> None:
        for name in list(self.names()):
            self.delete(name)


class TellsSecret(PassingOutput):
    def uri(self, name: str) -> str:
        return f"https://user:hunter2@host/{name}"


class WritesInPlace(PassingOutput):
    def write(self, name: str, data: bytes) -> None:
        path = Path(self.root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "wb", buffering=0) as file:
            for start in range(0, len(data), 1 + len(data) // 8):  # as a slow disk does
                file.write(data[start : start + 1 + len(data) // 8])
                time.sleep(0.002)


class SharesTemporaryName(PassingOutput):
    def write(self, name: str, data: bytes) -> None:
        path = self.path(name)
        path.with_suffix(".new").write_bytes(data)
        path.with_suffix(".new").replace(path)


class KeepsOldTail(PassingOutput):
    def write(self, name: str, data: bytes) -> None:
        path = self.path(name)
        path.touch()
        with path.open("r+b") as file:
            file.write(data)


class TranslatesLines(PassingOutput):
    def read(self, name: str) -> bytes:
        return self.storage.read(name).replace(b"\r\n", b"\n")


class FindsEverything(PassingOutput):
    def read(self, name: str) -> bytes:
        return self.storage.read(name) if name in set(self.names()) else b""


class RaisesForeignErrors(PassingOutput):
    def read(self, name: str) -> bytes:
        return Path(self.root, name).read_bytes()


class IgnoresFolders(PassingOutput):
    def write(self, name: str, data: bytes) -> None:
        self.storage.write(name.rpartition("/")[2], data)


class UnquotesNames(PassingOutput):
    """Takes names for parts of a URL, and finds them under the same wrong name again."""

    def write(self, name: str, data: bytes) -> None:
        self.storage.write(unquote(name), data)

    def read(self, name: str) -> bytes:
        return self.storage.read(unquote(name))


class CutsFragments(PassingOutput):
    def write(self, name: str, data: bytes) -> None:
        self.storage.write(name.partition("#")[0] or "_", data)

    def read(self, name: str) -> bytes:
        return self.storage.read(name.partition("#")[0] or "_")


class ComposesNames(PassingOutput):
    def write(self, name: str, data: bytes) -> None:
        self.storage.write(unicodedata.normalize("NFC", name), data)


class DeletesPatterns(PassingOutput):
    def delete(self, name: str) -> None:
        for found in list(self.names()):
            if fnmatchcase(found, f"{name}*" if name.endswith("/") else name):
                self.storage.delete(found)


class TellsOldSizes(PassingOutput):
    def sizes(self, below: str = "") -> Iterable[tuple[str, int | None]]:
        return ((name, len(name)) for name in self.names(below))


class DeletesPrefixes(PassingOutput):
    def delete(self, name: str) -> None:
        for found in list(self.names(name.rstrip("/"))):
            self.storage.delete(found)


class DeletesStrictly(PassingOutput):
    def delete(self, name: str) -> None:
        os.unlink(Path(self.root, name))


class ListsOneFolder(PassingOutput):
    def names(self, below: str = "") -> Iterable[str]:
        return (name for name in self.storage.names(below) if "/" not in name)


class NamesTemporaryFiles(PassingOutput):
    """Writes under a temporary name first, as an output does where no file can be without a name."""

    def write(self, name: str, data: bytes) -> None:
        path = Path(self.root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.parent / temporary_name()
        temporary.write_bytes(data)
        os.replace(temporary, path)


class ListsTemporaryFiles(NamesTemporaryFiles):
    def names(self, below: str = "") -> Iterable[str]:
        for folder, _, files in os.walk(self.root):
            yield from (os.path.relpath(os.path.join(folder, file), self.root) for file in files)


@dataclass(frozen=True)
class RemembersListing(PassingOutput):
    known: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def names(self, below: str = "") -> Iterable[str]:
        return self.known.setdefault(below, list(self.storage.names(below)))


@dataclass(frozen=True)
class StaysAtHome(PassingOutput):
    lock: object = field(default_factory=threading.Lock)


@dataclass(frozen=True)
class HidesFromOthers(PassingOutput):
    owner: int = field(default_factory=os.getpid)

    def read(self, name: str) -> bytes:
        return self.storage.read(name) if os.getpid() == self.owner else b""


@dataclass(frozen=True)
class StaysRelative(PassingOutput):
    """Is at another place in another working directory."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "root", os.path.relpath(self.root))


class SweepsEverything(NamesTemporaryFiles):
    def sweep(self) -> int:
        found = list(Path(self.root).rglob("*.tmp"))
        for path in found:
            path.unlink(missing_ok=True)
        return len(found)


class SweepsNothing(NamesTemporaryFiles):
    def sweep(self) -> int:
        return 0


class LoadsThread(PassingOutput):
    def load(self) -> None:
        threading.Timer(1.0, int).start()


class WritesAllAnew(PassingOutput):
    """Keeps all files in one, and rewrites it for each: what another one writes at the same time is lost."""

    def _file(self) -> Path:
        return Path(self.uri("")) / "all"

    def _load(self) -> dict[str, bytes]:
        data = self._file().read_bytes() if self._file().exists() else b""
        return pickle.loads(data) if data else {}

    def write(self, name: str, data: bytes) -> None:
        files = {**self._load(), name: data}
        temporary = Path(self.uri("")) / temporary_name()
        temporary.write_bytes(pickle.dumps(files))
        temporary.replace(self._file())

    def read(self, name: str) -> bytes:
        return self._load()[name]

    def names(self, below: str = "") -> Iterable[str]:
        return [name for name in self._load() if name.startswith(below)]


class LocksThreadsOnly(WritesAllAnew):
    """Keeps its threads apart, and no processes."""

    lock = threading.Lock()

    def write(self, name: str, data: bytes) -> None:
        with self.lock:
            super().write(name, data)


class SpoiledOutputContract(OutputContract):
    secrets = ("hunter2",)

    def __init__(self, kind: type[PassingOutput], tmp_path: Path) -> None:
        self.kind = kind
        self.places = (str(tmp_path / str(number)) for number in count())

    def make_output(self) -> Output:
        return self.kind(next(self.places))

    def make_unwritable_output(self) -> Output:
        return self.kind(next(self.places))

    def count_temporary_files(self, output: Output) -> int:
        return len(list(Path(output.uri("")).rglob("*.tmp")))


@pytest.mark.parametrize(
    ("kind", "test"),
    [
        (PassingOutput, "test_a_place_where_nothing_can_be_written_is_found_by_the_check"),
        (PassingOutput, "test_a_write_that_fails_raises_a_document_error_with_a_storage_cause"),
        (LeavesProbe, "test_a_check_makes_it_ready_and_leaves_nothing_behind"),
        (EmptiesPlace, "test_a_check_keeps_what_is_there"),
        (TellsSecret, "test_addresses_are_full_and_tell_no_secret"),
        (TranslatesLines, "test_what_was_written_is_read_back"),
        (KeepsOldTail, "test_a_write_replaces_what_was_there"),
        (IgnoresFolders, "test_odd_names_are_kept_apart"),
        (UnquotesNames, "test_odd_names_are_kept_apart"),
        (CutsFragments, "test_odd_names_are_kept_apart"),
        (ComposesNames, "test_odd_names_are_kept_apart"),
        (DeletesPatterns, "test_odd_folders_are_listed_and_deleted_as_they_are_called"),
        (TellsOldSizes, "test_sizes_are_those_of_all_names_as_they_are_now"),
        (FindsEverything, "test_reading_a_name_that_is_not_there_says_so"),
        (RaisesForeignErrors, "test_reading_a_name_that_is_not_there_says_so"),
        (WritesInPlace, "test_a_reader_sees_whole_versions_only"),
        (SharesTemporaryName, "test_many_writers_of_one_name_leave_one_whole_version"),
        (WritesInPlace, "test_a_killed_writer_leaves_a_whole_version_and_no_name_of_its_own"),
        (DeletesPrefixes, "test_deleting_a_name_takes_that_one_only"),
        (DeletesPrefixes, "test_deleting_a_name_with_a_slash_takes_all_below_it"),
        (DeletesStrictly, "test_deleting_what_is_not_there_is_fine"),
        (ListsOneFolder, "test_names_are_those_of_all_folders_or_those_that_begin_in_some_way"),
        (ListsTemporaryFiles, "test_a_killed_writer_leaves_a_whole_version_and_no_name_of_its_own"),
        (RemembersListing, "test_a_listing_is_as_fresh_as_the_last_call"),
        (StaysAtHome, "test_it_travels_in_a_pickle"),
        (HidesFromOthers, "test_another_process_reaches_it_unless_it_says_that_none_can"),
        (StaysRelative, "test_another_process_reaches_it_unless_it_says_that_none_can"),
        (SweepsEverything, "test_a_sweep_spares_writers_that_live"),
        (SweepsNothing, "test_a_sweep_removes_what_killed_writers_left"),
        (LoadsThread, "test_loading_it_beforehand_reaches_for_nothing"),
    ],
)
def test_the_contract_of_outputs_finds(kind: type[PassingOutput], test: str, tmp_path: Path) -> None:
    contract = SpoiledOutputContract(kind, tmp_path)
    for _ in range(25):  # a race between a writer and its killer is not lost every time
        try:
            getattr(contract, test)()
        except Exception:  # noqa: BLE001 (whatever: pytest counts each as a failure)
            return
    raise AssertionError("it was not found")


def repeat(test: Callable[[], None]) -> None:
    for _ in range(5):
        test()


@pytest.mark.parametrize(
    ("kind", "test"),
    [
        (WritesAllAnew, "test_writers_of_different_names_lose_none_of_them"),
        (LocksThreadsOnly, "test_a_killed_writer_leaves_a_whole_version_and_no_name_of_its_own"),
    ],
)
def test_the_contract_of_outputs_finds_writes_that_are_lost(
    kind: type[PassingOutput], test: str, tmp_path: Path
) -> None:
    contract = SpoiledOutputContract(kind, tmp_path)
    with pytest.raises(AssertionError, match="a write was lost beside"):
        repeat(getattr(contract, test))  # the two writers do not meet every time


# --- sinks ------------------------------------------------------------------------------------------------------------


class NeedsPlainNames(RecordingSink):
    def document(self, result: DocumentResult) -> None:
        result.document.file_path.encode("ascii")


class EndsForEver(RecordingSink):
    def update(self, status: BatchStatus) -> None:
        assert not self.closed


class NeedsStart(RecordingSink):
    def close(self) -> None:
        assert self.statuses


class DividesByTotal(RecordingSink):
    def update(self, status: BatchStatus) -> None:
        assert 0 <= status.processed / status.total_documents <= 1


class ClosesSlowly(RecordingSink):
    def close(self) -> None:
        time.sleep(0.3)


class KnowsCompletedOnly(RecordingSink):
    def update(self, status: BatchStatus) -> None:
        {"pending": 0, "processing": 1, "completed": 2}[status.state]


class MissesEnd(RecordingSink):
    def update(self, status: BatchStatus) -> None:
        if not status.state.ended:
            self.statuses.append(status)


class LosesDocuments(RecordingSink):
    def document(self, result: DocumentResult) -> None:
        if len(self.results) < 30:
            self.results.append(result)


class TurnsDocuments(RecordingSink):
    def document(self, result: DocumentResult) -> None:
        self.results.insert(0, result)


class StaysInItsThread(RecordingSink):
    def __post_init__(self) -> None:
        self.closed = -threading.get_ident()

    def update(self, status: BatchStatus) -> None:
        assert self.closed == -threading.get_ident(), "it is another thread"


class LeavesThreadRunning(RecordingSink):
    ended = threading.Event()

    def update(self, status: BatchStatus) -> None:
        threading.Thread(target=self.ended.wait, daemon=True).start()


class SpoiledSinkContract(SinkContract):
    close_seconds = 0.1

    def __init__(self, kind: type[RecordingSink]) -> None:
        self.kind = kind

    def make_sink(self) -> Sink:
        return self.kind()

    def make_unreachable_sink(self) -> Sink:
        return self.kind()

    def read_last_state(self, sink: Sink, batch_id: str) -> str | None:
        assert isinstance(sink, RecordingSink)
        return str(sink.statuses[-1].state)

    def read_documents(self, sink: Sink) -> Sequence[str]:
        assert isinstance(sink, RecordingSink)
        return [result.document.document_uuid for result in sink.results]


@pytest.mark.parametrize(
    ("kind", "test"),
    [
        (NeedsPlainNames, "test_it_takes_documents_and_batches_of_every_name"),
        (DividesByTotal, "test_it_takes_a_batch_without_documents"),
        (DividesByTotal, "test_it_takes_a_batch_whose_size_is_not_known_at_first"),
        (KnowsCompletedOnly, "test_it_takes_the_end_of_a_batch_in_every_state"),
        (EndsForEver, "test_it_serves_one_batch_after_another"),
        (EndsForEver, "test_it_can_be_closed_while_the_batch_has_not_ended"),
        (NeedsStart, "test_it_can_be_closed_before_the_first_snapshot_and_twice"),
        (MissesEnd, "test_the_last_snapshot_replaces_those_before_it"),
        (ClosesSlowly, "test_closing_it_takes_three_seconds_at_most"),
        (ClosesSlowly, "test_a_receiver_that_does_not_answer_keeps_no_batch_waiting"),
        (partial(RecordingSink, OSError("gone")), "test_it_takes_a_batch_from_beginning_to_end"),
    ],
)
def test_the_contract_of_sinks_finds(kind: type[RecordingSink], test: str, tmp_path: Path) -> None:
    fails(getattr(SpoiledSinkContract(kind), test), tmp_path)


@pytest.mark.parametrize(
    ("kind", "test", "message"),
    [
        (LosesDocuments, "test_each_document_is_told_once_and_in_order", "and tells 30"),
        (TurnsDocuments, "test_each_document_is_told_once_and_in_order", "in another order"),
        (
            StaysInItsThread,
            "test_it_serves_a_batch_in_another_thread_than_the_one_that_made_it",
            "it is another thread",
        ),
    ],
)
def test_the_contract_of_sinks_says_what_is_wrong(kind: type[RecordingSink], test: str, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        getattr(SpoiledSinkContract(kind), test)()


def test_the_contract_of_sinks_finds_a_thread_that_is_left() -> None:
    try:
        with pytest.raises(AssertionError, match="left: "):
            SpoiledSinkContract(LeavesThreadRunning).test_closing_it_leaves_no_thread_and_no_child_process()
    finally:
        LeavesThreadRunning.ended.set()


# --- text engines -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SpoiledEngine:
    """pypdf with something spoiled."""

    name: str = "spoiled"
    version: str = "1"
    text: Callable[[str], str] = str
    facts: Mapping[str, float] = field(default_factory=dict[str, float])
    cause: Cause | None = None
    counts_from_zero: bool = False
    metadata: bool = True
    message: Callable[[str], str] = str

    @contextmanager
    def open(
        self, source: str | bytes, *, password: str | None = None, annotations: bool = True
    ) -> Generator[OpenDocument]:
        try:
            with PypdfEngine().open(source, password=password, annotations=annotations) as document:
                yield _SpoiledDocument(self, document)
        except DocumentError as error:
            raise DocumentError(self.message(str(error)), cause=self.cause or error.cause) from error


@dataclass(frozen=True)
class _SpoiledDocument:
    engine: SpoiledEngine
    document: OpenDocument

    @property
    def page_count(self) -> int:
        return self.document.page_count

    @property
    def metadata(self) -> Mapping[str, str]:
        return self.document.metadata if self.engine.metadata else {"Author": ""}

    @property
    def extras(self) -> DocumentExtras:
        return self.document.extras

    @contextmanager
    def page(self, number: int) -> Generator[OpenPage]:
        with self.document.page(number + self.engine.counts_from_zero) as page:
            yield _SpoiledPage(self.engine, page)


@dataclass(frozen=True)
class _SpoiledPage:
    engine: SpoiledEngine
    page: OpenPage

    def text(self) -> str:
        return self.engine.text(self.page.text())

    def text_boxes(self) -> Sequence[Box]:
        return self.page.text_boxes()

    def facts(self) -> PageFacts:
        return replace(self.page.facts(), **self.engine.facts)  # type: ignore[arg-type]  # made wrong on purpose

    def image(self, dpi: float) -> "Image":
        from PIL import Image

        return Image.new("RGB", (612, 792), "white")


@dataclass(frozen=True)
class CatchesAround(SpoiledEngine):
    @contextmanager
    def open(
        self, source: str | bytes, *, password: str | None = None, annotations: bool = True
    ) -> Generator[OpenDocument]:
        try:
            with super().open(source, password=password, annotations=annotations) as document:
                yield document
        except ValueError as error:
            raise open_error(source, str(error)) from error


@dataclass(frozen=True)
class KeepsFileOpen(SpoiledEngine):
    @contextmanager
    def open(
        self, source: str | bytes, *, password: str | None = None, annotations: bool = True
    ) -> Generator[OpenDocument]:
        with super().open(source, password=password, annotations=annotations) as document:
            if isinstance(source, str):
                kept_open.append(os.open(source, os.O_RDONLY))
            yield document


kept_open: list[int] = []


both_open = threading.Barrier(2)


@dataclass(frozen=True)
class SharesDocument(SpoiledEngine):
    """Keeps the open document where all threads find it."""

    @contextmanager
    def open(
        self, source: str | bytes, *, password: str | None = None, annotations: bool = True
    ) -> Generator[OpenDocument]:
        with super().open(source, password=password, annotations=annotations) as document:
            shared_documents[0] = document
            with suppress(threading.BrokenBarrierError):
                both_open.wait(1.0)
            yield shared_documents[0]


shared_documents: dict[int, OpenDocument] = {}


class SpoiledEngineContract(TextEngineContract):
    def __init__(self, engine: TextEngine, *, draws: bool = True) -> None:
        self.engine = engine
        self.draws = draws

    def make_engine(self) -> TextEngine:
        return self.engine


@pytest.mark.parametrize(
    ("engine", "test"),
    [
        (SpoiledEngine(name=""), "test_it_has_a_name_and_a_version"),
        (SpoiledEngine(text=lambda text: text), "test_it_travels_to_a_worker"),
        (SpoiledEngine(text=str.upper), "test_each_page_has_its_own_text"),
        (SpoiledEngine(counts_from_zero=True), "test_pages_can_be_read_in_any_order_and_again"),
        (SpoiledEngine(text=lambda text: text.replace("\n", "\r\n")), "test_lines_end_in_newlines_only"),
        (SpoiledEngine(text=lambda text: text + "\n"), "test_a_page_without_text_gives_none"),
        (SpoiledEngine(text=lambda text: f"x\f{text}"), "test_a_form_feed_in_a_page_becomes_white_space"),
        (SpoiledEngine(text=lambda text: f"{text}\ud835"), "test_text_can_be_stored_as_utf8_whatever_glyphs_mean"),
        (SpoiledEngine(cause=Cause.MALFORMED), "test_what_is_no_pdf_is_called_what_it_looks_like"),
        (SpoiledEngine(cause=Cause.MALFORMED), "test_no_bytes_are_an_empty_input"),
        (SpoiledEngine(cause=Cause.NOT_A_PDF), "test_a_pdf_without_pages_is_malformed"),
        (SpoiledEngine(message=lambda text: "broken"), "test_a_broken_pdf_is_malformed_and_named"),
        (SpoiledEngine(cause=Cause.INTERNAL), "test_a_missing_file_is_not_found"),
        (SpoiledEngine(cause=Cause.INTERNAL), "test_a_folder_is_no_file"),
        (SpoiledEngine(counts_from_zero=True), "test_a_page_that_is_not_there_is_malformed_and_named"),
        (
            SpoiledEngine(message=lambda text: f"{text} hunter2"),
            "test_without_the_password_it_is_required_and_not_told",
        ),
        (SpoiledEngine(metadata=False), "test_metadata_hold_what_is_there"),
        (SpoiledEngine(facts={"width": 0.0}), "test_a_page_with_text_has_its_size_its_glyphs_and_no_image"),
        (SpoiledEngine(facts={"vector_objects": 1}), "test_a_blank_page_has_nothing_on_it"),
        (SpoiledEngine(facts={"width": 612.0}), "test_the_size_is_that_of_the_page_as_it_is_shown"),
        (SpoiledEngine(facts={"image_coverage": 0.5}), "test_a_scan_covers_its_page_at_its_resolution"),
        (SpoiledEngine(facts={"vector_objects": 0}), "test_a_page_with_a_drawing_only_is_not_blank"),
        (SpoiledEngine(), "test_a_page_is_drawn_in_grey_at_the_resolution_asked_for"),
        (SpoiledEngine(), "test_a_turned_page_is_drawn_upright"),
    ],
)
def test_the_contract_of_text_engines_finds(engine: TextEngine, test: str, tmp_path: Path) -> None:
    fails(getattr(SpoiledEngineContract(engine), test), tmp_path)


@pytest.mark.parametrize("engine", [CatchesAround(), SpoiledEngine()])
def test_the_contract_of_text_engines_finds_one_that_takes_the_errors_of_others_for_its_own(engine: TextEngine) -> None:
    with pytest.raises(AssertionError, match="not around yield"):
        SpoiledEngineContract(engine).test_what_goes_wrong_while_it_is_open_comes_out_as_it_is()


def test_the_contract_of_text_engines_finds_one_that_mixes_threads_up() -> None:
    with pytest.raises(AssertionError, match="of each other"):
        SpoiledEngineContract(SharesDocument()).test_threads_read_a_document_each()


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")
def test_the_contract_of_text_engines_finds_a_file_that_stays_open(tmp_path: Path) -> None:
    try:
        with pytest.raises(AssertionError, match="still open"):
            SpoiledEngineContract(KeepsFileOpen()).test_a_closed_document_leaves_no_file_open(tmp_path)
    finally:
        for descriptor in kept_open:
            os.close(descriptor)


def test_the_contract_of_text_engines_finds_one_that_draws_though_it_says_that_it_cannot(tmp_path: Path) -> None:
    fails(SpoiledEngineContract(SpoiledEngine(), draws=False).test_an_engine_that_cannot_draw_says_so, tmp_path)


# --- OCR engines ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class KnownOcr:
    """Reads the one picture that the contract draws, without OCR; its subclasses spoil something."""

    name: str = "known"
    version: str = "1"

    def check(self, languages: str) -> None:
        if languages != "eng":
            raise DependencyError(f"{languages} cannot be read; install nothing, this is a test")

    def read(self, image: "Image", *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        if languages != "eng":
            raise DocumentError(f"no data for {languages}", cause=Cause.OCR_UNAVAILABLE)
        if timeout is not None and timeout < 1:
            raise DocumentError("too slow", cause=Cause.TIMEOUT)
        if image.convert("L").getextrema() == (255, 255):
            return Reading(text="", confidence=None, words=0)
        for line in LINES:
            if image == draw_page((line,), size=image.size):
                return summarize_words(line, [(word, 95.0) for word in line.split()])
        text = TEXT.replace(". ", ".\n").replace(", ", ",\n") + "\n"
        return summarize_words(text, [(word, 95.0) for word in text.split()])

    def orientation(self, image: "Image", *, timeout: float | None = None) -> int | None:
        return None


class KnownOcrContract(OcrEngineContract):
    def __init__(self, kind: type[KnownOcr]) -> None:
        self.kind = kind

    def make_engine(self) -> OcrEngine:
        return self.kind()


class TestKnownOcr(OcrEngineContract):
    def make_engine(self) -> OcrEngine:
        return KnownOcr()


class SpoiledOcr(KnownOcr):
    """KnownOcr with another reading."""

    def change(self, reading: Reading) -> Reading:
        raise NotImplementedError

    def read(self, image: "Image", *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        return self.change(super().read(image, languages=languages, dpi=dpi, timeout=timeout))


class ReadsNonsense(SpoiledOcr):
    def change(self, reading: Reading) -> Reading:
        return replace(reading, text=reading.text[::-1])


class CountsCharacters(SpoiledOcr):
    def change(self, reading: Reading) -> Reading:
        return replace(reading, words=len(reading.text))


class CountsNoLetters(SpoiledOcr):
    def change(self, reading: Reading) -> Reading:
        return replace(reading, letters=0)


class IsConfidentOfShares(SpoiledOcr):
    def change(self, reading: Reading) -> Reading:
        return replace(reading, confidence=0.95)


class EndsPagesInFormFeeds(SpoiledOcr):
    def change(self, reading: Reading) -> Reading:
        return replace(reading, text=f"{reading.text}\f")


class NeedsGrey(KnownOcr):
    def read(self, image: "Image", *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        assert image.mode == "L"
        return super().read(image, languages=languages, dpi=dpi, timeout=timeout)


class PaintsOver(KnownOcr):
    def read(self, image: "Image", *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        reading = super().read(image, languages=languages, dpi=dpi, timeout=timeout)
        image.paste(0, (0, 0, 5, 5))
        return reading


class HasNoTime(KnownOcr):
    def read(self, image: "Image", *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        return super().read(image, languages=languages, dpi=dpi)


class ReadsAnyLanguage(KnownOcr):
    def check(self, languages: str) -> None:
        return

    def read(self, image: "Image", *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        return super().read(image, languages="eng", dpi=dpi, timeout=timeout)


class StandsUpright(KnownOcr):
    def orientation(self, image: "Image", *, timeout: float | None = None) -> int | None:
        return 0


class SharesPicture(KnownOcr):
    """Reads the picture of whichever thread came last."""

    def read(self, image: "Image", *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        shared_pictures[0] = image
        with suppress(threading.BrokenBarrierError):
            both_ready.wait(1.0)
        return super().read(shared_pictures[0], languages=languages, dpi=dpi, timeout=timeout)


shared_pictures: "dict[int, Image]" = {}
both_ready = threading.Barrier(2)


class LeavesProgram(KnownOcr):
    programs: "list[subprocess.Popen[bytes]]" = []  # noqa: RUF012 (shared, so that the test can end them)

    def read(self, image: "Image", *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        if timeout == 0:
            self.programs.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]))
        return super().read(image, languages=languages, dpi=dpi, timeout=timeout)


class KeepsLock(KnownOcr):
    def __reduce__(self) -> str:
        raise TypeError("it stays here")


@pytest.mark.parametrize(
    ("kind", "test"),
    [
        (partial(KnownOcr, version=""), "test_it_has_a_name_and_a_version"),
        (KeepsLock, "test_it_travels_to_a_worker_after_it_has_read"),
        (ReadsNonsense, "test_print_is_read_with_confidence"),
        (CountsNoLetters, "test_letters_are_those_of_the_words_it_is_sure_of"),
        (CountsCharacters, "test_print_is_read_with_confidence"),
        (IsConfidentOfShares, "test_print_is_read_with_confidence"),
        (IsConfidentOfShares, "test_a_blank_page_has_no_words_and_no_confidence"),
        (EndsPagesInFormFeeds, "test_lines_end_in_a_line_feed_and_nothing_else"),
        (NeedsGrey, "test_pictures_of_every_mode_are_read"),
        (PaintsOver, "test_a_picture_is_left_as_it_was"),
        (ReadsNonsense, "test_threads_read_side_by_side"),
        (HasNoTime, "test_a_reading_that_takes_too_long_is_a_timeout_and_the_next_is_read"),
        (ReadsAnyLanguage, "test_the_check_names_a_missing_language"),
        (ReadsAnyLanguage, "test_no_language_fails_the_check"),
        (ReadsAnyLanguage, "test_a_missing_language_makes_reading_fail_and_gives_no_half_a_text"),
        (StandsUpright, "test_the_orientation_is_the_turn_that_stands_a_picture_upright_or_unknown"),
        (StandsUpright, "test_the_orientation_of_a_blank_picture_is_unknown"),
    ],
)
def test_the_contract_of_ocr_engines_finds(kind: type[KnownOcr], test: str, tmp_path: Path) -> None:
    fails(getattr(KnownOcrContract(kind), test), tmp_path)


def test_the_contract_of_ocr_engines_finds_one_that_mixes_threads_up() -> None:
    with pytest.raises(AssertionError, match="in another thread's picture"):
        KnownOcrContract(SharesPicture).test_threads_read_side_by_side()


class ImpatientOcrContract(KnownOcrContract):
    seconds = 0.5


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")
def test_the_contract_of_ocr_engines_finds_a_program_that_is_left() -> None:
    contract = ImpatientOcrContract(LeavesProgram)
    try:
        with pytest.raises(AssertionError, match="left running: "):
            contract.test_a_reading_that_takes_too_long_is_a_timeout_and_the_next_is_read()
    finally:
        for program in LeavesProgram.programs:
            program.kill()
            program.wait()
