"""Scans, with both OCR engines, against loops that do nothing but draw a page and have it read."""

from dataclasses import replace

from benchmarks.bench import Bench, Case
from benchmarks.contest import Contestant, named, ratio
from benchmarks.contestants import BARE_OCR, bare_loops, item_seconds, library
from benchmarks.corpus import Corpus
from benchmarks.inputs import document_items
from benchmarks.job import Item
from benchmarks.results import CaseResult, Entry, Ratio
from benchmarks.survey import ocr_items

GOAL, GOAL_MB = 0.95, 300
NOTE = (
    "A bare loop reads each page once, as it lies; pdfbatch reads a page again, turned, when its words are weak, so pages that "
    "lie on their side or head cost it more than the loop, which gets them wrong."
)


def run(bench: Bench) -> CaseResult:
    """Measure. Who is measured against whom is of one engine."""
    corpus = bench.corpus.kind("scanned")
    corpus = corpus.sample(bench.number(len(corpus.documents), 2))
    pages = tuple(ocr_items(corpus.documents))
    contestants = [one for engine in BARE_OCR for one in _contestants(bench, corpus, pages, engine)]
    entries = bench.contest(contestants)
    ratios = [
        ratio(f"{_name(engine, count)} / {loops.name}", named(entries, _name(engine, count)), loops, goal=GOAL)
        for engine in BARE_OCR
        for count in bench.workers
        for loops in entries
        if loops.workers == count and loops.name.startswith(f"{engine}:")
    ]
    return CaseResult(
        name=CASE.name,
        setting=f"{corpus.setting()}; {len(pages)} pages to read, at the resolutions that the library chooses",
        entries=entries,
        ratios=(*ratios, *(_memory(named(entries, _name(engine, max(bench.workers)))) for engine in BARE_OCR)),
        notes=(NOTE,),
    )


def _memory(entry: Entry) -> Ratio:
    """The largest process below the parent: a worker, or the tesseract program that it started."""
    values = tuple(run.child_bytes / 1e6 for run in entry.runs if not run.error and run.child_bytes)
    return Ratio(name=f"{entry.name}: largest worker in MB", values=values, goal=GOAL_MB, at_most=True)


def _contestants(bench: Bench, corpus: Corpus, pages: tuple[Item, ...], engine: str) -> list[Contestant]:
    module = BARE_OCR[engine]
    seconds = item_seconds(module, pages)
    bare = bare_loops(module, pages, bench.workers, seconds)
    count = len(corpus.documents)
    named_loops = [replace(one, name=f"{engine}: {one.name}", known_documents=count) for one in bare]
    items = document_items(corpus.documents)
    ours = [library(_name(engine, n), items, n, writes=True, ocr="auto", ocr_engine=engine) for n in bench.workers]
    return [*ours, *named_loops]


def _name(engine: str, count: int) -> str:
    return f"pdfbatch with {engine}, {count} worker{'s' * (count > 1)}"


CASE = Case(name="ocr", summary="Scans: how close to bare tesseract loops?", run=run, heavy=True)
