"""The prefetcher: what it gives when, what it holds, and that it leaves nothing behind. Against an HTTP server of its own."""

import itertools
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from pdfbatch.errors import Cause
from pdfbatch.model import Document, DocumentResult, DocumentStatus
from pdfbatch.prefetch.directories import make_directories, sweep
from pdfbatch.prefetch.downloader import LARGE_AT_ONCE, Download, Downloader
from pdfbatch.prefetch.prefetcher import FetchSettings, Prefetcher
from pdfbatch.prefetch.quota import ByteQuota
from pdfbatch.prefetch.skip import Skip
from pdfbatch.settings import RetryPolicy
from pdfbatch.storage import CallPolicy
from pdfbatch.storage.documents import fingerprint
from pdfbatch.tasks import DuplicateOf, ReadTask, SourceItem
from pdfbatch.testing.servers import LocalServer

pytest.importorskip("aiohttp")
TWICE = RetryPolicy(attempts=2, backoff_seconds=0.001, max_backoff_seconds=0.001)
BOUND = 20.0


class Files(LocalServer):
    """Serves ``<size>.pdf``, so many bytes; names that begin with ``slow`` once ``gate`` is open, ``busy`` not at first."""

    def __init__(self) -> None:
        super().__init__(Talk)
        self.gate = threading.Event()
        self.gets: list[str] = []
        self.waiting = 0
        self.lock = threading.Lock()

    def url(self, name: str) -> str:
        """Where a name is."""
        return f"http://{self.address}/{name}.pdf"


class Talk(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Files  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_HEAD(self) -> None:
        """Size and etag."""
        self.answer(b"")

    def do_GET(self) -> None:
        """The body, whole."""
        name = self.path.strip("/").removesuffix(".pdf")
        with self.server.lock:
            is_first = name not in self.server.gets
            self.server.gets.append(name)
            self.server.waiting += 1
        if name.startswith("busy") and is_first:
            self.send_error(503)
            return
        if name.startswith("slow"):
            self.server.gate.wait()
        size = name.rpartition("-")[2]
        self.answer(b"x" * int(size) if size.isdigit() else b"")

    def answer(self, body: bytes) -> None:
        """Headers and body; nothing is there under a name without a size."""
        size = self.path.strip("/").removesuffix(".pdf").rpartition("-")[2]
        status = 200 if size.isdigit() else 404
        self.send_response(status)
        self.send_header("ETag", f'"{size}"')
        self.send_header("Content-Type", "application/pdf")
        self.send_header("Content-Length", size if status == 200 else "0")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
        """Say nothing."""


@pytest.fixture
def files() -> Iterator[Files]:
    """A server of its own for each test."""
    with Files() as server:
        yield server
        server.gate.set()


class Reader:
    """Take tasks from a prefetcher as a scheduler does: wait to be woken when none is ready."""

    def __init__(self, documents: Iterator[Document], folder: Path, skip: Skip | None = None, **settings: Any) -> None:
        self._woken = threading.Semaphore(0)
        chosen: dict[str, Any] = {"concurrency": 4, "retry": TWICE, "folder": str(folder), **settings}
        self.prefetcher = Prefetcher(
            tasks=tasks_of(documents), wake=self._woken.release, settings=FetchSettings(**chosen), skip=skip
        )

    def next(self) -> ReadTask:
        """The next task. Raises ``StopIteration``."""
        while (task := next(self.prefetcher)) is None:
            assert self._woken.acquire(timeout=BOUND), "nobody woke the scheduler"
        assert isinstance(task, ReadTask)
        return task

    def rest(self) -> list[ReadTask]:
        """All further tasks; each document ends at once."""
        tasks = list[ReadTask]()
        while True:
            try:
                tasks.append(self.next())
            except StopIteration:
                return tasks
            self.prefetcher.release(tasks[-1].document.document_uuid)


def tasks_of(documents: Iterator[Document]) -> Iterator[ReadTask]:
    """A task for each document."""
    return (ReadTask(document=document) for document in documents)


def documents(*urls: str) -> Iterator[Document]:
    """Documents by their URLs."""
    return (Document(url) for url in urls)


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + BOUND
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.005)


