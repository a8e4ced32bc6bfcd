"""One document after the other against five and ten workers, where each document waits a second as for a remote service."""

from collections.abc import Sequence

from benchmarks.bench import Bench, Case
from benchmarks.candidates import library
from benchmarks.measurement import find_entry, ratio
from benchmarks.results import CaseResult, Entry, Ratio, Run
from benchmarks.workload import Item
from pdfbatch.samples import tiny_pdf

SEQUENTIAL = "sequential"
GOALS = {5: 4.9, 10: 9.7}
DELAY_SECONDS = 1.0
SMALL_DELAY_SECONDS = 0.02
PER_WORKER = 60
NOTE = (
    "All candidates run for the same time, because each has the same number of documents for each worker; so the start is the "
    "same share of every run. Ratios compare documents an hour."
)


def run(bench: Bench) -> CaseResult:
    """Run the case, a minute for each candidate."""
    each = bench.number(PER_WORKER, 3)
    delay = SMALL_DELAY_SECONDS if bench.small else DELAY_SECONDS
    items = [_document(bench, number) for number in range(each * max(GOALS))]
    candidates = [library(SEQUENTIAL, items[:each], 1, executor="sequential", delay_seconds=delay)]
    candidates += [library(_name(count), items[: each * count], count, delay_seconds=delay) for count in GOALS]
    entries = bench.measure(candidates)
    return CaseResult(
        name=CASE.name,
        setting=f"{each} documents of one page for each worker; each document waits {delay:g} s",
        entries=entries,
        ratios=tuple(_ratio(entries, count, goal) for count, goal in GOALS.items()),
        notes=(NOTE,),
    )


def _ratio(entries: Sequence[Entry], count: int, goal: float) -> Ratio:
    ours, alone = find_entry(entries, _name(count)), find_entry(entries, SEQUENTIAL)
    return ratio(f"{ours.name} / {SEQUENTIAL}", ours, alone, what=_rate, goal=goal)


def _rate(run: Run) -> float:
    return run.documents_per_hour


def _name(count: int) -> str:
    return f"{count} workers"


def _document(bench: Bench, number: int) -> Item:
    path = bench.folder / f"waiting-{number:04}.pdf"
    path.write_bytes(tiny_pdf(number))
    return Item(id=path.stem, path=str(path))


CASE = Case(name="latency", summary="Sequential, 5 and 10 workers, where each document waits 1 s", run=run, heavy=True)
