"""What does isolation cost when nothing goes wrong?"""

from collections.abc import Sequence
from dataclasses import replace

from benchmarks.bench import Bench, Case
from benchmarks.candidates import BARE_PDFIUM, bare_loops, library, measure_item_seconds
from benchmarks.items import document_items, repeat_items
from benchmarks.measurement import find_entry, ratio
from benchmarks.results import CaseResult, Entry, Ratio

COPIES = 8
SEQUENTIAL = "sequential executor"
GOAL = 0.9
NOTE = (
    "A bare loop reads and writes the text. The sequential executor also decides about OCR for each page and writes a record, "
    "in one process. The process executor does the same in worker processes with limits for each page."
)


def run(bench: Bench) -> CaseResult:
    """Run the case: bare loops, pdfbatch in its own process, pdfbatch in worker processes."""
    corpus = bench.corpus.kind("born-digital")
    corpus = corpus.sample(bench.number(len(corpus.documents), 4))
    times, counts = bench.rounds(COPIES), sorted({1, max(bench.workers)})
    items = repeat_items(corpus.documents, times, bench.folder / "isolation")
    seconds = measure_item_seconds(BARE_PDFIUM, document_items(corpus.documents)) * times
    candidates = [
        *(replace(one, writes=True) for one in bare_loops(BARE_PDFIUM, items, counts, seconds) if "queue" in one.name),
        library(SEQUENTIAL, items, 1, writes=True, executor="sequential"),
        *(library(_ours(count), items, count, writes=True) for count in counts),
    ]
    entries = bench.measure(candidates)
    return CaseResult(
        name=CASE.name,
        setting=f"{corpus.setting()}, {times} times",
        entries=entries,
        ratios=tuple(_ratios(entries, counts)),
        notes=(NOTE,),
    )


def _ratios(entries: Sequence[Entry], counts: Sequence[int]) -> list[Ratio]:
    bare = {entry.workers: entry for entry in entries if "bare" in entry.name}
    ours, alone = {count: find_entry(entries, _ours(count)) for count in counts}, find_entry(entries, SEQUENTIAL)
    return [
        ratio(f"{SEQUENTIAL} / {bare[1].name}", alone, bare[1]),
        ratio(f"{ours[1].name} / {SEQUENTIAL}", ours[1], alone),
        *(ratio(f"{ours[count].name} / {bare[count].name}", ours[count], bare[count], goal=GOAL) for count in counts),
    ]


def _ours(count: int) -> str:
    return f"process executor, {count} worker{'s' * (count > 1)}"


CASE = Case(name="isolation", summary="What does isolation cost when nothing goes wrong?", run=run)
