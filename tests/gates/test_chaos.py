"""Gate G1: a batch in which every fifth document does one of eight bad things to its worker."""

import random
import time
from collections import Counter
from pathlib import Path

import pytest

from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.model import DocumentResult
from pdfbatch.processor import BatchProcessor
from pdfbatch.report import BatchReport
from pdfbatch.settings import Extraction, Limits
from pdfbatch.testing import Fault, plain_document
from tests.gates.conftest import Measured
from tests.gates.family import HAS_PROC, left_behind, zombies
from tests.gates.laborious import LaboriousEngine
from tests.gates.scale import GATE, scaled

pytestmark = [*GATE, pytest.mark.skipif(not HAS_PROC, reason="needs /proc")]

DOCUMENTS = scaled(40, 1000)
BAD_OF_EACH_KIND = DOCUMENTS // 5 // 8
WORKERS = 4
TIME_LIMIT = scaled(3.0, 2.0)
MEMORY_LIMIT = 192 << 20

ENDINGS = {
    Fault.RAISE: ("failed", "internal"),
    Fault.HANG: ("timed_out", "timeout"),
    Fault.HANG_GIL: ("timed_out", "timeout"),
    Fault.CHILD: ("timed_out", "timeout"),
    Fault.EXIT: ("crashed", "worker_lost"),
    Fault.KILL: ("crashed", "worker_lost"),
    Fault.ABORT: ("crashed", "worker_lost"),
    Fault.MEMORY: ("out_of_memory", "memory_limit"),
}
HANGS = sum(ending == ("timed_out", "timeout") for ending in ENDINGS.values()) * BAD_OF_EACH_KIND


def test_bad_documents_cost_nobody_but_themselves(tmp_path: Path, temporary: Path, measured: Measured) -> None:
    good, bad = good_documents(tmp_path), bad_documents(tmp_path)
    before = zombies()
    clean, clean_seconds = run(list(good))
    report, seconds = run(shuffle([*good, *bad]))
    assert clean.successful == len(good)
    assert report.total_documents == DOCUMENTS == len(report.results)
    assert {path: text for path, text in texts(report).items() if path in good} == good
    assert endings(report, bad) == Counter({(kind, *end): BAD_OF_EACH_KIND for kind, end in ENDINGS.items()})
    assert max(result.attempts for result in report.results) <= 2
    assert zombies() <= before
    assert left_behind(temporary) == []
    ideal = clean_seconds + HANGS * TIME_LIMIT / WORKERS
    measured("wall", f"{seconds:.1f} s")
    measured("wall / ideal", f"{seconds / ideal:.2f}")
    assert seconds < 5 * ideal + 60  # against a hang; the ratio is reported


def good_documents(folder: Path) -> dict[str, str]:
    """Write the good documents; return the text of each by its path."""
    numbers = range(DOCUMENTS - BAD_OF_EACH_KIND * len(ENDINGS))
    return {write(folder / f"good-{number}.pdf", f"text of {number}"): f"text of {number}" for number in numbers}


def bad_documents(folder: Path) -> dict[str, Fault]:
    """Write the bad documents; return the fault of each by its path."""
    kinds = [(kind, number) for kind in ENDINGS for number in range(BAD_OF_EACH_KIND)]
    return {write(folder / f"{kind}-{number}.pdf", f"fault:{kind}"): kind for kind, number in kinds}


def write(path: Path, text: str) -> str:
    path.write_bytes(plain_document(text))
    return str(path)


def shuffle(paths: list[str]) -> list[str]:
    random.Random(4).shuffle(paths)
    return paths


def run(paths: list[str]) -> tuple[BatchReport, float]:
    """Run a batch; return its report and the seconds it took."""
    processor = BatchProcessor(
        executor=ProcessExecutor(workers=WORKERS),
        engine=LaboriousEngine(seconds=0.01),
        extraction=Extraction(ocr="never"),
        limits=Limits(document_timeout=TIME_LIMIT, memory_bytes=MEMORY_LIMIT),
    )
    begun = time.monotonic()
    return processor.run(paths), time.monotonic() - begun


def texts(report: BatchReport) -> dict[str, str]:
    return {result.document.file_path: result.text for result in report.results}


def endings(report: BatchReport, bad: dict[str, Fault]) -> Counter[tuple[str, str, str]]:
    results = [result for result in report.results if result.document.file_path in bad]
    return Counter((str(bad[result.document.file_path]), str(result.status), cause(result)) for result in results)


def cause(result: DocumentResult) -> str:
    return "" if result.failure is None else str(result.failure.cause)
