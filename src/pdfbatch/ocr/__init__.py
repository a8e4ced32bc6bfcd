"""OCR engines: page image to text."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.ocr.automatic import AutoTesseract
    from pdfbatch.ocr.program import VARIABLE, find, version_of, wheel_program
    from pdfbatch.ocr.tessdata import find_folder, list_folders, list_languages
    from pdfbatch.ocr.tesseract import TesseractEngine
    from pdfbatch.ocr.tesserocr import TesserocrEngine
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        automatic="AutoTesseract",
        program="VARIABLE find version_of wheel_program",
        tessdata="find_folder list_folders list_languages",
        tesseract="TesseractEngine",
        tesserocr="TesserocrEngine",
    )

__all__ = [
    "VARIABLE",
    "AutoTesseract",
    "TesseractEngine",
    "TesserocrEngine",
    "find",
    "find_folder",
    "list_folders",
    "list_languages",
    "version_of",
    "wheel_program",
]
