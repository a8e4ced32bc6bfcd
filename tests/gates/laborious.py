"""Engines for gates that use CPU time and note in a file what they read."""

import hashlib
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pdfbatch.ports import OcrEngine, OpenDocument, OpenPage, Reading, TextEngine
from pdfbatch.testing import FaultyEngine
from tests.stand_ins import EchoOcr, PassingDocument

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True, kw_only=True)
class LaboriousEngine:
    """Read as ``engine`` does, and compute for ``seconds`` of CPU time on each page.

    Append the name of each document that is opened to the file ``journal``.
    """

    engine: TextEngine = field(default_factory=FaultyEngine)
    seconds: float = 0.005
    journal: str = ""

    @property
    def name(self) -> str:
        return f"laborious-{self.engine.name}"

    @property
    def version(self) -> str:
        return "1"

    @contextmanager
    def open(
        self, source: str | bytes, *, password: str | None = None, annotations: bool = True
    ) -> Generator[OpenDocument]:
        if isinstance(source, str):
            _note(self.journal, os.path.basename(source))
        with self.engine.open(source, password=password, annotations=annotations) as document:
            yield _Laborious(document, self.seconds)


class _Laborious(PassingDocument):
    def __init__(self, document: OpenDocument, seconds: float) -> None:
        super().__init__(document)
        self._seconds = seconds

    @contextmanager
    def page(self, number: int) -> Generator[OpenPage]:
        compute(self._seconds)
        with super().page(number) as page:
            yield page


@dataclass(frozen=True, slots=True, kw_only=True)
class LaboriousOcr:
    """Read as ``engine`` does after ``seconds`` of CPU time; append each text to the file ``journal``."""

    engine: OcrEngine = field(default_factory=EchoOcr)
    seconds: float = 0.005
    journal: str = ""

    @property
    def name(self) -> str:
        return "laborious-ocr"

    @property
    def version(self) -> str:
        return "1"

    def check(self, languages: str) -> None:
        self.engine.check(languages)

    def read(self, image: "Image", *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        compute(self.seconds)
        reading = self.engine.read(image, languages=languages, dpi=dpi, timeout=timeout)
        _note(self.journal, reading.text)
        return reading

    def orientation(self, image: "Image", *, timeout: float | None = None) -> int | None:
        return self.engine.orientation(image, timeout=timeout)


def compute(seconds: float) -> None:
    """Use this many seconds of CPU time, however busy the machine is."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        hashlib.sha256(bytes(4096)).digest()


def _note(journal: str, line: str) -> None:
    if journal:
        with open(journal, "ab", buffering=0) as file:  # one write: lines of several processes stay whole
            file.write(f"{line}\n".encode())
