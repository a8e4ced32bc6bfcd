"""The OCR engines of ``tests.ocr``, for tests of what a worker does with them."""

from importlib.util import find_spec

import pytest

from pdfbatch.ports import OcrEngine
from tests.ocr.conftest import engine, program, tesseract, tesserocr

__all__ = ["engine", "program", "tesseract", "tesserocr"]


@pytest.fixture
def reader(request: pytest.FixtureRequest) -> OcrEngine:
    """Whichever engine is the quickest here: for tests of what becomes of pages, not of who reads them."""
    found: OcrEngine = request.getfixturevalue("tesserocr" if find_spec("tesserocr") else "tesseract")
    return found
