"""The public contract over all OCR engines."""

from importlib.util import find_spec

import pytest

from pdfbatch.ocr.rapidocr import RapidOcrEngine
from pdfbatch.ocr.tesseract import TesseractEngine
from pdfbatch.ocr.tesserocr import TesserocrEngine
from pdfbatch.ports import OcrEngine
from pdfbatch.testing import OcrEngineContract


class TestTesseractEngine(OcrEngineContract):
    @pytest.fixture(autouse=True)
    def _engine(self, tesseract: TesseractEngine) -> None:
        self.engine = tesseract

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
