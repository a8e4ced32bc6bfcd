"""What the host does around a batch: it forks, changes its folder, hands in odd values, logs badly, waits in its source."""

import json
import logging
import os
import queue
import resource
import threading
import uuid
import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from pdfbatch.errors import ResultsUnavailableError
from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.executors.sequential import SequentialExecutor
from pdfbatch.executors.thread import ThreadExecutor
from pdfbatch.model import Document, DocumentResult
from pdfbatch.ports import Executor, OpenDocument
from pdfbatch.processor import BatchProcessor
from pdfbatch.settings import Extraction
from pdfbatch.storage import Storage
from pdfbatch.testing import PlainEngine, RecordingSink, plain_document
from tests.children import run_in_child

EXECUTORS: list[Executor] = [SequentialExecutor(), ThreadExecutor(workers=2), ProcessExecutor(workers=2)]
by_executor = pytest.mark.parametrize("executor", EXECUTORS, ids=["sequential", "thread", "fork"])
# where it matters how the processes start, which get their folder and their descriptors then
by_start = pytest.mark.parametrize(
    "executor",
    [*EXECUTORS, ProcessExecutor(workers=2, start_method="spawn")],
    ids=["sequential", "thread", "fork", "spawn"],
)


def processor(executor: Executor | None = None, output: Path | None = None) -> BatchProcessor:
    return BatchProcessor(
        executor=executor or SequentialExecutor(),
        engine=PlainEngine(),
        extraction=Extraction(ocr="never"),
        storage=None if output is None else Storage(str(output), durability="none"),
    )


def files(folder: Path, count: int) -> list[str]:
    folder.mkdir(exist_ok=True)
    for number in range(count):
        (folder / f"{number:03d}.pdf").write_bytes(plain_document(f"text {number}"))
    return [f"{number:03d}.pdf" for number in range(count)]


# --- names -------------------------------------------------------------------------------------------------------------

LATIN_1 = [
    b"M\xfcller.pdf",
    b"M\xf6ller.pdf",
    b"M\xc3\xbcller.pdf",
    b"M?ller.pdf",
    b"M\xef\xbf\xbdller.pdf",
    b"\xff\xfe.pdf",
]


@by_start
def test_names_that_are_no_utf8_are_documents_of_their_own(executor: Executor, tmp_path: Path) -> None:
    folder, output = os.fsencode(tmp_path / "in"), tmp_path / "out"
    os.mkdir(folder)
    for name in LATIN_1:
        with open(os.path.join(folder, name), "wb") as file:
            file.write(plain_document(name.hex()))
    report = processor(executor, output).run(os.fsdecode(folder))
    assert {os.fsencode(Path(each.document.file_path).name): each.text for each in report.results} == {
        name: name.hex() for name in LATIN_1
    }
    for path in output.glob("*.json"):
        if path.name != "report.json":
            record = json.loads(path.read_bytes())
            found = bytes.fromhex(record["document"].get("file_path_bytes", ""))
            named = found or record["document"]["file_path"].encode()
            assert record["pages"][0]["text"] == os.path.basename(named).hex()


def test_a_name_that_is_no_utf8_does_not_replace_another_in_a_second_run(tmp_path: Path) -> None:
    for name in LATIN_1:
        path = os.path.join(os.fsencode(tmp_path), name)
        with open(path, "wb") as file:
            file.write(plain_document(name.hex()))
        processor(output=tmp_path / "out").run(os.fsdecode(path))
    assert len(list((tmp_path / "out").glob("*.txt"))) == len(LATIN_1)


def test_the_second_upload_of_a_name_leaves_the_first_alone(tmp_path: Path) -> None:
    runner = processor(output=tmp_path / "out")
    first = runner.run(Document("scan.pdf", content=plain_document("one")))
    second = runner.run(Document("scan.pdf", content=plain_document("two")))
    assert [report.results[0].text for report in (first, second)] == ["one", "two"]


