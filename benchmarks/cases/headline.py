"""One document after the other against five and ten workers, where the cores are the limit."""

from collections.abc import Sequence

from benchmarks.bench import Bench, Case
from benchmarks.candidates import BARE_PDFIUM, bare_loops, library, measure_item_seconds
from benchmarks.items import document_items, repeat_items
from benchmarks.measurement import find_entry, ratio
from benchmarks.results import CaseResult, Entry, Ratio

SEQUENTIAL = "sequential"
WORKERS = (5, 10)
COPIES = 8
GOAL = 0.9


def run(bench: Bench) -> CaseResult:
    """Run the case on text, which keeps a core busy all the time; bare loops show what these cores can gain."""
    corpus = bench.corpus.kind("born-digital")
    corpus = corpus.sample(bench.number(len(corpus.documents), 4))
    times = bench.rounds(COPIES)
    items = repeat_items(corpus.documents, times, bench.folder / "headline")
    seconds = measure_item_seconds(BARE_PDFIUM, document_items(corpus.documents)) * times
    loops = [one for one in bare_loops(BARE_PDFIUM, items, (1, bench.cores), seconds) if "queue" in one.name]
    candidates = [library(SEQUENTIAL, items, 1, writes=True, executor="sequential")]
    candidates += [library(_name(count), items, count, writes=True) for count in WORKERS]
    entries = bench.measure([*candidates, *(loops if bench.cores > 1 else loops[:1])])
    limit = _limit(entries, bench.cores)
    return CaseResult(
        name=CASE.name,
        setting=f"{corpus.setting()}, {times} times",
        entries=entries,
        ratios=tuple(one for count in WORKERS for one in _ratios(entries, count, limit)) + ((limit,) if limit else ()),
        notes=(_note(bench.cores, limit),),
    )


def _limit(entries: Sequence[Entry], cores: int) -> Ratio | None:
    """Return what all cores gain over one in bare loops; ``None`` on a machine with one core."""
    if cores == 1:
        return None
    alone, together = (next(e for e in entries if "bare" in e.name and e.workers == count) for count in (1, cores))
    return ratio(f"the limit: {together.name} / {alone.name}", together, alone)


def _ratios(entries: Sequence[Entry], count: int, limit: Ratio | None) -> tuple[Ratio, ...]:
    gain = ratio(f"{_name(count)} / {SEQUENTIAL}", find_entry(entries, _name(count)), find_entry(entries, SEQUENTIAL))
    if limit is None or not limit.values:
        return (gain,)
    shares = tuple(value / limit.median for value in gain.values)
    return gain, Ratio(name=f"{_name(count)}: share of the limit", values=shares, goal=GOAL)


def _note(cores: int, limit: Ratio | None) -> str:
    most = f"{limit.median:.2f} times" if limit is not None else "no more than"
    return (
        f"The work is all computation, and there are {cores} cores. Bare loops on all of them do {most} what one does, and no "
        "number of workers can gain more: 5 times need 5 physical cores, 10 times need 10. Where documents wait, as for a "
        "remote service, workers gain what the headline says on any machine: see the case 'latency'."
    )


def _name(count: int) -> str:
    return f"{count} workers"


CASE = Case(name="headline", summary="Sequential, 5 and 10 workers, where the cores are the limit", run=run)