def names(tasks: list[ReadTask]) -> list[str]:
    """The file names of tasks."""
    return [task.document.file_path.rpartition("/")[2] for task in tasks]


def test_a_remote_document_comes_with_a_copy_and_the_fingerprint_that_a_worker_would_find(
    files: Files, tmp_path: Path
) -> None:
    reader = Reader(documents(files.url("7")), tmp_path)
    with reader.prefetcher:
        copy = reader.next().local_copy
        assert copy is not None
        assert Path(copy.path).read_bytes() == b"x" * 7
        assert copy.fingerprint == str(fingerprint(Document(files.url("7"))))


def test_local_documents_pass_a_slow_remote_one(files: Files, tmp_path: Path) -> None:
    reader = Reader(documents(files.url("slow-1"), "a.pdf", "b.pdf"), tmp_path)
    with reader.prefetcher:
        assert names([reader.next(), reader.next()]) == ["a.pdf", "b.pdf"]
        assert next(reader.prefetcher) is None
        files.gate.set()
        assert names(reader.rest()) == ["slow-1.pdf"]


def test_what_needs_no_download_takes_turns_with_copies_that_are_ready(files: Files, tmp_path: Path) -> None:
    copy = DuplicateOf(document_uuid="1", fingerprint="a", own_fingerprint="b")
    passing: list[SourceItem] = [
        [DocumentResult(document=Document("done.pdf"), status=DocumentStatus.SKIPPED)],
        ReadTask(document=Document(files.url("copy")), duplicate_of=copy),
        *tasks_of(documents("a.pdf", "b.pdf")),
    ]
    source, woken = iter([ReadTask(document=Document(files.url("7"))), None, *passing]), threading.Event()
    with Prefetcher(tasks=source, wake=woken.set, settings=FetchSettings(folder=str(tmp_path))) as prefetcher:
        assert next(prefetcher) is None
        assert woken.wait(BOUND)
        first, downloaded, *others = prefetcher
    assert [first, *others] == passing
    assert isinstance(downloaded, ReadTask)
    assert downloaded.local_copy is not None
    assert files.gets == ["7"]


def test_a_slow_document_does_not_hold_up_the_others(files: Files, tmp_path: Path) -> None:
    reader = Reader(documents(files.url("slow-1"), *(files.url(str(size)) for size in range(1, 30))), tmp_path)
    with reader.prefetcher:
        early = [reader.next() for _ in range(29)]
        assert "slow-1.pdf" not in names(early)
        files.gate.set()
        assert names(reader.rest()) == ["slow-1.pdf"]


def test_local_documents_alone_start_nothing(tmp_path: Path) -> None:
    before, paths = set(threading.enumerate()), [f"{number}.pdf" for number in range(100)]
    with Reader(documents(*paths), tmp_path).prefetcher as prefetcher:
        assert [task.document.file_path for task in prefetcher if isinstance(task, ReadTask)] == paths
        assert not [it for it in set(threading.enumerate()) - before if it.name.startswith("pdfbatch")]
        assert list(tmp_path.iterdir()) == []


def test_no_more_documents_are_held_than_allowed(files: Files, tmp_path: Path) -> None:
    read = list[str]()

    def source() -> Iterator[Document]:
        for size in range(1, 21):
            read.append(files.url(str(size)))
            yield Document(read[-1])

    reader = Reader(source(), tmp_path, max_documents=3)
    with reader.prefetcher:
        held = [reader.next() for _ in range(3)]
        assert (next(reader.prefetcher), len(read)) == (None, 3)
        reader.prefetcher.release(held[0].document.document_uuid)
        reader.next()
        assert len(read) == 4
        for task in held:
            reader.prefetcher.release(task.document.document_uuid)
        assert len(reader.rest()) == 16


