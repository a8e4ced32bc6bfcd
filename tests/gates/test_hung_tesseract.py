"""A real tesseract that hangs: how soon it is killed, what it costs, and that neither it nor a file outlives its worker."""

import io
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pypdf import PdfWriter

from pdfbatch.errors import Cause
from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.model import DocumentStatus
from pdfbatch.ocr.tesseract import TesseractEngine
from pdfbatch.processor import BatchProcessor
from pdfbatch.samples import scanned_pdf
from pdfbatch.settings import Extraction, Limits, RetryPolicy
from pdfbatch.testing.probes import wait_until
from tests.gates.conftest import Measured
from tests.gates.family import HAS_PROC, left_behind, living
from tests.gates.hung_tesseract import PatientTesseract, hanging_program
from tests.gates.scale import GATE, SOON, scaled

pytestmark = [*GATE, pytest.mark.skipif(not HAS_PROC, reason="needs /proc")]

KILLS = scaled(2, 50)
TIME_LIMIT = 1.0
MOST_OVER = scaled(20.0, 1.0)
PAGES = scaled(5, 20)
BAD_PAGE = 3


@pytest.mark.parametrize("engine", [TesseractEngine, PatientTesseract], ids=["by-its-engine", "with-its-worker"])
def test_a_document_whose_tesseract_hangs_is_stopped_soon_after_its_limit(
    engine: type[TesseractEngine], tmp_path: Path, temporary: Path, measured: Measured
) -> None:
    limits = Limits(document_timeout=TIME_LIMIT, page_timeout=None)
    over: list[float] = []
    for result in processor(tmp_path, engine, limits).stream(documents(tmp_path, KILLS)):
        assert result.status is DocumentStatus.TIMED_OUT
        over.append(result.duration_seconds - TIME_LIMIT)
        assert wait_until(lambda: len(hanging(temporary)) <= 1, SOON), "it outlives its document"
    measured("hung", len(over))
    measured("most over the limit", f"{max(over):.2f} s")
    assert len(over) == KILLS
    assert max(over) <= MOST_OVER
    assert left_behind(temporary, SOON) == []


def test_a_killed_worker_takes_its_hanging_tesseract_along(tmp_path: Path, temporary: Path) -> None:
    limits = Limits(document_timeout=None, page_timeout=None)
    batch = processor(tmp_path, PatientTesseract, limits, workers=2)
    with ThreadPoolExecutor(1) as thread:
        report = thread.submit(batch.run, documents(tmp_path, KILLS))
        killed: set[int] = set()
        for _ in range(KILLS):
            tesseract = next_hanging(temporary, killed)
            os.kill(os.getpgid(tesseract), signal.SIGKILL)  # the worker leads their group
            killed.add(tesseract)
            assert wait_until(lambda: killed.isdisjoint(hanging(temporary)), SOON), "it outlives its worker"
        assert report.result(120).failures_by_cause == {"worker_lost": KILLS}
    assert left_behind(temporary, SOON) == []


@pytest.mark.alone  # the good pages must be read within the limit of the bad one
def test_a_page_on_which_tesseract_hangs_costs_that_page(tmp_path: Path, temporary: Path) -> None:
    path = tmp_path / "document.pdf"
    path.write_bytes(one_of([scan(number, wide=number == BAD_PAGE) for number in range(1, PAGES + 1)]))
    limits = Limits(document_timeout=300, page_timeout=scaled(5, 15))
    batch = processor(tmp_path, TesseractEngine, limits, workers=2, always=False)
    (result,) = batch.run([str(path)]).results
    assert result.status is DocumentStatus.PARTIAL
    read = {page.number: page.text.strip() for page in result.pages if page.failure is None}
    assert read == {number: words(number) for number in range(1, PAGES + 1) if number != BAD_PAGE}
    failure = result.pages[BAD_PAGE - 1].failure
    assert failure is not None
    assert failure.cause is Cause.TIMEOUT
    assert left_behind(temporary, SOON) == []


def processor(
    folder: Path, engine: type[TesseractEngine], limits: Limits, *, workers: int = 1, always: bool = True
) -> BatchProcessor:
    """Return a processor. It tries a page that hangs always once, and reads again one that a busy machine has delayed."""
    program, tessdata = hanging_program(folder, always=always)
    return BatchProcessor(
        executor=ProcessExecutor(workers=workers),
        ocr_engine=engine(binary=program, tessdata=tessdata),
        extraction=Extraction(ocr="always"),
        limits=limits,
        retry=RetryPolicy(crash_attempts=1 if always else 2),
    )


def documents(folder: Path, count: int) -> list[str]:
    """Write scans, each different, because equal documents are read once; return their paths."""
    paths = [folder / f"{number}.pdf" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(scan(number))
    return [str(path) for path in paths]


def words(number: int) -> str:
    return f"This is page number {number}."


def scan(number: int, *, wide: bool = False) -> bytes:
    return scanned_pdf([words(number)], dpi=150, rotate=90 if wide else 0)


def one_of(pdfs: list[bytes]) -> bytes:
    """Join the pages of all documents in one."""
    writer, file = PdfWriter(), io.BytesIO()
    for pdf in pdfs:
        writer.append(io.BytesIO(pdf))
    writer.write(file)
    return file.getvalue()


def hanging(temporary: Path) -> set[int]:
    """Return the tesseract processes that wait for their picture."""
    return set(_hanging(temporary))


def _hanging(temporary: Path) -> Iterator[int]:
    for line in living(temporary):
        process, _, command = line.partition(" ")
        if ".fifo" in command and os.path.basename(command.split()[0]).startswith("tesseract"):
            yield int(process)


def next_hanging(temporary: Path, known: set[int]) -> int:
    """Wait for a hanging tesseract that is not known yet; return its process id."""
    assert wait_until(lambda: bool(hanging(temporary) - known)), "no tesseract hangs"
    return min(hanging(temporary) - known)
