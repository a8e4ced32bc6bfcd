"""Gate G7: very many documents. Open files and memory stay as they were."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.processor import BatchProcessor
from pdfbatch.samples import tiny_pdf
from pdfbatch.settings import Extraction
from tests.gates.conftest import Measured
from tests.gates.family import HAS_PROC, descriptors, left_behind, resident_bytes, workers, zombies
from tests.gates.scale import GATE, scaled

pytestmark = [*GATE, pytest.mark.skipif(not HAS_PROC, reason="needs /proc")]

DOCUMENTS = scaled(300, 10_000)
WARM_UP = DOCUMENTS // 10
EVERY = DOCUMENTS // 30
WORKERS = 2
MOST_WORKER_BYTES = 150 << 20  # the budget on text
MOST_GROWTH_BYTES = scaled(
    32 << 20, 16 << 20
)  # of a worker, in its second half; in a short run that may be while it loads
MOST_DESCRIPTORS_MORE = scaled(20, 5)


@dataclass(slots=True)
class Samples:
    """Measurements while a batch runs, in their order."""

    folder: Path
    own_descriptors: list[int] = field(default_factory=list[int])
    own_bytes: list[int] = field(default_factory=list[int])
    worker_descriptors: dict[int, list[int]] = field(default_factory=dict[int, list[int]])
    worker_bytes: dict[int, list[int]] = field(default_factory=dict[int, list[int]])
    zombies: list[int] = field(default_factory=list[int])

    def take(self) -> None:
        """Measure once."""
        self.own_descriptors.append(descriptors(os.getpid()))
        self.own_bytes.append(resident_bytes(os.getpid()))
        self.zombies.append(zombies())
        for worker in workers(self.folder):
            if held := resident_bytes(worker):
                self.worker_bytes.setdefault(worker, []).append(held)
                self.worker_descriptors.setdefault(worker, []).append(descriptors(worker))


def test_very_many_documents_leave_everything_as_it_was(temporary: Path, measured: Measured) -> None:
    before, zombies_before = descriptors(os.getpid()), zombies()
    samples = soak(temporary, tasks_per_worker=10 * DOCUMENTS)
    grown = samples.own_bytes[-1] - samples.own_bytes[0]
    growth = max(seen[-1] - seen[len(seen) // 2] for seen in samples.worker_bytes.values())
    most = max(max(seen) for seen in samples.worker_bytes.values())
    measured("parent grew", f"{grown / 1024:.0f} KiB")
    measured("workers hold at most", f"{most / (1 << 20):.0f} MiB, {growth / (1 << 20):.1f} more than half-way")
    assert len(samples.worker_bytes) <= WORKERS  # none was replaced
    assert most <= MOST_WORKER_BYTES
    assert growth <= MOST_GROWTH_BYTES
    assert grown <= 10 << 20
    assert max(samples.own_descriptors) - min(samples.own_descriptors) <= MOST_DESCRIPTORS_MORE
    assert all(max(seen) - min(seen) <= MOST_DESCRIPTORS_MORE for seen in samples.worker_descriptors.values())
    assert max(samples.zombies) <= WORKERS + zombies_before
    assert zombies() <= zombies_before
    assert descriptors(os.getpid()) <= before + 5
    assert left_behind(temporary) == []


def test_workers_are_replaced_in_time(temporary: Path, measured: Measured) -> None:
    samples = soak(temporary, tasks_per_worker=DOCUMENTS // 10)
    measured("workers seen", len(samples.worker_bytes))
    assert len(samples.worker_bytes) > WORKERS
    assert max(samples.zombies) <= WORKERS
    half = len(samples.own_descriptors) // 2  # how many are open depends on the workers that start and end just then
    assert min(samples.own_descriptors[half:]) <= min(samples.own_descriptors[:half]) + 5
    assert left_behind(temporary) == []


def soak(folder: Path, *, tasks_per_worker: int) -> Samples:
    """Read all documents, each of which must come back right; measure from the first tenth of them to the last one."""
    processor = BatchProcessor(
        executor=ProcessExecutor(workers=WORKERS, tasks_per_worker=tasks_per_worker),
        extraction=Extraction(ocr="never"),
    )
    samples = Samples(folder)
    count = 0
    for count, result in enumerate(processor.stream(documents()), start=1):
        assert "Receipt" in result.text
        if count >= WARM_UP and count % EVERY == 0:
            samples.take()
    assert count == DOCUMENTS
    return samples


def documents() -> Iterator[bytes]:
    return map(tiny_pdf, range(DOCUMENTS))
