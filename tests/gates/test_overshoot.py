"""How long after its limit a document is stopped, how soon another worker replaces its worker, and what it leaves behind."""

import time
from pathlib import Path

import pytest

from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.model import DocumentStatus
from pdfbatch.processor import BatchProcessor
from pdfbatch.settings import Extraction, Limits
from pdfbatch.testing import Fault, FaultyEngine, plain_document
from pdfbatch.testing.probes import wait_until
from tests.gates.conftest import Measured
from tests.gates.family import HAS_PROC, left_behind, living
from tests.gates.scale import GATE, SOON, scaled

pytestmark = [*GATE, pytest.mark.skipif(not HAS_PROC, reason="needs /proc")]

KILLS = scaled(2, 50)
TIME_LIMIT = 1.0
MOST_OVER = scaled(20.0, 1.0)


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.HANG_GIL, Fault.CHILD])
def test_a_document_that_hangs_is_stopped_soon_after_its_limit(
    fault: Fault, tmp_path: Path, temporary: Path, measured: Measured
) -> None:
    paths = alternating(tmp_path, fault)
    ended: list[float] = []
    over: list[float] = []
    for result in processor().stream(paths, order="input"):
        ended.append(time.monotonic())
        if result.status is DocumentStatus.TIMED_OUT:
            over.append(result.duration_seconds - TIME_LIMIT)
            assert wait_until(lambda: not sleepers(temporary), SOON), "what it started outlives it"
        else:
            assert result.text == "good"
    # the one worker is killed at each hang, and the next one does the document after it
    replaced = [good - bad for bad, good in zip(ended[::2], ended[1::2], strict=True)]
    measured("kills", len(over))
    measured("most over the limit", f"{max(over):.2f} s")
    measured("slowest replacement", f"{max(replaced):.2f} s")
    assert len(over) == KILLS
    assert max(over) <= MOST_OVER
    assert max(replaced) <= SOON
    assert left_behind(temporary) == []


@pytest.mark.parametrize("fault", [Fault.CHILD])
def test_killed_workers_leave_no_child_and_no_file(fault: Fault, tmp_path: Path, temporary: Path) -> None:
    paths = [write(tmp_path / f"{number}.pdf", f"fault:{fault}") for number in range(scaled(4, 50))]
    report = processor(workers=2).run(paths)
    assert report.failures_by_cause == {"timeout": len(paths)}
    assert left_behind(temporary, SOON) == []


def test_children_that_documents_leave_behind_end_with_the_batch(tmp_path: Path, temporary: Path) -> None:
    paths = [write(tmp_path / f"{number}.pdf", f"{number} fault:{Fault.ORPHAN}") for number in range(scaled(5, 50))]
    report = processor(workers=2).run(paths)
    assert report.successful == len(paths)
    assert left_behind(temporary, SOON) == []


def alternating(folder: Path, fault: Fault) -> list[str]:
    """Write documents: one that hangs, a good one, one that hangs ...; return their paths."""
    texts = [f"fault:{fault}", "good"] * KILLS
    return [write(folder / f"{number}.pdf", text) for number, text in enumerate(texts)]


def write(path: Path, text: str) -> str:
    path.write_bytes(plain_document(text))
    return str(path)


def processor(workers: int = 1) -> BatchProcessor:
    return BatchProcessor(
        executor=ProcessExecutor(workers=workers),
        engine=FaultyEngine(),
        extraction=Extraction(ocr="never"),
        limits=Limits(document_timeout=TIME_LIMIT),
    )


def sleepers(temporary: Path) -> list[str]:
    """Return the processes that ``Fault.CHILD`` started."""
    return [line for line in living(temporary) if "time.sleep" in line]
