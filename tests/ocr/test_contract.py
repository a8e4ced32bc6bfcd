"""The public contract over all OCR engines."""

from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec

import pytest

from pdfbatch.ocr.kept_program import end_kept_program
from pdfbatch.ocr.rapidocr import RapidOcrEngine
from pdfbatch.ocr.tesseract import TesseractEngine
from pdfbatch.ocr.tesserocr import TesserocrEngine
from pdfbatch.ports import OcrEngine
from pdfbatch.testing import OcrEngineContract
from tests.ocr.conftest import ELSEWHERE


class TestTesseractEngine(OcrEngineContract):
    @pytest.fixture(autouse=True)
    def _engine(self, tesseract: TesseractEngine) -> None:
        self.engine = tesseract

    def make_engine(self) -> OcrEngine:
        return self.engine


class TestTesseractEngineInAWorker(OcrEngineContract):
    """Where it keeps its program."""

    @pytest.fixture(autouse=True)
    def _engine(self, tesseract: TesseractEngine) -> Iterator[None]:
        self.engine = replace(tesseract, host=ELSEWHERE)
        yield
        end_kept_program()

    def make_engine(self) -> OcrEngine:
        return self.engine


class TestTesserocrEngine(OcrEngineContract):
    @pytest.fixture(autouse=True)
    def _engine(self, tesserocr: TesserocrEngine) -> None:
        self.engine = tesserocr

    def make_engine(self) -> OcrEngine:
        return self.engine


class EngineOfTheSystem(OcrEngineContract):
    """With the system's data, which may hold those for orientation."""

    def make_engine(self) -> OcrEngine:
        return TesseractEngine()


@pytest.mark.parametrize(
    "claim",
    [
        "test_print_is_read_with_confidence",
        "test_the_orientation_is_the_turn_that_stands_a_picture_upright_or_unknown",
        "test_the_orientation_of_a_blank_picture_is_unknown",
    ],
)
def test_the_data_of_the_system_do_too(claim: str) -> None:
    getattr(EngineOfTheSystem(), claim)()  # the rest is the program's: TestTesseractEngine has it


class RapidOcrContract(OcrEngineContract):
    missing_language = "rus"
    runtime = ""

    @pytest.fixture(autouse=True)
    def _is_installed(self) -> None:
        for name in ("rapidocr", self.runtime):
            if find_spec(name) is None:
                pytest.skip(f"{name} is not installed")

    def make_engine(self) -> OcrEngine:
        return RapidOcrEngine(runtime=self.runtime)


class TestRapidOcrOnOnnxRuntime(RapidOcrContract):
    runtime = "onnxruntime"


class TestRapidOcrOnOpenVino(RapidOcrContract):
    runtime = "openvino"
