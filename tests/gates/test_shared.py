"""One processor, report and stream in many threads and forked processes: right answers or a clear error, never another's."""

import random
import threading
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from pdfbatch import BatchReport, Document, DocumentResult, Extraction
from pdfbatch.errors import ResultsUnavailableError
from pdfbatch.executors import ProcessExecutor, ThreadExecutor
from pdfbatch.ports import Executor
from pdfbatch.processor import BatchProcessor
from pdfbatch.storage import Storage
from pdfbatch.testing import PlainEngine, plain_document
from tests.children import run_in_child
from tests.gates.conftest import Measured
from tests.gates.scale import GATE, scaled

pytestmark = list(GATE)

READS = scaled(4_000, 100_000)
DOCUMENTS = scaled(150, 1_600)
AT_ONCE = 8
BOTH: list[Executor] = [ThreadExecutor(workers=2), ProcessExecutor(workers=2)]


def processor(executor: Executor, output: Path | None = None) -> BatchProcessor:
    return BatchProcessor(
        executor=executor,
        engine=PlainEngine(),
        extraction=Extraction(ocr="never"),
        storage=None if output is None else Storage(str(output)),
        deduplicate=False,
    )


def documents(name: str, count: int, size: int = 0) -> list[Document]:
    """So many documents, whose text is their name and what makes them large."""
    names = [f"{name}-{number}" for number in range(count)]
    return [Document(f"{it}.pdf", content=plain_document(f"{it} {'x' * size}")) for it in names]


def is_own(result: DocumentResult) -> bool:
    """Whether a result has the text of its document."""
    return result.text.split(maxsplit=1)[:1] == [result.document.file_path.removesuffix(".pdf")]


def read_at_random(report: BatchReport, count: int, seed: int) -> int:
    """Read results, and return how many were wrong. One that is read again must be the same document."""
    chance, wrong = random.Random(seed), 0
    for _ in range(count):
        place = chance.randrange(len(report.results))
        wrong += not is_own(report.results[place]) or report.results[place].document != report.results[place].document
    return wrong


def in_threads(function: Callable[[int], None]) -> None:
    """Call a function in many threads at once, with a number of its own."""
    threads = [threading.Thread(target=function, args=(number,)) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("is_stored", [False, True])
def test_results_that_threads_and_forked_processes_read_are_their_own(
    is_stored: bool, tmp_path: Path, measured: Measured
) -> None:
    # Without an output texts are so large that most of the results are in the file, which all share.
    runner = processor(BOTH[0], tmp_path / "out" if is_stored else None)
    report = runner.run(documents("a", DOCUMENTS, size=scaled(60_000, 6_000)))
    assert report.successful == DOCUMENTS
    each, wrong = READS // (4 * AT_ONCE), list[int]()
    ends = [
        run_in_child(lambda seed=seed: read_at_random(report, each, seed) == 0)  # type: ignore[misc]
        for seed in range(AT_ONCE)
    ]
    in_threads(lambda number: wrong.append(read_at_random(report, each * 3, AT_ONCE + number)))
    assert wrong == [0] * AT_ONCE
    assert [end() for end in ends] == [True] * AT_ONCE
    measured("reads", each * 4 * AT_ONCE)


@pytest.mark.parametrize("executor", BOTH, ids=lambda it: it.name)
def test_a_processor_runs_batches_in_many_threads_and_in_a_forked_process(executor: Executor, tmp_path: Path) -> None:
    shared, reports = processor(executor, tmp_path), dict[int, BatchReport]()

    def run(number: int) -> None:
        reports[number] = shared.run(documents(f"t{number}", 10))

    in_threads(run)
    for number, report in reports.items():
        assert sorted(it.document.file_path for it in report.results) == sorted(f"t{number}-{n}.pdf" for n in range(10))
        assert all(map(is_own, report.results))

    def run_again() -> bool:
        report = shared.run(documents("child", 10))
        return report.successful == 10 and all(map(is_own, report.results))

    assert run_in_child(run_again)()


@pytest.mark.parametrize("executor", BOTH, ids=lambda it: it.name)
def test_a_stream_that_many_threads_take_from_gives_each_result_once(executor: Executor) -> None:
    stream = processor(executor).stream(documents("s", 60))
    taken, refused, moment = list[DocumentResult](), list[ValueError](), threading.Event()

    def take(_number: int) -> None:
        while True:
            try:
                taken.append(next(stream))
            except ValueError as error:  # another thread is in it: Python's generators say so
                refused.append(error)
                moment.wait(0.001)
            except StopIteration:
                return

    in_threads(take)
    assert len({it.document.document_uuid for it in taken}) == len(taken) == 60
    assert all(map(is_own, taken))
    assert all("already executing" in str(error) for error in refused)


def test_a_stream_in_a_forked_process_says_that_it_is_another_s() -> None:
    stream: Generator[DocumentResult] = processor(BOTH[1]).stream(documents("f", 30))
    taken = [next(stream)]

    def take() -> bool:
        with pytest.raises(ResultsUnavailableError, match="forked"):
            list(stream)
        return True

    assert run_in_child(take)()
    taken += stream
    assert len(taken) == 30
    assert all(map(is_own, taken))
