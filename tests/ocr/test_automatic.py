"""Which of tesserocr and the tesseract program reads when the caller names neither."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pdfbatch import defaults
from pdfbatch.cli.arguments import parse
from pdfbatch.errors import Cause, DependencyError, DocumentError
from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.executors.sequential import SequentialExecutor
from pdfbatch.executors.thread import ThreadExecutor
from pdfbatch.model import Document
from pdfbatch.ocr.automatic import AutoTesseract
from pdfbatch.ocr.tesseract import TesseractEngine
from pdfbatch.ocr.tesserocr import TesserocrEngine
from pdfbatch.ports import Executor
from pdfbatch.processor import BatchProcessor
from pdfbatch.samples import scanned_pdf
from pdfbatch.storage import Storage
from pdfbatch.testing.pictures import draw_page, join_words
from tests.ocr.conftest import ELSEWHERE, Program
from tests.ocr.test_program import found

SCAN = scanned_pdf(["This sheet was scanned and holds a single line of print."])

_DEFAULT = (
    "from pdfbatch import defaults; from pdfbatch.executors.process import ProcessExecutor; "
    "print(type(defaults.ocr_engine(ProcessExecutor(), 'eng')).__name__)"
)
_BATCH = """
import json, os, pathlib, pdfbatch
where = pathlib.Path(os.environ["WHERE"])
report = pdfbatch.process_batch(where / "scan.pdf", where / "out", max_workers=1, executor="process")
print(report.results[0].pages[0].text)
for record in (where / "out").glob("*.json"):
    print(json.loads(record.read_text()).get("versions"))
