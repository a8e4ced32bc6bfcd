"""OCR engines: page image to text."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.ocr.automatic import AutoTesseract
    from pdfbatch.ocr.page_orientation import find_orientation_model
    from pdfbatch.ocr.program import VARIABLE, find, version_of, wheel_program
    from pdfbatch.ocr.rapidocr import RapidOcrEngine
    from pdfbatch.ocr.tessdata import find_folder, list_folders, list_languages
    from pdfbatch.ocr.tesseract import TesseractEngine
    from pdfbatch.ocr.tesserocr import TesserocrEngine
    from pdfbatch.ocr.two_readers import TwoReaders
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        automatic="AutoTesseract",
        page_orientation="find_orientation_model",
        program="VARIABLE find version_of wheel_program",
        rapidocr="RapidOcrEngine",
        tessdata="find_folder list_folders list_languages",
        tesseract="TesseractEngine",
        tesserocr="TesserocrEngine",
        two_readers="TwoReaders",
    )

__all__ = [
    "VARIABLE",
    "AutoTesseract",
    "RapidOcrEngine",
    "TesseractEngine",
    "TesserocrEngine",
    "TwoReaders",
    "find",
    "find_folder",
    "find_orientation_model",
    "list_folders",
    "list_languages",
    "version_of",
    "wheel_program",
]
