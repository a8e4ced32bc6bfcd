"""A processor that is entered keeps one pool warm, which all its batches share."""

import asyncio
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from pdfbatch import BatchProcessor, Document, Extraction, Limits, UsageError
from pdfbatch.errors import Cause, OutputError
from pdfbatch.executors import ProcessExecutor, SequentialExecutor, ThreadExecutor
from pdfbatch.ports import Executor
from pdfbatch.report import BatchState
from pdfbatch.samples import letter, text_pdf
from tests.children import run_in_child
from tests.executors.test_kept import CountingExecutor

PDF = text_pdf([letter(1)])
NO_OCR = Extraction(ocr="never")


@pytest.mark.parametrize(
    "executor", [None, ThreadExecutor(workers=2), SequentialExecutor()], ids=["default", "thread", "sequential"]
)
def test_batches_of_many_threads_share_the_pool(executor: Executor | None) -> None:
    with BatchProcessor(executor=executor, extraction=NO_OCR) as processor, ThreadPoolExecutor(8) as threads:
        results = list(threads.map(processor.read, [Document(f"{number}.pdf", content=PDF) for number in range(24)]))
        report = processor.run([PDF, Document("b.pdf", content=PDF)])
    assert [result.document.file_path for result in results] == [f"{number}.pdf" for number in range(24)]
    assert all(result.ok and result.text for result in results)
    assert report.successful == 2


def test_it_starts_one_pool_however_many_batches_begin_at_once() -> None:
    counting = CountingExecutor()
    with BatchProcessor(executor=counting, extraction=NO_OCR) as processor, ThreadPoolExecutor(8) as threads:
        list(threads.map(processor.read, [PDF] * 16))
        with processor:  # entered again: it is left when all have left it
            processor.read(PDF)
        processor.read(PDF)
        assert len(counting.starts) == 1
    processor.read(PDF)
    assert len(counting.starts) == 2, "after it was left, a batch has a pool of its own"


def test_tasks_of_an_event_loop_share_it() -> None:
    async def read_all() -> list[str]:
        async with BatchProcessor(executor=counting, extraction=NO_OCR) as processor:
            return [result.text for result in await asyncio.gather(*(processor.aread(PDF) for _ in range(8)))]

    counting = CountingExecutor()
    texts = asyncio.run(read_all())
    assert len(texts) == 8
    assert all(texts)
    assert len(counting.starts) == 1


def test_leaving_it_cancels_what_still_runs() -> None:
    begun = threading.Event()

    def endless() -> Iterator[Document]:
        number = 0
        while True:
            yield Document(f"{number}.pdf", content=PDF)
            number += 1
            begun.set()

    with ThreadPoolExecutor(1) as threads:
        with BatchProcessor(executor=ThreadExecutor(workers=2), extraction=NO_OCR) as processor:
            running = threads.submit(processor.run, endless())
            suspended = processor.stream([Document(f"{number}.pdf", content=PDF) for number in range(200)])
            first = next(suspended)
            assert begun.wait(30)
        report = running.result(30)
        rest = list(suspended)
    assert report.status.state is BatchState.CANCELLED
    assert first.ok
    assert len(rest) == 199
    assert {result.failure.cause for result in rest if result.failure is not None} == {Cause.CANCELLED}


@pytest.mark.parametrize("executor", [SequentialExecutor(), ThreadExecutor(workers=2)], ids=lambda one: one.name)
def test_leaving_it_before_a_batch_has_its_workers_cancels_that_batch(executor: Executor) -> None:
    processor = BatchProcessor(executor=executor, extraction=NO_OCR)

    def documents() -> Iterator[Document]:
        processor.__exit__(None, None, None)
        yield Document("a.pdf", content=PDF)

    processor.__enter__()
    report = processor.run(documents())
    assert report.status.state is BatchState.CANCELLED
    assert [result.failure.cause for result in report.results if result.failure is not None] == [Cause.CANCELLED]


def test_a_stream_that_is_closed_costs_other_batches_nothing() -> None:
    documents = [Document(f"{number}.pdf", content=PDF) for number in range(40)]
    with BatchProcessor(executor=ProcessExecutor(workers=2), extraction=NO_OCR) as processor:
        for _ in range(3):
            closed, other = processor.stream(documents), processor.stream(documents)
            next(closed)
            next(other)
            closed.close()
            assert sum(result.ok for result in other) == 39


def test_what_is_wrong_is_said_when_it_is_entered(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError), BatchProcessor(output=tmp_path / "file", extraction=NO_OCR):
        pass
    with (
        pytest.raises(UsageError, match="in this process only"),
        BatchProcessor(output="memory://x", executor="process", extraction=NO_OCR),
    ):
        pass


def test_a_changed_processor_has_no_part_in_it() -> None:
    counting = CountingExecutor()
    with BatchProcessor(executor=counting, extraction=NO_OCR) as processor:
        assert replace(processor, limits=Limits(max_pages=1)).read(PDF).ok
        assert replace(processor) == processor
        assert len(counting.starts) == 2
    with BatchProcessor(extraction=NO_OCR) as plain:
        assert pickle.loads(pickle.dumps(plain)) == plain


def test_a_forked_process_starts_a_pool_of_its_own() -> None:
    with BatchProcessor(executor=ProcessExecutor(workers=1), extraction=NO_OCR) as processor:
        assert processor.read(PDF).ok

        def read_and_leave() -> bool:
            is_read = processor.read(PDF).ok
            processor.__exit__(None, None, None)
            return is_read

        assert run_in_child(read_and_leave)()
        assert processor.read(PDF).ok


def test_a_pool_that_nobody_has_left_leaves_nothing_behind(tmp_path: Path) -> None:
    """The fixture of leftovers fails this module when a process or a temporary folder is left."""
    pdf = tmp_path / "a.pdf"
    pdf.write_bytes(PDF)
    code = (
        "import pdfbatch\n"
        "processor = pdfbatch.BatchProcessor(extraction=pdfbatch.Extraction(ocr='never')).__enter__()\n"
        f"print(processor.read({str(pdf)!r}).status)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("succeeded\n", "")
