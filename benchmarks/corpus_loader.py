"""Find and load a corpus: from a table, a manifest, or any folder with PDFs."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

from benchmarks.corpus import MANIFEST, Corpus, CorpusDocument, expand_page_classes, rows
from benchmarks.page_classes import classify_document

VARIABLE = "PDFBATCH_CORPUS"


def default_place() -> Path | None:
    """Return the corpus that the environment names; ``None`` if it names none."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else None


def load(place: Path) -> Corpus:
    """Load a corpus from a folder with a ``MANIFEST.tsv``, a manifest in JSON, or any folder with PDFs.

    Without a table, pages and their classes are found out by opening the documents. Raise ``ValueError`` if there is no
    document.
    """
    if not place.exists():
        raise ValueError(f"{place} does not exist: name a folder with PDFs or a manifest")
    documents = tuple(_listed(place) if (place / MANIFEST).is_file() else _classified(place))
    if not documents:
        raise ValueError(f"{place} holds no document: name a folder with PDFs or a manifest")
    baseline = place / "BASELINE.tsv"
    return Corpus(name=place.stem, documents=documents, baseline=baseline if baseline.is_file() else None)


def _listed(folder: Path) -> Iterator[CorpusDocument]:
    for row in rows(folder / MANIFEST):
        yield CorpusDocument(
            id=row["id"],
            path=folder / row["file"],
            pages=int(row["pages"]),
            page_classes=expand_page_classes(row["page_classes"]),
            kind=row["kind"],
            tags=frozenset(tag for tag in row["tags"].split(",") if tag),
            language=row["language"] or "eng",
            truth=folder / row["truth"] if row["truth"] else None,
            truth_quality=row["truth_quality"],
        )


def _classified(place: Path) -> Iterator[CorpusDocument]:
    paths = sorted(place.rglob("*.[pP][dD][fF]")) if place.is_dir() else _of_manifest(place)
    for number, path in enumerate(paths, 1):
        document = classify_document(path, name=f"d{number:06}")
        if document is not None:
            yield document


def _of_manifest(path: Path) -> list[Path]:
    entries = json.loads(path.read_text("utf-8"))["documents"]
    return [path.parent / entry["file_path"] for entry in entries]