@by_start
def test_a_folder_that_changes_while_a_batch_runs_changes_nothing(executor: Executor, tmp_path: Path) -> None:
    names, before = files(tmp_path / "in", 40), Path.cwd()
    os.chdir(tmp_path / "in")
    try:
        stream = processor(executor).stream(names)
        results = [next(stream)]
        os.chdir(tmp_path)
        results += stream
    finally:
        os.chdir(before)
    assert sorted(each.text for each in results) == sorted(f"text {number}" for number in range(40))
    assert {each.document.file_path for each in results} == set(names)


# --- metadata ----------------------------------------------------------------------------------------------------------


class Rude:
    """Refuses whatever is asked of it."""

    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__

    def __reduce__(self) -> str:
        raise RuntimeError("no")


class RudeDict(dict[str, object]):
    def items(self) -> object:  # type: ignore[override]
        raise RuntimeError("no")

    def __bool__(self) -> bool:
        raise RuntimeError("no")


def odd_metadata() -> dict[str, object]:
    circle: dict[str, object] = {}
    circle["self"] = circle
    deep: object = "bottom"
    for _ in range(2000):
        deep = [deep]
    return {
        "tuple": {"a": {(1, 2): "x"}},
        "keys": {uuid.UUID(int=7): 1, b"bytes": 2, None: 3, 1.5: 4, "1": 5, 1: 6},
        "circle": circle,
        "deep": deep,
        "digits": 10**5000,
        "nan": [float("nan"), float("inf"), -float("inf")],
        "rude": [Rude(), {Rude(): Rude()}],
        "rude dict": RudeDict(a=1),
        "lock": threading.Lock(),
        "set": {1},
        "half": "\ud800",
        "generator": (number for number in range(3)),
    }


@by_executor
def test_odd_metadata_costs_no_document_and_gives_records_that_are_json(executor: Executor, tmp_path: Path) -> None:
    names = files(tmp_path / "in", 3)
    sink = RecordingSink()
    documents: list[Document] = [Document(str(tmp_path / "in" / name), metadata=odd_metadata()) for name in names[:2]]
    documents.append(Document(str(tmp_path / "in" / names[2]), metadata=RudeDict(a=1)))
    report = replace(processor(executor, tmp_path / "out"), sinks=(sink,)).run(documents)
    assert sorted(each.text for each in report.results) == ["text 0", "text 1", "text 2"]
    assert len(sink.results) == 3

    def refuse(constant: str) -> object:
        raise ValueError(constant)

    for each in report.results:
        record = json.loads(Path(str(each.output)).read_bytes(), parse_constant=refuse)
        json.dumps(each.as_dict(), allow_nan=False)
        if len(each.document.metadata) > 1:
            assert record["document"]["metadata"]["keys"]["bytes"] == 2
            assert len(record["document"]["metadata"]["keys"]) == 6


def test_metadata_that_holds_itself_many_times_is_cut(tmp_path: Path) -> None:
    (name,) = files(tmp_path / "in", 1)
    shared: list[object] = [1]
    for _ in range(60):
        shared = [shared, shared]
    report = processor(output=tmp_path / "out").run(Document(str(tmp_path / "in" / name), metadata={"shared": shared}))
    (result,) = report.results
    assert result.text == "text 0"
    assert '"..."' in Path(str(result.output)).read_text("utf-8")


def test_metadata_that_is_plain_comes_back_equal(tmp_path: Path) -> None:
    (name,) = files(tmp_path, 1)
    plain: dict[str, object] = {"a": [1, 2.5, None, True, "ü"], "b": {"c": {"d": 1}}, "n": 10**300}
    report = processor().run(Document(str(tmp_path / name), metadata=plain))
    assert report.results[0].document.metadata == plain


# --- logging -----------------------------------------------------------------------------------------------------------


class RudeHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raise RuntimeError("the log server is gone")


class RudeFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        raise RuntimeError("no")


