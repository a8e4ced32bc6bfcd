"""Engines for tests of the whole flow: scans without PDFs, and an OCR engine whose answers are known beforehand."""

import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pdfbatch.errors import DependencyError
from pdfbatch.model import DocumentExtras
from pdfbatch.ports import Box, OpenDocument, OpenPage, PageFacts, Reading
from pdfbatch.testing import Fault, PlainEngine, commit

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True)
class ScanEngine:
    """Reads plain documents; a page that begins with ``scan:`` has no text layer, but a picture that ``EchoOcr`` reads."""

    @property
    def name(self) -> str:
        return "scan"

    @property
    def version(self) -> str:
        return "1"

    @contextmanager
    def open(
        self, source: str | bytes, *, password: str | None = None, annotations: bool = True
    ) -> Generator[OpenDocument]:
        with PlainEngine().open(source, password=password, annotations=annotations) as document:
            yield _Scanned(document)


class PassingDocument:
    """A document that passes everything on to another; its subclasses change something."""

    def __init__(self, document: OpenDocument) -> None:
        self._document = document

    @property
    def page_count(self) -> int:
        return self._document.page_count

    @property
    def metadata(self) -> Mapping[str, str]:
        return self._document.metadata

    @property
    def extras(self) -> DocumentExtras:
        return self._document.extras

    @contextmanager
    def page(self, number: int) -> Generator[OpenPage]:
        with self._document.page(number) as page:
            yield page


class _Scanned(PassingDocument):
    @property
    def metadata(self) -> Mapping[str, str]:
        return {"Title": "a scan"}

    @contextmanager
    def page(self, number: int) -> Generator[OpenPage]:
        with super().page(number) as page:
            yield _Scan(page.text()) if page.text().startswith("scan:") else page


class _Scan:
    def __init__(self, text: str) -> None:
        self._text = text

    def text(self) -> str:
        return ""

    def text_boxes(self) -> Sequence[Box]:
        return ()

    def facts(self) -> PageFacts:
        return PageFacts(width=72.0, height=72.0, image_coverage=1.0, image_dpi=200.0, images=1)

    def image(self, dpi: float) -> "Image":
        """A picture whose grey values spell the text, behind enough black that it is not blank."""
        from PIL import Image

        spelled = self._text.removeprefix("scan:").encode()
        picture = Image.new("L", (200, 200), 255)
        picture.paste(0, (0, 100, 200, 200))
        picture.putpixel((0, 0), len(spelled))
        for place, value in enumerate(spelled, start=1):
            picture.putpixel((place, 0), value)
        return picture


@dataclass(frozen=True, slots=True)
class EchoOcr:
    """Reads what ``ScanEngine`` draws. ``fault:`` in a text commits the fault; languages beside ``languages`` are missing.

    It takes ``seconds`` a page.
    """

    languages: tuple[str, ...] = ("eng",)
    seconds: float = 0.0

    @property
    def name(self) -> str:
        return "echo"

    @property
    def version(self) -> str:
        return "1"

    def check(self, languages: str) -> None:
        missing = sorted(set(languages.split("+")) - set(self.languages))
        if missing:
            raise DependencyError(f"language {', '.join(missing)} is not installed")

    def read(self, image: "Image", *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        time.sleep(self.seconds)
        greys = image.tobytes()
        text = greys[1 : greys[0] + 1].decode()
        if text.startswith("fault:"):
            commit(Fault(text.removeprefix("fault:")))
        return Reading(text=text, confidence=90.0, words=len(text.split()))

    def orientation(self, image: "Image", *, timeout: float | None = None) -> int | None:
        return None
