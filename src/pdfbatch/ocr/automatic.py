"""Choose between tesseract as a library and as a program, for each page."""

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pdfbatch.errors import DependencyError
from pdfbatch.ports import OcrEngine, Reading, SupportsLanguages

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoTesseract:
    """Read by ``library`` in workers and by ``program`` in the process ``host``; by the other one for languages it lacks.

    ``host`` is the id of the process that made the engine. In it the program goes first, because a crash of the library
    would end the caller's process, and because nothing there limits the library's OpenMP threads. A batch reads in its
    host's process when it fell back to threads.
    """

    library: OcrEngine
    program: OcrEngine
    host: int = field(default_factory=os.getpid)

    @property
    def name(self) -> str:
        """``tesseract``, whichever of the two reads: a resume does not repeat what the other one read."""
        return "tesseract"

    @property
    def version(self) -> str:
        """Versions of the library and, if it is installed, of the program. The first call starts the program."""
        program = self.program.version
        return f"{self.library.version} ({self.library.name})" + (f" or {program} (program)" if program else "")

    def check(self, languages: str) -> None:
        """Raise ``DependencyError`` when neither can read these languages. Start no program when the library can."""
        try:
            self.library.check(languages)
        except DependencyError:
            self.program.check(languages)

    def list_languages(self) -> frozenset[str]:
        """Return the languages that one of the two can read. The first call starts the program."""
        return _languages_of(self.library) | _languages_of(self.program)

    def read(self, image: "Image", *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        """Read an image with the one that has the languages."""
        return self._choose(languages).read(image, languages=languages, dpi=dpi, timeout=timeout)

    def orientation(self, image: "Image", *, timeout: float | None = None) -> int | None:
        """Return the clockwise turn that puts the image upright, found by the one that has ``osd.traineddata``."""
        return self._choose("osd").orientation(image, timeout=timeout)

    def _choose(self, languages: str) -> OcrEngine:
        first, second = self.library, self.program
        if os.getpid() == self.host:
            first, second = second, first
        try:
            first.check(languages)
        except DependencyError:
            return second
        return first


def _languages_of(engine: OcrEngine) -> frozenset[str]:
    return engine.list_languages() if isinstance(engine, SupportsLanguages) else frozenset()