@pytest.fixture(params=["handler", "filter", "factory"])
def rude_logging(request: pytest.FixtureRequest) -> Iterator[None]:
    logger, factory = logging.getLogger("pdfbatch"), logging.getLogRecordFactory()
    handler, rule = RudeHandler(), RudeFilter()
    level = logger.level
    logger.setLevel(logging.DEBUG)
    if request.param == "handler":
        logger.addHandler(handler)
    elif request.param == "filter":
        for name in logging.getLogger().manager.loggerDict:
            if name.startswith("pdfbatch"):
                logging.getLogger(name).addFilter(rule)
    else:
        logging.setLogRecordFactory(refuse_record)
    yield
    logging.setLogRecordFactory(factory)
    logger.removeHandler(handler)
    logger.setLevel(level)
    for name in logging.getLogger().manager.loggerDict:
        if name.startswith("pdfbatch"):
            logging.getLogger(name).removeFilter(rule)


def refuse_record(*arguments: object, **options: object) -> logging.LogRecord:
    raise RuntimeError("no")


@by_executor
@pytest.mark.usefixtures("rude_logging")
def test_logging_that_raises_costs_nothing(executor: Executor, tmp_path: Path) -> None:
    names = files(tmp_path / "in", 5)
    sink = RecordingSink(error=ValueError("makes the batch log"))
    paths = [str(tmp_path / "in" / name) for name in names]
    report = replace(processor(executor, tmp_path / "out"), sinks=(sink,)).run([*paths, str(tmp_path / "missing.pdf")])
    assert (report.successful, report.failed) == (5, 1)


# --- sources that wait ---------------------------------------------------------------------------------------------------


@by_executor
def test_results_come_while_the_source_waits(executor: Executor, tmp_path: Path) -> None:
    names, go_on = files(tmp_path / "in", 4), threading.Event()

    def generate() -> Iterator[str]:
        yield from (str(tmp_path / "in" / name) for name in names[:3])
        assert go_on.wait(60)
        yield str(tmp_path / "in" / names[3])

    stream = processor(executor).stream(generate())
    first = {next(stream).text for _ in range(3)}
    assert first == {"text 0", "text 1", "text 2"}
    go_on.set()
    assert [each.text for each in stream] == ["text 3"]


@by_executor
def test_a_crawler_that_is_fed_by_results_comes_to_its_end(executor: Executor, tmp_path: Path) -> None:
    names = files(tmp_path / "in", 10)
    found = queue.SimpleQueue[str | None]()

    def crawl() -> Iterator[str]:
        while (path := found.get(timeout=60)) is not None:
            yield path

    found.put(str(tmp_path / "in" / names[0]))
    texts = list[str]()
    for result in processor(executor).stream(crawl()):
        texts.append(result.text)
        following = len(texts)
        found.put(str(tmp_path / "in" / names[following]) if following < len(names) else None)
    assert texts == [f"text {number}" for number in range(10)]


def test_a_source_runs_and_is_closed_in_one_thread_and_is_not_read_far_ahead(tmp_path: Path) -> None:
    names, threads, read = files(tmp_path / "in", 1), set[int](), list[int]()

    def generate() -> Iterator[Document]:
        try:
            for number in range(100_000):
                threads.add(threading.get_ident())
                read.append(number)
                yield Document(str(tmp_path / "in" / names[0]), f"id-{number}")
        finally:
            threads.add(threading.get_ident())
            read.append(-1)

    stream = processor().stream(generate())
    for _ in range(5):
        next(stream)
    stream.close()
    assert len(threads) == 1
    assert threading.get_ident() not in threads
    assert len(read) < 200
    assert read[-1] == -1


def test_a_source_that_raises_ends_the_batch_after_what_came_before(tmp_path: Path) -> None:
    names, results, threads = files(tmp_path / "in", 3), list[DocumentResult](), threading.active_count()

    def generate() -> Iterator[str]:
        yield from (str(tmp_path / "in" / name) for name in names)
        raise LookupError("the database is gone")

    with pytest.raises(LookupError, match="database"):
        results.extend(processor().stream(generate()))
    assert threading.active_count() <= threads + 1


# --- forks ---------------------------------------------------------------------------------------------------------------