"""


def broken(program: Program) -> TesseractEngine:
    """A program that has English and fails at each page."""
    return TesseractEngine(binary=program.doing("exit 3"))


def with_languages(engine: TesserocrEngine, folder: Path, *languages: str) -> TesserocrEngine:
    """The library, with the data of these languages only."""
    assert engine.tessdata is not None
    for language in languages:
        shutil.copy(Path(engine.tessdata) / f"{language}.traineddata", folder)
    return TesserocrEngine(tessdata=str(folder))


# --- what a batch is made of -------------------------------------------------------------------------------------------


def test_tesserocr_is_the_default_in_workers_that_contain_its_crashes(tesserocr: TesserocrEngine) -> None:
    assert tesserocr.tessdata is not None
    assert found({"TESSDATA_PREFIX": tesserocr.tessdata}, code=_DEFAULT) == "AutoTesseract"


@pytest.mark.parametrize("executor", [ThreadExecutor(), SequentialExecutor()], ids=lambda executor: executor.name)
def test_the_program_is_the_default_where_a_crash_would_hit_the_caller(executor: Executor) -> None:
    assert isinstance(defaults.ocr_engine(executor, "eng"), TesseractEngine)


def test_a_program_that_the_user_named_is_the_default(program: Program) -> None:
    assert found({"PDFBATCH_TESSERACT": program.doing("exit 0")}, code=_DEFAULT) == "TesseractEngine"


def test_without_tesserocr_the_program_is_the_default() -> None:
    # -S: without the packages that are installed here.
    assert found({}, "-S", code=_DEFAULT) == "TesseractEngine"


def test_for_languages_that_tesserocr_lacks_the_program_is_the_default(tmp_path: Path) -> None:
    assert found({"TESSDATA_PREFIX": str(tmp_path)}, code=_DEFAULT) == "TesseractEngine"


def test_a_batch_reads_with_the_library_in_its_workers(tesserocr: TesserocrEngine) -> None:
    engine = AutoTesseract(library=tesserocr, program=TesseractEngine(binary="no such program"))
    batch = BatchProcessor(executor=ProcessExecutor(workers=1), ocr_engine=engine)
    (result,) = batch.run([Document("scan.pdf", content=SCAN)]).results
    assert "scanned and holds" in result.pages[0].text


def test_a_batch_that_names_no_engine_is_read_by_tesserocr(tesserocr: TesserocrEngine, tmp_path: Path) -> None:
    (tmp_path / "scan.pdf").write_bytes(SCAN)
    printed = found({"TESSDATA_PREFIX": str(tesserocr.tessdata), "WHERE": str(tmp_path)}, code=_BATCH)
    assert f"{tesserocr.version} (tesserocr)" in printed
    assert "scanned and holds" in printed


def test_the_command_line_leaves_the_choice_to_the_library() -> None:
    assert parse(["run", "in", "--output", "out"]).ocr_engine == "auto"


# --- which of the two reads -----------------------------------------------------------------------------------------------


def test_in_a_worker_the_library_reads(tesserocr: TesserocrEngine, program: Program) -> None:
    engine = AutoTesseract(library=tesserocr, program=broken(program), host=ELSEWHERE)
    assert engine.read(draw_page(), languages="eng", dpi=300) == tesserocr.read(draw_page(), languages="eng", dpi=300)


def test_in_the_process_of_the_caller_the_program_reads(tesserocr: TesserocrEngine, program: Program) -> None:
    engine = AutoTesseract(library=tesserocr, program=broken(program))
    assert engine.host == os.getpid()
    with pytest.raises(DocumentError) as caught:
        engine.read(draw_page(), languages="eng", dpi=300)
    assert caught.value.cause is Cause.OCR_FAILED


def test_in_the_process_of_the_caller_the_library_reads_what_no_program_can(tesserocr: TesserocrEngine) -> None:
    engine = AutoTesseract(library=tesserocr, program=TesseractEngine(binary="no such program"))
    assert join_words(engine.read(draw_page(), languages="eng", dpi=300).text)


def test_a_document_in_a_language_that_the_library_lacks_is_read_by_the_program(
    tesserocr: TesserocrEngine, tesseract: TesseractEngine, tmp_path: Path
) -> None:
    library = with_languages(tesserocr, tmp_path, "eng")
    engine = AutoTesseract(library=library, program=tesseract, host=ELSEWHERE)
    engine.check("deu")
    assert engine.read(draw_page(), languages="deu", dpi=300) == tesseract.read(draw_page(), languages="deu", dpi=300)


def test_a_language_that_neither_has_fails_the_check(tesserocr: TesserocrEngine, tesseract: TesseractEngine) -> None:
    with pytest.raises(DependencyError, match="no OCR data for xyz"):
        AutoTesseract(library=tesserocr, program=tesseract).check("eng+xyz")


# --- what is recorded ---------------------------------------------------------------------------------------------------


def test_records_name_tesseract_and_the_versions_of_both(
    tesserocr: TesserocrEngine, tesseract: TesseractEngine
) -> None:
    engine = AutoTesseract(library=tesserocr, program=tesseract)
    recorded = defaults.versions([engine])["tesseract"]
    assert recorded == f"{tesserocr.version} (tesserocr) or {tesseract.version} (program)"


def test_records_name_no_program_that_is_not_there(tesserocr: TesserocrEngine) -> None:
    engine = AutoTesseract(library=tesserocr, program=TesseractEngine(binary="no such program"))
    assert engine.version == f"{tesserocr.version} (tesserocr)"


def test_a_resume_leaves_out_what_the_other_of_the_two_has_read(
    tesserocr: TesserocrEngine, tesseract: TesseractEngine, tmp_path: Path
) -> None:
    (tmp_path / "scan.pdf").write_bytes(SCAN)
    batch = BatchProcessor(executor=SequentialExecutor(), storage=Storage(str(tmp_path / "out")), ocr_engine=tesseract)
    batch.run([tmp_path / "scan.pdf"])
    since = replace(batch, ocr_engine=AutoTesseract(library=tesserocr, program=tesseract))
    assert since.run([tmp_path / "scan.pdf"], resume=True).status.skipped == 1