def test_more_is_fetched_while_copies_are_ready_once_a_quarter_is_free(files: Files, tmp_path: Path) -> None:
    read, counts = list[str](), list[int]()

    def source() -> Iterator[Document]:
        for number in range(12):
            read.append(files.url(f"{number}-10"))
            yield Document(read[-1])

    reader = Reader(source(), tmp_path, max_documents=8, concurrency=1)
    with reader.prefetcher:
        assert next(reader.prefetcher) is None
        wait_for(lambda: sum(path.stat().st_size for path in tmp_path.rglob("*.pdf")) == 80)
        for _ in range(3):
            task = reader.next()
            counts.append(len(read))
            reader.prefetcher.release(task.document.document_uuid)
    assert counts == [8, 8, 10]


@pytest.mark.parametrize(("name", "most_read"), [("fast", 2 + 8), ("busy", 2 + 4)])
def test_twice_as_many_are_asked_for_when_the_workers_wait_unless_the_storage_has_trouble(
    files: Files, tmp_path: Path, name: str, most_read: int
) -> None:
    read = list[str]()

    def source() -> Iterator[Document]:
        for number in itertools.count():
            read.append(files.url(f"{name if number < 2 else 'slow'}{number}-10"))
            yield Document(read[-1])

    reader = Reader(source(), tmp_path, max_documents=4, concurrency=2)
    with reader.prefetcher:
        for task in (reader.next(), reader.next()):
            reader.prefetcher.release(task.document.document_uuid)
        assert next(reader.prefetcher) is None
        assert len(read) == most_read
        assert next(reader.prefetcher) is None  # what was asked for since has to come before there is more
        assert len(read) == most_read
        if name == "fast":
            wait_for(lambda: sum(one.startswith("slow") for one in files.gets) == 4)


def test_a_reader_is_woken_once_and_not_for_each_copy(files: Files, tmp_path: Path) -> None:
    wakes = list[None]()
    urls = [files.url(f"{number}-10") for number in range(6)]
    with Prefetcher(
        tasks=tasks_of(documents(*urls)),
        wake=lambda: wakes.append(None),
        settings=FetchSettings(folder=str(tmp_path), concurrency=1),
    ) as prefetcher:
        assert next(prefetcher) is None
        wait_for(lambda: sum(path.stat().st_size for path in tmp_path.rglob("*.pdf")) == 60)
        assert len(wakes) == 1


def test_no_more_bytes_are_held_than_allowed(files: Files, tmp_path: Path) -> None:
    reader = Reader(documents(*(files.url(f"{number}-400") for number in range(9))), tmp_path, max_bytes=1000)
    with reader.prefetcher:
        held = [reader.next(), reader.next()]
        assert next(reader.prefetcher) is None
        for number in range(2, 9):
            assert len(files.gets) == number
            reader.prefetcher.release(held.pop(0).document.document_uuid)
            held.append(reader.next())


def test_a_document_larger_than_all_room_is_held_alone(files: Files, tmp_path: Path) -> None:
    reader = Reader(documents(files.url("5000"), files.url("6000"), files.url("10")), tmp_path, max_bytes=1000)
    with reader.prefetcher:
        assert sorted(names(reader.rest())) == ["10.pdf", "5000.pdf", "6000.pdf"]


def test_a_document_beyond_the_limit_fails_by_its_size(files: Files, tmp_path: Path) -> None:
    reader = Reader(documents(files.url("5000")), tmp_path, max_file_bytes=4999)
    with reader.prefetcher:
        failure = reader.next().failure
    assert failure is not None
    assert (failure.cause, files.gets) == (Cause.LIMIT_BYTES, [])


def test_a_document_that_cannot_be_fetched_comes_with_its_failure(files: Files, tmp_path: Path) -> None:
    reader = Reader(documents(files.url("none"), files.url("3")), tmp_path)
    with reader.prefetcher:
        tasks = {name: task for task in reader.rest() for name in names([task])}
    gone = tasks["none.pdf"].failure
    assert gone is not None
    assert (gone.cause, tasks["3.pdf"].failure) == (Cause.STORAGE_NOT_FOUND, None)


