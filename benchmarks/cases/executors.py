"""How do the executors compare with each other?"""

from benchmarks.bench import Bench, Case
from benchmarks.candidates import library
from benchmarks.items import document_items, repeat_items
from benchmarks.measurement import find_entry, ratio
from benchmarks.results import CaseResult
from benchmarks.workload import Item

EXECUTORS = ("process", "thread", "futures-process", "futures-thread")
SEQUENTIAL = "sequential"
COPIES = 8
SCANS = 8


def run(bench: Bench) -> CaseResult:
    """Run the case on text and on a few scans."""
    digital, scans = bench.corpus.kind("born-digital"), bench.corpus.kind("scanned")
    digital = digital.sample(bench.number(len(digital.documents), 4))
    scans = scans.sample(1 if bench.small else SCANS)
    times = bench.rounds(COPIES)
    sets: dict[str, tuple[Item, ...]] = {
        "text": repeat_items(digital.documents, times, bench.folder / "executors"),
        "scans": document_items(scans.documents),
    }
    if bench.small:
        del sets["scans"]
    count = max(bench.workers)
    candidates = [
        library(f"{what}: {name}", items, 1 if name == SEQUENTIAL else count, writes=True, executor=name, ocr="auto")
        for what, items in sets.items()
        for name in (SEQUENTIAL, *EXECUTORS)
    ]
    entries = bench.measure(candidates)
    ratios = tuple(
        ratio(
            f"{what}: {name} / sequential",
            find_entry(entries, f"{what}: {name}"),
            find_entry(entries, f"{what}: {SEQUENTIAL}"),
        )
        for what in sets
        for name in EXECUTORS
    )
    setting = f"text: {digital.setting()}, {times} times; scans: {scans.setting()}; {count} workers"
    return CaseResult(name=CASE.name, setting=setting, entries=entries, ratios=ratios)


CASE = Case(name="executors", summary="The executors against each other, on text and on scans", run=run)
