"""Tesseract as the library in this process or as a program: whichever of the two suits the process and the languages."""

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pdfbatch.errors import DependencyError
from pdfbatch.ports import OcrEngine, Reading

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoTesseract:
    """OCR by ``library`` in workers, by ``program`` in the process ``host``; for languages that the one lacks, by the other.

    ``host`` is the process that made the engine. There a crash of the library would take the caller along, and
    its OpenMP threads would do as they please, which is why the program goes first when a batch had to fall back to threads.
    """

    library: OcrEngine
    program: OcrEngine
    host: int = field(default_factory=os.getpid)

    @property
    def name(self) -> str:
        """``tesseract``: a resume does not read anew what the other of the two has read."""
        return "tesseract"

    @property
    def version(self) -> str:
        """The versions of both, the program's when it is there. Starts the program once."""
        program = self.program.version
        return f"{self.library.version} ({self.library.name})" + (f" or {program} (program)" if program else "")

    def check(self, languages: str) -> None:
        """Raise ``DependencyError`` when neither can read these languages. Starts no program when the library can."""
        try:
            self.library.check(languages)
        except DependencyError:
            self.program.check(languages)

    def read(self, image: "Image", *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        """Read a picture with the one that has the languages."""
        return self._suited(languages).read(image, languages=languages, dpi=dpi, timeout=timeout)

    def orientation(self, image: "Image", *, timeout: float | None = None) -> int | None:
        """The turn that stands the picture upright, by the one that has ``osd.traineddata``."""
        return self._suited("osd").orientation(image, timeout=timeout)

    def _suited(self, languages: str) -> OcrEngine:
        first, second = self.library, self.program
        if os.getpid() == self.host:
            first, second = second, first
        try:
            first.check(languages)
        except DependencyError:
            return second
        return first
