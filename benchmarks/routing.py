"""Decide each page as the library would, and compare with the page classes of a corpus."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.corpus import NEEDS_OCR, expand_page_classes
from pdfbatch.engines import PdfiumEngine, PypdfEngine
from pdfbatch.model import Document, Page, Reason
from pdfbatch.settings import Extraction, Limits
from pdfbatch.work import PREVIEW_DPI, PageReader, SecondOpinion, dpi_for, is_blank

HAS_TEXT = "TS"
BLANK = "B"
ROUTES = ("text", "ocr", "blank")

EXTRACTION = Extraction()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutedPage:
    """A page, its class, and what the library decided."""

    document: str
    number: int
    page_class: str
    route: str
    reason: str

    @property
    def right(self) -> bool:
        """Whether the decision is right."""
        wanted = "ocr" if self.page_class in NEEDS_OCR else "blank" if self.page_class == BLANK else "text"
        return self.route == wanted


def route_document(path: Path, name: str, page_classes: str) -> Iterator[RoutedPage]:
    """Yield every page of a document with the decision."""
    with PdfiumEngine().open(str(path)) as document, closing(SecondOpinion(PypdfEngine(), str(path), None)) as second:
        reader = PageReader(
            document=Document(str(path)),
            opened=document,
            extraction=EXTRACTION,
            limits=Limits(),
            second=second,
            ocr_engine=None,
        )
        for number, page_class in enumerate(expand_page_classes(page_classes), 1):
            route, reason = route_page(reader, number)
            yield RoutedPage(document=name, number=number, page_class=page_class, route=route, reason=reason)


def route_page(reader: PageReader, number: int) -> tuple[str, str]:
    """Return what becomes of a page, and why."""
    found = reader.read_text_layer(number)
    if isinstance(found, Page):
        return "blank" if found.reason == Reason.BLANK else "text", found.reason
    with reader.opened.page(number) as page:
        dpi = PREVIEW_DPI if found.may_be_blank else dpi_for(page.facts(), EXTRACTION)
        if is_blank(page.image(dpi), EXTRACTION.rules):  # only a drawn page shows whether it is blank
            return "blank", Reason.BLANK
    return "ocr", found.reason
