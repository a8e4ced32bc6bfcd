"""Classes of pages as the library sees them: for corpora without a table, and for loops over single pages."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks.corpus import CorpusDocument
from benchmarks.items import language_for
from benchmarks.workload import Item
from pdfbatch.engines import PdfiumEngine
from pdfbatch.errors import DocumentError
from pdfbatch.ports import OpenPage
from pdfbatch.settings import Extraction
from pdfbatch.work import decide, dpi_for

_LETTERS = {"text": "T", "ocr": "I", "preview": "V", "look": "T"}


def classify_document(path: Path, *, name: str) -> CorpusDocument | None:
    """Return a document with the classes of its pages; ``None`` if pdfium cannot open it."""
    try:
        with PdfiumEngine().open(str(path)) as document:
            classes = "".join(_page_class(document.page(number)) for number in range(1, document.page_count + 1))
    except DocumentError:
        return None
    return CorpusDocument(id=name, path=path, pages=len(classes), page_classes=classes, kind=_kind(classes))


def ocr_items(documents: Sequence[CorpusDocument]) -> Iterator[Item]:
    """Yield one item for each page that needs OCR, at the resolution at which the library draws it."""
    for document in documents:
        if document.ocr_pages:
            with PdfiumEngine().open(str(document.path)) as opened:
                for number in document.ocr_pages:
                    with opened.page(number) as page:
                        dpi = dpi_for(page.facts(), Extraction())
                    yield _page_item(document, number, dpi)


def _page_item(document: CorpusDocument, number: int, dpi: int) -> Item:
    name = f"{document.id}-{number:04}"
    return Item(id=name, path=str(document.path), language=language_for(document), page=number, dpi=dpi)


def _page_class(opened: AbstractContextManager[OpenPage]) -> str:
    with opened as page:
        facts = page.facts()
        decision = decide(page.text(), facts, Extraction().rules)
        return _LETTERS[decision.source] if facts.glyphs or decision.source != "text" else "B"


def _kind(classes: str) -> str:
    needing = sum(letter in "IV" for letter in classes)
    if needing == 0:
        return "born-digital"
    return "scanned" if "T" not in classes else "mixed"