def ask(stream: Generator[DocumentResult]) -> None:
    next(stream)


def forget(stream: Generator[DocumentResult]) -> None:
    stream.close()


@pytest.mark.parametrize("act", [ask, forget])
@by_start
def test_a_process_that_is_forked_in_the_middle_has_no_part_in_the_batch(
    executor: Executor, act: Callable[[Generator[DocumentResult]], None], tmp_path: Path
) -> None:
    paths = [str(tmp_path / "in" / name) for name in files(tmp_path / "in", 30)]
    told, output = tmp_path / "told", tmp_path / "out"

    def tell(result: DocumentResult) -> None:
        with told.open("a") as file:
            file.write(f"{os.getpid()} {result.status}\n")

    stream = replace(processor(executor, output), sinks=(tell,)).stream(paths)
    results = [next(stream)]

    def go_on() -> bool:
        with suppress(ResultsUnavailableError):
            act(stream)
        return not (output / "report.json").exists()

    assert run_in_child(go_on)()
    results += stream
    assert len(results) == 30
    assert {line.split()[0] for line in told.read_text().splitlines()} == {str(os.getpid())}
    assert json.loads((output / "report.json").read_bytes())["status"] == "completed"


# --- resources -------------------------------------------------------------------------------------------------------------


@by_start
def test_a_batch_leaves_nothing_to_the_collector(executor: Executor, tmp_path: Path) -> None:
    paths = [str(tmp_path / "in" / name) for name in files(tmp_path / "in", 30)]
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        for output in (None, tmp_path / "out"):
            report = processor(executor, output).run([*paths, "missing.pdf"])
            assert len(list(processor(executor, output).stream(paths, order="input"))) == 30
            assert report.failed == 1
            del report


# --- order and temporary files ---------------------------------------------------------------------------------------------


def test_results_that_wait_for_their_turn_are_on_disk(tmp_path: Path) -> None:
    go_on, held = threading.Event(), 40
    first = tmp_path / "first.pdf"
    first.write_bytes(plain_document("first"))
    big = [Document(f"{number}.pdf", content=plain_document(f"{number} " + "x" * 500_000)) for number in range(held)]

    class WaitingEngine(PlainEngine):
        @contextmanager
        def open(
            self, source: str | bytes, *, password: str | None = None, annotations: bool = True
        ) -> Generator[OpenDocument]:
            if source == str(first):
                assert go_on.wait(60)
            with PlainEngine().open(source, password=password, annotations=annotations) as document:
                yield document

    def count(result: DocumentResult) -> None:
        ended.append(result.document.file_path)
        if len(ended) == held:
            in_files.append(sum(os.fstat(int(name)).st_size for name in open_temporaries()))
            go_on.set()

    ended, in_files = list[str](), list[int]()
    runner = replace(processor(ThreadExecutor(workers=2)), engine=WaitingEngine(), sinks=(count,))
    results = list(runner.stream([Document(str(first)), *big], order="input"))
    assert [result.text.split()[0] for result in results] == ["first", *map(str, range(held))]
    assert in_files[0] > held * 500_000 * 0.7


def open_temporaries() -> Iterator[str]:
    """Descriptors of this process whose files have no name any more."""
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            if os.readlink(f"/proc/self/fd/{name}").endswith("(deleted)"):
                yield name


@pytest.mark.parametrize("is_stored", [True, False])
def test_a_full_place_for_temporary_files_costs_no_result(tmp_path: Path, *, is_stored: bool) -> None:
    paths = [str(tmp_path / "in" / name) for name in files(tmp_path / "in", 30)]
    for path in paths:
        Path(path).write_bytes(plain_document(Path(path).stem + "x" * 400_000))

    def run() -> bool:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
        report = processor(output=tmp_path / "out" if is_stored else None).run(
            [*paths, *(f"no-{n}.pdf" for n in range(30))]
        )
        texts = sorted(result.text[:3] for result in report.results if result.ok)
        return texts == [f"{number:03d}" for number in range(30)] and report.failed == 30

    assert run_in_child(run)()
