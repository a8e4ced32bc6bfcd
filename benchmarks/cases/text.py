"""Text from born-digital documents, against loops that only ask pdfium."""

from collections.abc import Sequence

from benchmarks.bench import Bench, Case
from benchmarks.candidates import BARE_PDFIUM, bare_loops, library, measure_item_seconds
from benchmarks.items import document_items, repeat_items
from benchmarks.measurement import find_entry, ratio
from benchmarks.results import CaseResult, Entry, Ratio

COPIES = 16
"""Rounds over the documents, so that the start is a small part of a run."""

IN_RESULTS, IN_FILES, IN_PACKS = "text in results", "text and records written", "rows of a packed layout written"
GOALS = {IN_RESULTS: 0.92, IN_FILES: 0.80, IN_PACKS: 0.90}


def run(bench: Bench) -> CaseResult:
    """Run the case."""
    corpus = bench.corpus.kind("born-digital")
    times = bench.rounds(COPIES)
    items = repeat_items(corpus.documents, times, bench.folder / "text")
    seconds = measure_item_seconds(BARE_PDFIUM, document_items(corpus.documents)) * times
    candidates = [*bare_loops(BARE_PDFIUM, items, bench.workers, seconds)]
    for count in bench.workers:
        candidates.append(library(_name(count, IN_RESULTS), items, count))
        candidates.append(library(_name(count, IN_FILES), items, count, writes=True))
        candidates.append(library(_name(count, IN_PACKS), items, count, writes=True, layout="jsonl"))
    entries = bench.measure(candidates)
    ratios = tuple(one for count in bench.workers for one in _ratios(entries, count))
    return CaseResult(name=CASE.name, setting=f"{corpus.setting()}, {times} times", entries=entries, ratios=ratios)


def _ratios(entries: Sequence[Entry], count: int) -> list[Ratio]:
    bare = [entry for entry in entries if entry.workers == count and "bare" in entry.name]
    return [
        ratio(
            f"{_name(count, place)} / {loops.name}",
            find_entry(entries, _name(count, place)),
            loops,
            goal=goal,
        )
        for place, goal in GOALS.items()
        for loops in bare
    ]


def _name(count: int, place: str) -> str:
    return f"pdfbatch, {count} worker{'s' * (count > 1)}, {place}"


CASE = Case(name="text", summary="Born-digital documents: how close to bare pdfium loops?", run=run)
