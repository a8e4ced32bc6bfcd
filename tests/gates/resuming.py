"""A batch of small documents, some of them split into parts, as a program that can be killed.

``python -m tests.gates.resuming INPUT OUTPUT JOURNAL`` reads the folder INPUT into OUTPUT, or resumes that.
"""

import sys
from pathlib import Path

from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.processor import BatchProcessor
from pdfbatch.report import BatchReport
from pdfbatch.settings import Extraction
from pdfbatch.storage import Storage
from pdfbatch.testing import plain_document
from tests.gates.laborious import LaboriousEngine, LaboriousOcr
from tests.stand_ins import ScanEngine

WORKERS = 2
PART_PAGES = 2
SCANNED_PAGES = 7


def read(folder: Path, output: Path, journal: Path) -> BatchReport:
    """Run the batch, or the rest of it."""
    processor = BatchProcessor(
        executor=ProcessExecutor(workers=WORKERS),
        storage=Storage(str(output)),
        engine=LaboriousEngine(engine=ScanEngine(), journal=f"{journal}.opened"),
        ocr_engine=LaboriousOcr(journal=f"{journal}.read"),
        extraction=Extraction(part_pages=PART_PAGES),
    )
    return processor.run(sorted(str(path) for path in folder.iterdir()), resume=True)


def write_documents(folder: Path, count: int) -> None:
    """Write documents of three kinds: texts, scans that are split, and some that cannot be read."""
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:03d}.pdf").write_bytes(_content(number))


def is_read_at_once(name: str) -> bool:
    """Return whether one task reads the document, with success."""
    return _kind(int(Path(name).stem)) == "text"


def _kind(number: int) -> str:
    if number % 5 == 1:
        return "scan"
    return "broken" if number % 10 == 3 else "text"


def _content(number: int) -> bytes:
    match _kind(number):
        case "scan":
            return plain_document(*(f"scan:{number}/{page}" for page in range(SCANNED_PAGES)))
        case "broken":
            return b"\xff\xfe not text"
        case _:
            return plain_document(f"text {number}", "second page")


if __name__ == "__main__":
    read(*map(Path, sys.argv[1:]))