def test_a_silent_server_costs_a_document_its_deadline(files: Files, tmp_path: Path) -> None:
    reader = Reader(documents(files.url("slow-1")), tmp_path, seconds=0.5)
    with reader.prefetcher:
        failure = reader.next().failure
    assert failure is not None
    assert failure.cause is Cause.STORAGE_UNAVAILABLE
    assert "0.5 s" in failure.message


def test_what_the_source_raises_comes_after_what_it_gave(files: Files, tmp_path: Path) -> None:
    def source() -> Iterator[Document]:
        yield Document(files.url("slow-1"))
        raise RuntimeError("the source broke")

    reader = Reader(source(), tmp_path)
    with reader.prefetcher:
        assert next(reader.prefetcher) is None
        files.gate.set()
        assert names([reader.next()]) == ["slow-1.pdf"]
        with pytest.raises(RuntimeError, match="the source broke"):
            reader.next()


def test_a_document_to_skip_comes_without_its_body(files: Files, tmp_path: Path) -> None:
    asked = list[str]()

    def skip(document: Document, found: str) -> bool:
        asked.append(found)
        return document.file_path.endswith("/1.pdf")

    reader = Reader(
        documents(files.url("1"), files.url("2")),
        tmp_path,
        skip=Skip(may_be_finished=lambda document: True, is_finished=skip),
    )
    with reader.prefetcher:
        copies = {task.local_copy.fingerprint: bool(task.local_copy.path) for task in reader.rest() if task.local_copy}
    assert copies == dict(zip(sorted(asked), (False, True), strict=True))
    assert files.gets == ["2"]


def test_a_copy_goes_when_its_document_has_ended(files: Files, tmp_path: Path) -> None:
    reader = Reader(documents(files.url("1")), tmp_path)
    with reader.prefetcher:
        task = reader.next()
        assert task.local_copy is not None
        assert Path(task.local_copy.path).exists()
        reader.prefetcher.release(task.document.document_uuid)
        assert not Path(task.local_copy.path).exists()


def test_closing_leaves_no_thread_and_no_file_whatever_the_server_does(files: Files, tmp_path: Path) -> None:
    before = set(threading.enumerate())
    reader = Reader(documents(*(files.url(f"slow-{size}") for size in range(1, 9))), tmp_path)
    assert next(reader.prefetcher) is None
    wait_for(lambda: files.waiting >= 4)
    fetching = {thread for thread in set(threading.enumerate()) - before if thread.name.startswith("pdfbatch-fetch")}
    assert len(fetching) == 4
    begun = time.monotonic()
    reader.prefetcher.close()
    assert time.monotonic() - begun < BOUND
    assert not [thread.name for thread in fetching if thread.is_alive()]
    assert not list(tmp_path.iterdir())


class CountingSemaphore(threading.Semaphore):
    """A semaphore that knows how many threads have come for it so far."""

    def __init__(self, value: int) -> None:
        super().__init__(value)
        self.arrivals = itertools.count(1)
        self.arrived = 0

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        self.arrived = next(self.arrivals)
        return super().acquire(blocking, timeout)

    __enter__ = acquire


def test_many_small_documents_come_at_one_time_and_a_few_large_ones(files: Files, tmp_path: Path) -> None:
    large, small = 1_500_000, 7
    urls = [files.url(f"slow-{number}-{size}") for number in range(24) for size in (large, small)]
    downloads, slots = SimpleQueue[Download](), CountingSemaphore(LARGE_AT_ONCE)
    downloader = Downloader(
        directories=make_directories(str(tmp_path), 1 << 30, 0, None),
        policy=CallPolicy(retry=TWICE),
        max_file_bytes=None,
        threads=64,
        deliver=downloads.put,
        large_slots=slots,
    )
    try:
        for url in urls:
            downloader.fetch(ReadTask(document=Document(url)))
        wait_for(lambda: slots.arrived == 24 and files.waiting >= 24 + LARGE_AT_ONCE)
        assert Counter(name.rpartition("-")[2] for name in files.gets) == {str(small): 24, str(large): LARGE_AT_ONCE}
        files.gate.set()
        assert [downloads.get(timeout=BOUND).task.failure for _ in urls] == [None] * 48
    finally:
        downloader.stop(BOUND)
        downloader.directories.remove()


