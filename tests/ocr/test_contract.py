"""The public contract over both OCR engines."""

import pytest

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
