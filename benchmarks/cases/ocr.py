"""Scans, with both OCR engines, against loops that only draw a page and have it read."""

from dataclasses import replace

from benchmarks.bench import Bench, Case
from benchmarks.candidates import BARE_OCR, bare_loops, library, measure_item_seconds
from benchmarks.corpus import Corpus
from benchmarks.items import document_items
from benchmarks.measurement import Candidate, find_entry, ratio
from benchmarks.page_classes import ocr_items
from benchmarks.results import CaseResult, Entry, Ratio
from benchmarks.workload import Item

GOAL, GOAL_MB = 0.95, 300
NOTE = (
    "A bare loop reads each page once, as it is. pdfbatch reads a page with weak words again, turned, so turned pages cost it "
    "more than the loop, which misreads them."
)


def run(bench: Bench) -> CaseResult:
    """Run the case. pdfbatch is compared with loops of the same engine."""
    corpus = bench.corpus.kind("scanned")
    corpus = corpus.sample(bench.number(len(corpus.documents), 2))
    pages = tuple(ocr_items(corpus.documents))
    candidates = [one for engine in BARE_OCR for one in _candidates(bench, corpus, pages, engine)]
    entries = bench.measure(candidates)
    ratios = [
        ratio(f"{_name(engine, count)} / {loops.name}", find_entry(entries, _name(engine, count)), loops, goal=GOAL)
        for engine in BARE_OCR
        for count in bench.workers
        for loops in entries
        if loops.workers == count and loops.name.startswith(f"{engine}:")
    ]
    return CaseResult(
        name=CASE.name,
        setting=f"{corpus.setting()}; {len(pages)} pages to read, at the resolutions that the library chooses",
        entries=entries,
        ratios=(*ratios, *(_memory(find_entry(entries, _name(engine, max(bench.workers)))) for engine in BARE_OCR)),
        notes=(NOTE,),
    )


def _memory(entry: Entry) -> Ratio:
    """Return the memory of the largest process below the parent: a worker, or its tesseract program."""
    values = tuple(run.child_bytes / 1e6 for run in entry.runs if not run.error and run.child_bytes)
    return Ratio(name=f"{entry.name}: largest worker in MB", values=values, goal=GOAL_MB, at_most=True)


def _candidates(bench: Bench, corpus: Corpus, pages: tuple[Item, ...], engine: str) -> list[Candidate]:
    module = BARE_OCR[engine]
    seconds = measure_item_seconds(module, pages)
    bare = bare_loops(module, pages, bench.workers, seconds)
    count = len(corpus.documents)
    named_loops = [replace(one, name=f"{engine}: {one.name}", known_documents=count) for one in bare]
    items = document_items(corpus.documents)
    ours = [library(_name(engine, n), items, n, writes=True, ocr="auto", ocr_engine=engine) for n in bench.workers]
    return [*ours, *named_loops]


def _name(engine: str, count: int) -> str:
    return f"pdfbatch with {engine}, {count} worker{'s' * (count > 1)}"


CASE = Case(name="ocr", summary="Scans: how close to bare tesseract loops?", run=run, heavy=True)
