"""Decide each page as the library would, and compare with the page classes of a corpus."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.corpus import NEEDS_OCR, expand_page_classes
from pdfbatch.engines import PdfiumEngine
from pdfbatch.model import Reason
from pdfbatch.ports import OpenPage
from pdfbatch.settings import Extraction
from pdfbatch.work import PREVIEW_DPI, decide, dpi_for, is_blank, needs_inspection

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
    with PdfiumEngine().open(str(path)) as document:
        for number, page_class in enumerate(expand_page_classes(page_classes), 1):
            with document.page(number) as page:
                route, reason = route_page(page)
            yield RoutedPage(document=name, number=number, page_class=page_class, route=route, reason=reason)


def route_page(page: OpenPage) -> tuple[str, str]:
    """Return what becomes of a page, and why."""
    text, rules = page.text(), EXTRACTION.rules
    if not needs_inspection(text, rules):
        return "text", Reason.TEXT_LAYER
    facts = page.facts()
    decision = decide(text, facts, rules)
    if decision.source == "text":
        return "blank" if decision.reason is Reason.BLANK else "text", decision.reason
    dpi = PREVIEW_DPI if decision.source == "preview" else dpi_for(facts, EXTRACTION)
    if is_blank(page.image(dpi), rules):  # only a drawn page shows whether it is blank
        return "blank", Reason.BLANK
    return "ocr", decision.reason
