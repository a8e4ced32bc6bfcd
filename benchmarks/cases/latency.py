"""The users' headline where each document waits for a second, as with a remote service."""

from collections.abc import Sequence

from benchmarks.bench import Bench, Case
from benchmarks.contest import named, ratio
from benchmarks.contestants import library
from benchmarks.job import Item
from benchmarks.results import CaseResult, Entry, Ratio
from pdfbatch.samples import tiny_pdf

SEQUENTIAL = "sequential"
GOALS = {5: 4.9, 10: 9.7}
DELAY_SECONDS = 1.0
SMALL_DELAY_SECONDS = 0.05


def run(bench: Bench) -> CaseResult:
    """Measure. The documents are so many that starting ten workers is a small part of a run."""
    count = bench.number(300, 10)
    delay = SMALL_DELAY_SECONDS if bench.small else DELAY_SECONDS
    items = [_document(bench, number) for number in range(count)]
    contestants = [library(SEQUENTIAL, items, 1, executor="sequential", delay_seconds=delay)]
    contestants += [library(f"{workers} workers", items, workers, delay_seconds=delay) for workers in GOALS]
    entries = bench.contest(contestants)
    ratios = tuple(_ratio(entries, workers, goal) for workers, goal in GOALS.items())
    setting = f"{count} documents of one page, each waits {delay:g} s"
    return CaseResult(name=CASE.name, setting=setting, entries=entries, ratios=ratios)


def _ratio(entries: Sequence[Entry], workers: int, goal: float) -> Ratio:
    name = f"{workers} workers"
    return ratio(f"{name} / sequential", named(entries, name), named(entries, SEQUENTIAL), goal=goal)


def _document(bench: Bench, number: int) -> Item:
    path = bench.folder / f"waiting-{number:04}.pdf"
    path.write_bytes(tiny_pdf(number))
    return Item(id=path.stem, path=str(path))


CASE = Case(name="latency", summary="Sequential, 5 and 10 workers where each document waits 1 s", run=run, heavy=True)
