"""A stream that nobody holds any more, collected in the very thread that it would have to wait for."""

import gc
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pdfbatch.executors import ProcessExecutor
from pdfbatch.model import Document
from pdfbatch.ports import Pool, Work
from pdfbatch.processor import BatchProcessor
from pdfbatch.settings import Extraction
from pdfbatch.tasks import ReadTask, TaskResult
from pdfbatch.testing import PlainEngine, plain_document
from pdfbatch.testing.probes import wait_until

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")


@dataclass
class Remembering:
    """An executor of processes that remembers its pools."""

    inner: ProcessExecutor
    pools: list[Pool] = field(default_factory=list[Pool])

    name = "remembering"
    kills = True
    starts_in_any_thread = True

    def __post_init__(self) -> None:
        self.shares = self.inner.shares

    def start(self, work: Work) -> Pool:
        """Return a pool, and remember it."""
        self.pools.append(self.inner.start(work))
        return self.pools[-1]


def test_a_forgotten_stream_ends_although_its_pools_own_thread_collects_it() -> None:
    executor = Remembering(ProcessExecutor(workers=1))
    processor = BatchProcessor(executor=executor, engine=PlainEngine(), extraction=Extraction(ocr="never"))
    stream = iter(processor.stream([plain_document(str(number)) for number in range(200)]))
    next(stream)
    circle: list[object] = [stream]
    circle.append(circle)  # only the collector can end it
    gc.disable()
    try:
        del stream, circle
        collected: list[int] = []

        def collect(_: Future[TaskResult]) -> None:
            collected.append(gc.collect())

        executor.pools[0].submit(ReadTask(document=Document("x", content=plain_document("x")))).add_done_callback(
            collect
        )
        assert wait_until(lambda: collected)
    finally:
        gc.enable()
    assert wait_until(lambda: not executor.pools[0]._thread.is_alive())  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
