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


class TestTesseractEngineOfTheSystem(OcrEngineContract):
    """With the system's data, which may hold those for orientation."""

    def make_engine(self) -> OcrEngine:
        return TesseractEngine()


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
