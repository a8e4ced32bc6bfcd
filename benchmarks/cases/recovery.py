"""What does it cost when documents kill their worker, or hang?"""

from collections.abc import Iterator, Sequence

from benchmarks.bench import Bench, Case
from benchmarks.candidates import BARE_PDFIUM, library, measure_item_seconds
from benchmarks.items import document_items, repeat_items
from benchmarks.measurement import find_entry, ratio
from benchmarks.results import CaseResult, Entry, Ratio
from benchmarks.workload import Item
from pdfbatch.samples import text_pdf
from pdfbatch.testing import Fault

KILL_EVERY, HANG_EVERY = 50, 100
LIMIT_SECONDS = 2.0
COPIES = 8
QUICK_SECONDS = 0.25
"""Documents that take longer are left out, because they must stay far from the limit."""

UNDISTURBED = "undisturbed"


def run_killed(bench: Bench) -> CaseResult:
    """Run the case: one document in 50 kills its worker with SIGKILL, at every attempt."""
    items, setting = _items(bench, Fault.KILL, every=5 if bench.small else KILL_EVERY)
    entries = _entries(bench, items, "a worker killed now and then")
    disturbed, calm = find_entry(entries, "a worker killed now and then"), find_entry(entries, UNDISTURBED)
    return CaseResult(
        name=KILLED.name,
        setting=setting,
        entries=entries,
        ratios=(ratio("killed / undisturbed", disturbed, calm, goal=0.9),),
    )


def run_hanging(bench: Bench) -> CaseResult:
    """Run the case: one document in 100 hangs in a C function that holds the GIL; the limit is 2 s a document."""
    items, setting = _items(bench, Fault.HANG_GIL, every=10 if bench.small else HANG_EVERY)
    entries = _entries(bench, items, "a document hangs now and then", document_timeout=LIMIT_SECONDS)
    hangs = sum(item.id.startswith("fault") for item in items)
    disturbed, calm = find_entry(entries, "a document hangs now and then"), find_entry(entries, UNDISTURBED)
    lost = hangs * LIMIT_SECONDS / max(bench.workers)
    return CaseResult(
        name=HANGING.name,
        setting=f"{setting}; limit {LIMIT_SECONDS:g} s a document",
        entries=entries,
        ratios=(_by_theory(disturbed, calm, lost),),
        notes=(
            f"In theory the {hangs} documents that hang cost {lost:.1f} s: the limit, once for each, shared by the workers.",
        ),
    )


def _entries(bench: Bench, items: Sequence[Item], name: str, **settings: float) -> tuple[Entry, ...]:
    count = max(bench.workers)
    return bench.measure(
        [
            library(UNDISTURBED, items, count, writes=True, faults=False, **settings),
            library(name, items, count, writes=True, faults=True, **settings),
        ]
    )


def _by_theory(disturbed: Entry, calm: Entry, lost_seconds: float) -> Ratio:
    pairs = ((a, b) for a, b in zip(disturbed.runs, calm.runs, strict=False) if not a.error and not b.error)
    values = tuple(a.wall_seconds / (b.wall_seconds + lost_seconds) for a, b in pairs)
    return Ratio(name="time / (undisturbed time + limit x hangs / workers)", values=values, goal=1.05, at_most=True)


def _items(bench: Bench, fault: Fault, *, every: int) -> tuple[tuple[Item, ...], str]:
    """Return born-digital documents with one bad one in every ``every``; it is harmless if faults are switched off."""
    corpus = bench.corpus.kind("born-digital")
    seconds = dict(
        zip(corpus.documents, measure_item_seconds(BARE_PDFIUM, document_items(corpus.documents)), strict=True)
    )
    corpus = corpus.where(lambda document: seconds[document] < QUICK_SECONDS)
    times = 2 if bench.small else bench.rounds(COPIES)
    good = repeat_items(corpus.documents, times, bench.folder / str(fault))
    items = tuple(_with_bad(bench, good, fault, every))
    bad = len(items) - len(good)
    return items, f"{corpus.setting()}, {times} times; {bad} bad ones, one in every {every}"


def _with_bad(bench: Bench, good: Sequence[Item], fault: Fault, every: int) -> Iterator[Item]:
    for number, item in enumerate(good, 1):
        yield item
        if number % (every - 1) == 0:
            path = bench.folder / f"fault-{fault}-{number}.pdf"
            path.write_bytes(
                text_pdf([f"This document says fault:{fault} number {number}, and nothing else of interest."])
            )
            yield Item(id=f"fault-{number}", path=str(path))


KILLED = Case(name="killed", summary="A document in every 50 kills its worker: what does it cost?", run=run_killed)
HANGING = Case(name="hanging", summary="A document in every 100 hangs, limit 2 s: what does it cost?", run=run_hanging)
