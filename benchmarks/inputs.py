"""Inputs that cases put together: sets repeated without being duplicates, page items, languages that can be read."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from benchmarks.corpus import Corpus, CorpusDocument
from benchmarks.job import Item
from pdfbatch.errors import DependencyError
from pdfbatch.ocr import find, list_folders, list_languages

FALLBACK_LANGUAGE = "eng"
SMALL_BYTES = 100_000


def repeated(documents: Sequence[CorpusDocument], times: int, folder: Path) -> tuple[Item, ...]:
    """The set several times over. From the second time on it consists of copies with a comment more at the end, of another
    length each time, so that no two documents are the same or take a close look to be told apart.
    """
    items = list(document_items(documents))
    for time in range(1, times):
        items += [_copy(item, time, folder) for item in document_items(documents)]
    return tuple(items)


def small_documents(corpus: Corpus, count: int, folder: Path) -> tuple[tuple[Item, ...], str]:
    """So many born-digital documents of 100 kB at most, made of a corpus, and what they are."""
    small = corpus.kind("born-digital").where(lambda one: one.path.stat().st_size <= SMALL_BYTES)
    items = repeated(small.documents, -(-count // len(small.documents)), folder)[:count]
    return items, f"{count:,} documents of {SMALL_BYTES // 1000} kB at most, made of {small.setting()}"


def document_items(documents: Sequence[CorpusDocument]) -> tuple[Item, ...]:
    """One item for each document."""
    return tuple(Item(id=one.id, path=str(one.path), language=language_for(one)) for one in documents)


def language_for(document: CorpusDocument) -> str:
    """The document's language where both OCR engines have data for it, else English."""
    return document.language if document.language in _readable() else FALLBACK_LANGUAGE


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
