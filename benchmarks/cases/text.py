"""Text from born-digital documents, against loops that do nothing but ask pdfium."""

from collections.abc import Sequence

from benchmarks.bench import Bench, Case
from benchmarks.contest import named, ratio
from benchmarks.contestants import BARE_PDFIUM, bare_loops, item_seconds, library
from benchmarks.inputs import document_items, repeated
from benchmarks.results import CaseResult, Entry, Ratio

COPIES = 16
"""Times that the set is gone through, so that starting is a small part of a run."""

GOAL = 0.95


def run(bench: Bench) -> CaseResult:
    """Measure."""
    corpus = bench.corpus.kind("born-digital")
    times = bench.rounds(COPIES)
    items = repeated(corpus.documents, times, bench.folder / "text")
    seconds = item_seconds(BARE_PDFIUM, document_items(corpus.documents)) * times
    contestants = [*bare_loops(BARE_PDFIUM, items, bench.workers, seconds)]
    for count in bench.workers:
        contestants.append(library(_name(count, writes=False), items, count))
        contestants.append(library(_name(count, writes=True), items, count, writes=True))
    entries = bench.contest(contestants)
    ratios = tuple(one for count in bench.workers for one in _ratios(entries, count))
    return CaseResult(name=CASE.name, setting=f"{corpus.setting()}, {times} times", entries=entries, ratios=ratios)


def _ratios(entries: Sequence[Entry], count: int) -> list[Ratio]:
    bare = [entry for entry in entries if entry.workers == count and "bare" in entry.name]
    return [
        ratio(
            f"{_name(count, writes=writes)} / {loops.name}",
            named(entries, _name(count, writes=writes)),
            loops,
            goal=GOAL,
        )
        for writes in (False, True)
        for loops in bare
    ]


def _name(count: int, *, writes: bool) -> str:
    return f"pdfbatch, {count} worker{'s' * (count > 1)}, {'text and records written' if writes else 'text in results'}"


CASE = Case(name="text", summary="Born-digital documents: how close to bare pdfium loops?", run=run)