def test_a_folder_whose_owner_was_killed_is_swept_by_the_next(tmp_path: Path) -> None:
    load = "import sys, os; from pdfbatch.prefetch.directories import PrivateFolder"
    code = f"{load}; print(PrivateFolder(sys.argv[1]).path, flush=True); os._exit(9)"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    (left,) = tmp_path.iterdir()
    assert str(left) == done.stdout.strip()
    assert (sweep(str(tmp_path)), list(tmp_path.iterdir())) == (1, [])


def test_the_folder_is_for_its_owner_only(files: Files, tmp_path: Path) -> None:
    reader = Reader(documents(files.url("1")), tmp_path)
    with reader.prefetcher:
        reader.next()
        (folder,) = tmp_path.iterdir()
        assert folder.stat().st_mode & 0o077 == 0


def test_the_folder_is_made_where_temporary_files_go(files: Files) -> None:
    prefetcher = Prefetcher(
        tasks=tasks_of(documents(files.url("1"))),
        wake=threading.Event().set,
        settings=FetchSettings(retry=TWICE),
    )
    with prefetcher:
        wait_for(lambda: next(prefetcher) is not None)
        found = [name for name in os.listdir(tempfile.gettempdir()) if name.startswith("pdfbatch-spool")]
        assert len(found) >= 1


def test_bytes_are_acquired_in_the_order_of_asking() -> None:
    quota, got = ByteQuota(10), list[int]()
    quota.acquire(8)

    def ask(size_bytes: int) -> None:
        quota.acquire(size_bytes)
        got.append(size_bytes)

    askers = list[threading.Thread]()
    for size_bytes in (9, 1):
        askers.append(threading.Thread(target=ask, args=(size_bytes,)))
        askers[-1].start()
        wait_for(lambda: quota.waiters == len(askers))
    assert got == []
    quota.release(8)
    for asker in askers:
        asker.join(BOUND)
    assert got == [9, 1]


# --- directories --------------------------------------------------------------------------------------------------


def test_small_copies_are_kept_in_memory_as_long_as_there_is_room(tmp_path: Path) -> None:
    made = make_directories(None, 100, 10, str(tmp_path))
    in_memory, on_disk = made.try_allocate(8), made.try_allocate(8)
    assert in_memory is not None
    assert on_disk is not None
    assert (Path(in_memory.path).is_relative_to(tmp_path), Path(on_disk.path).is_relative_to(tmp_path)) == (True, False)
    Path(in_memory.path).write_bytes(b"x")
    in_memory.remove()
    assert not Path(in_memory.path).exists()
    assert (again := made.try_allocate(8)) is not None
    assert Path(again.path).is_relative_to(tmp_path)
    made.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_large_copy_is_kept_on_disk(tmp_path: Path) -> None:
    made = make_directories(None, 100, 10, str(tmp_path))
    file = made.allocate(8)
    assert file is not None
    assert not Path(file.path).is_relative_to(tmp_path)
    made.remove()


@pytest.mark.parametrize(("memory_bytes", "memory"), [(0, "."), (1 << 60, "."), (10, "not-there")])
def test_memory_that_is_small_or_not_there_or_not_wanted_is_left_alone(
    tmp_path: Path, memory_bytes: int, memory: str
) -> None:
    made = make_directories(None, 100, memory_bytes, str(tmp_path / memory))
    assert made.memory is None
    made.remove()


def test_copies_are_kept_in_the_folder_that_was_named(tmp_path: Path) -> None:
    made = make_directories(str(tmp_path / "."), 100, 10, str(tmp_path))
    assert made.memory is None
    made.remove()


def test_memory_is_used_only_where_nobody_chose_a_place_for_temporary_files(tmp_path: Path) -> None:
    code = "from pdfbatch.prefetch.directories import find_memory_folder; print(find_memory_folder())"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "None"
