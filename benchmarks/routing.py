"""Which pages go to OCR, held against a corpus whose page classes are known.

    python -m benchmarks.routing CORPUS

``CORPUS`` (or ``PDFBATCH_CORPUS``) is a folder with documents and a ``MANIFEST.tsv`` whose column ``page_classes`` says what
each page is, run-length coded: ``T`` text, ``S`` text over a page image, ``I`` image only, ``P`` page image with a stamp,
``V`` drawing without text, ``B`` nothing. Prints a table of class against decision and every page that was decided wrongly;
ends with 1 when a page that needs OCR did not get it, more than 1 % of the others did, or a blank one was not recognised.
"""

import csv
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pdfbatch.engines import PdfiumEngine
from pdfbatch.model import Reason
from pdfbatch.ports import OpenPage
from pdfbatch.settings import Extraction
from pdfbatch.work import PREVIEW_DPI, Decision, decide, dpi_for, is_blank, needs_inspection

NEEDS_OCR = "IPV"
HAS_TEXT = "TS"
BLANK = "B"
OUTCOMES = ("text", "ocr", "blank")

EXTRACTION = Extraction()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutedPage:
    """A page, the class it is of, and what became of it."""

    document: str
    number: int
    page_class: str
    outcome: str
    reason: str

    @property
    def right(self) -> bool:
        """Whether that was right."""
        wanted = "ocr" if self.page_class in NEEDS_OCR else "blank" if self.page_class == BLANK else "text"
        return self.outcome == wanted


def main(arguments: list[str]) -> int:
    """Run over the corpus that is named; the exit code says whether the requirements are met."""
    pages = list(routed_corpus(corpus_folder(arguments)))
    print(table(pages))
    for page in pages:
        if not page.right:
            print(f"{page.document} page {page.number}: {page.page_class} became {page.outcome} ({page.reason})")
    complaints = list(unmet(pages))
    print(*complaints or ["all requirements met"], sep="\n")
    return 1 if complaints else 0


def corpus_folder(arguments: list[str]) -> Path:
    """The corpus to run over: the argument, the environment's, or the one beside the repository."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "corpus"
    return Path(arguments[0] if arguments else os.environ.get("PDFBATCH_CORPUS", beside))


def routed_corpus(corpus: Path) -> Iterator[RoutedPage]:
    """Every page of the corpus, decided."""
    with open(corpus / "MANIFEST.tsv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield from routed_document(corpus / row["file"], row["id"], row["page_classes"])


def routed_document(path: Path, name: str, page_classes: str) -> Iterator[RoutedPage]:
    """Every page of a document, decided."""
    with PdfiumEngine().open(str(path)) as document:
        for number, page_class in enumerate(expanded(page_classes), 1):
            with document.page(number) as page:
                outcome, reason = outcome_of(page)
            yield RoutedPage(document=name, number=number, page_class=page_class, outcome=outcome, reason=reason)


def outcome_of(page: OpenPage) -> tuple[str, str]:
    """What becomes of a page, and why."""
    text, rules = page.text(), EXTRACTION.rules
    if not needs_inspection(text, rules):
        return "text", Reason.TEXT_LAYER
    facts = page.facts()
    decision = decide(text, facts, rules)
    if decision.source == "text":
        return "blank" if decision.reason is Reason.BLANK else "text", decision.reason
    dpi = PREVIEW_DPI if decision.source == "preview" else dpi_for(facts, EXTRACTION)
    return drawn_outcome(page, decision, dpi)


def drawn_outcome(page: OpenPage, decision: Decision, dpi: int) -> tuple[str, str]:
    """What becomes of a page that is drawn before OCR."""
    if is_blank(page.image(dpi), EXTRACTION.rules):
        return "blank", Reason.BLANK
    return "ocr", decision.reason


def expanded(page_classes: str) -> str:
    """``"TI2T"`` as one letter a page: ``"TIIT"``."""
    return "".join(letter * int(count or 1) for letter, count in re.findall(r"([A-Z])(\d*)", page_classes))


def table(pages: list[RoutedPage]) -> str:
    """Classes against what became of them."""
    counts = Counter((page.page_class, page.outcome) for page in pages)
    head = "class" + "".join(f"{outcome:>8}" for outcome in OUTCOMES)
    rows = (
        f"{page_class:5}" + "".join(f"{counts[page_class, outcome]:8}" for outcome in OUTCOMES)
        for page_class in HAS_TEXT + NEEDS_OCR + BLANK
    )
    return "\n".join((head, *rows))


def unmet(pages: list[RoutedPage]) -> Iterator[str]:
    """The requirements that are not met, in words."""
    with_text = [page for page in pages if page.page_class in HAS_TEXT]
    needless = sum(page.outcome == "ocr" for page in with_text)
    missed = sum(page.page_class in NEEDS_OCR and not page.right for page in pages)
    unseen = sum(page.page_class == BLANK and not page.right for page in pages)
    if missed:
        yield f"{missed} pages that need OCR did not get it"
    if needless > 0.01 * len(with_text):
        yield f"{needless} of {len(with_text)} pages with text went to OCR"
    if unseen:
        yield f"{unseen} blank pages were not recognised"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
