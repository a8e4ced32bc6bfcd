"""Is the text the engine's own in every executor, with any number of workers, and beside pages read by OCR?"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.bench import Bench, Case
from benchmarks.candidates import library
from benchmarks.corpus import CorpusDocument
from benchmarks.items import document_items
from benchmarks.measurement import Candidate
from benchmarks.results import CaseResult, Ratio
from benchmarks.workload import Item
from pdfbatch.engines import PdfiumEngine
from pdfbatch.errors import DocumentError

WORKERS = (1, 2, 4)
EXECUTORS = ("process", "thread")
MIXED = "mixed documents with OCR: pages with a text layer"
_OTHER_SOURCE, _TEXT_LAYER = "second-engine", "text-layer"

Texts = dict[str, list[str]]


def run(bench: Bench) -> CaseResult:
    """Run the case: compare every page with what pdfium returns in this process. Nothing is timed."""
    corpus = bench.corpus.sample(6) if bench.small else bench.corpus
    items, expected = document_items(corpus.documents), _own_texts(corpus.documents)
    inspect = partial(_compare, expected)
    candidates = [
        library(f"{name}, {count} workers", items, count, writes=True, executor=name)
        for name in EXECUTORS
        for count in ((2,) if bench.small else WORKERS)
    ]
    candidates.append(library("sequential", items, 1, writes=True, executor="sequential"))
    candidates = [replace(one, inspect=inspect) for one in candidates]
    if mixed := document_items(corpus.kind("mixed").documents):
        candidates.append(_beside_ocr(bench, mixed, expected))
    entries = replace(bench, repeat=1).measure(candidates)
    ratios = tuple(
        Ratio(
            name=f"{entry.name}: pages that differ",
            values=tuple(run.facts.get("pages_that_differ", float("nan")) for run in entry.runs),
            goal=0,
            at_most=True,
        )
        for entry in entries
    )
    return CaseResult(name=CASE.name, setting=corpus.setting(), entries=entries, ratios=ratios)


def _beside_ocr(bench: Bench, items: tuple[Item, ...], expected: Texts) -> Candidate:
    wanted = {item.id: expected[item.id] for item in items}
    beside = library(MIXED, items, max(bench.workers), writes=True, ocr="auto", ocr_engine="tesserocr")
    return replace(beside, inspect=partial(_compare, wanted, only=_TEXT_LAYER))


def _own_texts(documents: Iterable[CorpusDocument]) -> Texts:
    return {one.id: _texts(one.path) for one in documents}


def _texts(path: Path) -> list[str]:
    texts: list[str] = []
    try:
        with PdfiumEngine().open(str(path)) as document:
            for number in range(1, document.page_count + 1):
                with document.page(number) as page:
                    texts.append(page.text())
    except DocumentError:
        return []
    return texts


def _compare(expected: Texts, output: Path, *, only: str = "") -> Mapping[str, float]:
    """Count the pages that differ and the pages of the second engine; look only at pages from the source ``only`` if given."""
    differ = other = 0
    for name, texts in expected.items():
        pages = _recorded_pages(output / f"{name}.json")
        other += sum(page["reason"] == _OTHER_SOURCE for page in pages)
        own = [page for page in pages if page["reason"] != _OTHER_SOURCE and only in ("", page["source"])]
        differ += abs(len(texts) - len(pages)) + sum(_differs(page, texts) for page in own)
    return {"pages_that_differ": differ, "pages_of_second_engine": other}


def _differs(page: dict[str, Any], texts: list[str]) -> bool:
    number: int = page["number"]
    return number > len(texts) or page["text"] != texts[number - 1]


def _recorded_pages(record: Path) -> list[dict[str, Any]]:
    if not record.exists():
        return []
    pages: list[dict[str, Any]] = json.loads(record.read_text("utf-8"))["pages"]
    return pages


CASE = Case(name="equality", summary="Is the text the engine's own, whatever the executor?", run=run)
