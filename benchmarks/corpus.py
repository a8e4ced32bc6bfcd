"""Documents that are measured, and what is known about them."""

import csv
import re
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

MANIFEST = "MANIFEST.tsv"
NEEDS_OCR = "IPV"


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusDocument:
    """A document, and what its corpus says of it.

    ``kind``: ``born-digital``, ``scanned``, ``mixed``, ``searchable-scan``. ``page_classes`` is one letter a page: ``T`` text,
    ``S`` text over a page image, ``I`` image, ``P`` image with a stamp, ``V`` drawing, ``B`` nothing. ``truth`` is a file with
    the text that a perfect reader would find.
    """

    id: str
    path: Path
    pages: int
    page_classes: str
    kind: str
    tags: frozenset[str] = frozenset()
    language: str = "eng"
    truth: Path | None = None
    truth_quality: str = ""

    @property
    def ocr_pages(self) -> tuple[int, ...]:
        """Numbers (from 1) of the pages that have no usable text layer."""
        return tuple(number for number, letter in enumerate(self.page_classes, 1) if letter in NEEDS_OCR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """Documents under a name. ``baseline`` is a table of another reader's accuracy, if the corpus has one."""

    name: str
    documents: tuple[CorpusDocument, ...]
    baseline: Path | None = None

    def where(self, wanted: Callable[[CorpusDocument], bool]) -> "Corpus":
        """Return the corpus with only the documents that a condition accepts."""
        return replace(self, documents=tuple(document for document in self.documents if wanted(document)))

    def kind(self, *kinds: str) -> "Corpus":
        """Return the corpus with only the documents of these kinds."""
        return self.where(lambda document: document.kind in kinds)

    def without(self, tags: frozenset[str]) -> "Corpus":
        """Return the corpus without the documents that have one of the tags."""
        return self.where(lambda document: not document.tags & tags)

    def sample(self, count: int) -> "Corpus":
        """Return the corpus with at most ``count`` documents, evenly spread from first to last."""
        step = max(1.0, len(self.documents) / max(count, 1))
        chosen = (int(number * step) for number in range(min(count, len(self.documents))))
        return replace(self, documents=tuple(self.documents[index] for index in chosen))

    @property
    def pages(self) -> int:
        """Number of pages of all documents."""
        return sum(document.pages for document in self.documents)

    def describe(self) -> dict[str, str | int | float]:
        """Return what a reader of a figure must know: documents, pages, share of scanned pages, median size."""
        sizes = [document.path.stat().st_size for document in self.documents]
        scanned = sum(len(document.ocr_pages) for document in self.documents)
        return {
            "name": self.name,
            "documents": len(self.documents),
            "pages": self.pages,
            "scanned_share": round(scanned / self.pages, 3) if self.pages else 0.0,
            "median_pages": statistics.median(document.pages for document in self.documents) if sizes else 0,
            "median_bytes": round(statistics.median(sizes)) if sizes else 0,
        }

    def setting(self) -> str:
        """Return the description as one line."""
        facts = self.describe()
        return (
            f"{facts['documents']} documents, {facts['pages']} pages, {float(facts['scanned_share']):.0%} of them scanned, "
            f"median {facts['median_pages']} pages and {int(facts['median_bytes']) / 1000:.0f} kB"
        )


def rows(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a tab-separated table."""
    with open(path, encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


def expand_page_classes(page_classes: str) -> str:
    """Return one letter a page: ``"TI2T"`` becomes ``"TIIT"``."""
    return "".join(letter * int(count or 1) for letter, count in re.findall(r"([A-Z])(\d*)", page_classes))
