"""What does OCR cost on your pages, and how right is it, by engine? The table of the page about scans is made of it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from benchmarks.accuracy import Score, scores_of, total
from benchmarks.bench import Bench, Case
from benchmarks.candidates import library
from benchmarks.corpus import Corpus, CorpusDocument
from benchmarks.items import document_items
from benchmarks.measurement import Candidate
from benchmarks.results import CaseResult, Entry, Table

ENGINES = ("tesseract", "tesserocr", "rapidocr", "tesseract+rapidocr")
HEADER = ("your pages", "engine", "character error rate", "word recall", "CPU seconds a page", "memory in MB")
MOST_PAGES = 6
NOTE = (
    "One worker reads all documents with each engine. CPU seconds are those that the records have for the pages; the first one "
    "pays for loading the model. Memory is that of the largest process, a worker or its tesseract program, over the whole run. "
    "A language without data here is read in English."
)

Wanted = Callable[[CorpusDocument], bool]


def _has(*tags: str) -> Wanted:
    return lambda document: not document.tags.isdisjoint(tags)


GROUPS: tuple[tuple[str, Wanted], ...] = (
    ("photographed receipts", _has("receipt")),
    ("a font that looks like handwriting", _has("handwriting-font")),
    ("faxes", _has("fax")),
    ("turned or skewed pages", _has("rotated", "skewed")),
    ("other languages than English", lambda document: document.language != "eng"),
    ("office print", lambda _: True),
)
"""A document belongs to the first group whose condition it meets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a group of documents cost, and how right they were read."""

    score: Score
    pages: int
    cpu_seconds: float


Costs = dict[str, dict[str, Cost]]
"""By engine, then by group."""


def run(bench: Bench) -> CaseResult:
    """Run the case on scans with a true text and few pages. ``--documents`` are those of each group."""
    corpus = bench.corpus.where(_is_wanted)
    groups = {name: corpus.where(partial(_is_in, name)).sample(bench.number(4, 1)) for name, _ in GROUPS}
    documents = tuple(document for group in groups.values() for document in group.documents)
    found: Costs = {}
    entries = bench.measure([_candidate(engine, groups, documents, found) for engine in ENGINES])
    return CaseResult(
        name=CASE.name,
        setting=replace(corpus, documents=documents).setting(),
        entries=entries,
        tables=(_table(entries, found),),
        notes=(NOTE,),
    )


def _is_wanted(document: CorpusDocument) -> bool:
    is_known = document.truth is not None and (document.truth_quality == "exact" or "receipt" in document.tags)
    return document.kind == "scanned" and is_known and document.pages <= MOST_PAGES


def _is_in(group: str, document: CorpusDocument) -> bool:
    return next(name for name, is_wanted in GROUPS if is_wanted(document)) == group


def _candidate(
    engine: str, groups: Mapping[str, Corpus], documents: Sequence[CorpusDocument], found: Costs
) -> Candidate:
    candidate = library(engine, document_items(documents), 1, writes=True, ocr="auto", ocr_engine=engine)
    package = {"tesserocr": "tesserocr", "tesseract": "pdfbatch"}.get(engine, "rapidocr")
    missing = "" if find_spec(package) is not None else f"{package} is not installed"
    return replace(candidate, inspect=partial(_inspect, found, engine, groups), missing=missing)


def _inspect(found: Costs, engine: str, groups: Mapping[str, Corpus], output: Path) -> Mapping[str, float]:
    found[engine] = costs = {
        name: cost for name, group in groups.items() if (cost := cost_of(output, group.documents, engine)).pages
    }
    whole = total(cost.score for cost in costs.values())
    return {"cer": whole.cer, "wer": whole.wer, "word_recall": whole.recall}


def cost_of(output: Path, documents: Sequence[CorpusDocument], engine: str) -> Cost:
    """Return what the records of an output say that OCR of documents cost, and how right their texts are.

    Raises ``ValueError`` if another engine has read one of their pages.
    """
    records = [json.loads((output / f"{one.id}.json").read_text("utf-8")) for one in documents]
    names = {page["ocr"]["engine"] for record in records for page in record["pages"] if "ocr" in page}
    if not names <= {engine, *engine.split("+")}:
        raise ValueError(f"pages were read by {', '.join(sorted(names))}, and not by {engine} alone")
    seconds = [second for record in records for second in record["run"]["page_cpu_seconds"].values()]
    return Cost(score=total(scores_of(output, documents).values()), pages=len(seconds), cpu_seconds=sum(seconds))


def _table(entries: Sequence[Entry], found: Costs) -> Table:
    memory = {entry.name: round(entry.median(lambda run: run.child_bytes) / 1e6) for entry in entries}
    rows = tuple(
        (
            f"{group} ({cost.pages})",
            engine,
            f"{cost.score.cer:.3f}",
            f"{cost.score.recall:.3f}",
            f"{cost.cpu_seconds / cost.pages:.2f}",
            str(memory[engine]),
        )
        for group, _ in reversed(GROUPS)
        for engine, costs in found.items()
        if (cost := costs.get(group)) is not None
    )
    return Table(title="What OCR costs", header=HEADER, rows=rows)


CASE = Case(name="ocr-cost", summary="Scans: errors, CPU and memory by kind of page and engine", run=run, heavy=True)
