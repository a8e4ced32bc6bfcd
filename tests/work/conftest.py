"""The OCR engines of ``tests.ocr``, for tests of what a worker does with them."""

from tests.ocr.conftest import engine, program, tesseract, tesserocr

__all__ = ["engine", "program", "tesseract", "tesserocr"]
