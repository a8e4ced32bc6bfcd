"""Page image to text."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.ocr.automatic import AutoTesseract
    from pdfbatch.ocr.program import VARIABLE, find, known_version, wheel_program
    from pdfbatch.ocr.tessdata import folder_with, installed_folders, languages_in
    from pdfbatch.ocr.tesseract import TesseractEngine
    from pdfbatch.ocr.tesserocr import TesserocrEngine
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        automatic="AutoTesseract",
        program="VARIABLE find known_version wheel_program",
        tessdata="folder_with installed_folders languages_in",
        tesseract="TesseractEngine",
        tesserocr="TesserocrEngine",
    )

__all__ = [
    "VARIABLE",
    "AutoTesseract",
    "TesseractEngine",
    "TesserocrEngine",
    "find",
    "folder_with",
    "installed_folders",
    "known_version",
    "languages_in",
    "wheel_program",
]
