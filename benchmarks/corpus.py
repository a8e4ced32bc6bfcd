"""The documents that are measured, and what is known about them."""

import csv
import json
import os
import re
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

VARIABLE = "PDFBATCH_CORPUS"
BESIDE = Path(__file__).resolve().parents[2] / "shared" / "corpus"
MANIFEST = "MANIFEST.tsv"
NEEDS_OCR = "IPV"


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusDocument:
    """A document with what its corpus says of it.

    ``kind``: ``born-digital``, ``scanned``, ``mixed``, ``searchable-scan``. ``page_classes`` is one letter a page: ``T`` text,
    ``S`` text over a page image, ``I`` image, ``P`` image with a stamp, ``V`` drawing, ``B`` nothing. ``truth`` is a text file
    with what a perfect reader would find.
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
        """The numbers (from 1) of the pages that have no text layer to speak of."""
        return tuple(number for number, letter in enumerate(self.page_classes, 1) if letter in NEEDS_OCR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """Documents under a name. ``baseline`` is a table of another reader's accuracy, where the corpus has one."""

    name: str
    documents: tuple[CorpusDocument, ...]
    baseline: Path | None = None

    def where(self, wanted: Callable[[CorpusDocument], bool]) -> "Corpus":
        """Those of the documents."""
        return replace(self, documents=tuple(document for document in self.documents if wanted(document)))

    def kind(self, *kinds: str) -> "Corpus":
        """The documents of these kinds."""
        return self.where(lambda document: document.kind in kinds)

    def without(self, tags: frozenset[str]) -> "Corpus":
        """The documents that have none of the tags."""
        return self.where(lambda document: not document.tags & tags)

    def sample(self, count: int) -> "Corpus":
        """At most ``count`` documents, evenly from first to last."""
        step = max(1.0, len(self.documents) / max(count, 1))
        chosen = (int(number * step) for number in range(min(count, len(self.documents))))
        return replace(self, documents=tuple(self.documents[index] for index in chosen))

    @property
    def pages(self) -> int:
        """Pages of all documents."""
        return sum(document.pages for document in self.documents)

    def make_up(self) -> dict[str, str | int | float]:
        """What a reader of a number has to know: documents, pages, share of scanned pages, median size."""
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
        """The make-up as one line."""
        facts = self.make_up()
        return (
            f"{facts['documents']} documents, {facts['pages']} pages, {float(facts['scanned_share']):.0%} of them scanned, "
            f"median {facts['median_pages']} pages and {int(facts['median_bytes']) / 1000:.0f} kB"
        )


def default_place() -> Path | None:
    """The corpus of the environment, or the one beside the repository; ``None`` when neither is there."""
    named = os.environ.get(VARIABLE)
    place = Path(named) if named else BESIDE
    return place if named or place.is_dir() else None


def load(place: Path) -> Corpus:
    """A corpus from a folder with a ``MANIFEST.tsv``, a manifest in JSON, or any folder with PDFs.

    What no table says is measured. Raises ``ValueError`` when there is no document.
    """
    if not place.exists():
        raise ValueError(f"{place} does not exist: name a folder with PDFs or a manifest")
    documents = tuple(_listed(place) if (place / MANIFEST).is_file() else _surveyed(place))
    if not documents:
        raise ValueError(f"{place} holds no document: name a folder with PDFs or a manifest")
    baseline = place / "BASELINE.tsv"
    return Corpus(name=place.stem, documents=documents, baseline=baseline if baseline.is_file() else None)


def rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a table whose cells are parted by tabs."""
    with open(path, encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


def expanded(page_classes: str) -> str:
    """``"TI2T"`` as one letter a page: ``"TIIT"``."""
    return "".join(letter * int(count or 1) for letter, count in re.findall(r"([A-Z])(\d*)", page_classes))


def _listed(folder: Path) -> Iterator[CorpusDocument]:
    for row in rows(folder / MANIFEST):
        yield CorpusDocument(
            id=row["id"],
            path=folder / row["file"],
            pages=int(row["pages"]),
            page_classes=expanded(row["page_classes"]),
            kind=row["kind"],
            tags=frozenset(tag for tag in row["tags"].split(",") if tag),
            language=row["language"] or "eng",
            truth=folder / row["truth"] if row["truth"] else None,
            truth_quality=row["truth_quality"],
        )


def _surveyed(place: Path) -> Iterator[CorpusDocument]:
    from benchmarks.survey import surveyed

    paths = sorted(place.rglob("*.[pP][dD][fF]")) if place.is_dir() else _of_manifest(place)
    for number, path in enumerate(paths, 1):
        document = surveyed(path, name=f"d{number:06}")
        if document is not None:
            yield document


def _of_manifest(path: Path) -> list[Path]:
    entries = json.loads(path.read_text("utf-8"))["documents"]
    return [path.parent / entry["file_path"] for entry in entries]
