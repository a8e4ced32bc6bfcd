"""Items of a workload: repeated document sets, small documents, languages that can be read."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from benchmarks.corpus import Corpus, CorpusDocument
from benchmarks.workload import Item
from pdfbatch.errors import DependencyError
from pdfbatch.ocr import find, list_folders, list_languages

FALLBACK_LANGUAGE = "eng"
SMALL_BYTES = 100_000


def repeat_items(documents: Sequence[CorpusDocument], times: int, folder: Path) -> tuple[Item, ...]:
    """Return the documents ``times`` times over.

    From the second time on they are copies with a comment at the end. Its length differs each time, so that no two documents
    are duplicates and their size alone shows it.
    """
    items = list(document_items(documents))
    for time in range(1, times):
        items += [_copy(item, time, folder) for item in document_items(documents)]
    return tuple(items)


def small_documents(corpus: Corpus, count: int, folder: Path) -> tuple[tuple[Item, ...], str]:
    """Return ``count`` born-digital documents of 100 kB at most, and a description of them."""
    small = corpus.kind("born-digital").where(lambda one: one.path.stat().st_size <= SMALL_BYTES)
    items = repeat_items(small.documents, -(-count // len(small.documents)), folder)[:count]
    return items, f"{count:,} documents of {SMALL_BYTES // 1000} kB at most, made of {small.setting()}"


def document_items(documents: Sequence[CorpusDocument]) -> tuple[Item, ...]:
    """Return one item for each document."""
    return tuple(Item(id=one.id, path=str(one.path), language=language_for(one)) for one in documents)


def language_for(document: CorpusDocument) -> str:
    """Return the document's language if both OCR engines have data for it, else English."""
    return readable_language(document.language)


def readable_language(language: str) -> str:
    """Return a language if both OCR engines have data for it, else English."""
    return language if language in _readable() else FALLBACK_LANGUAGE


@cache
def _readable() -> frozenset[str]:
    try:
        programs = find().languages()
    except DependencyError:
        return frozenset()
    return programs & {language for folder in list_folders() for language in list_languages(folder)}


def _copy(item: Item, time: int, folder: Path) -> Item:
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{item.id}-{time:02}.pdf"
    if not target.exists():
        target.write_bytes(Path(item.path).read_bytes() + b"\n%% copy" + b"." * time + b"\n")
    return replace(item, id=target.stem, path=str(target))
