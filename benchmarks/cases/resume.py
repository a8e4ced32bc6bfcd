"""What does it cost to find out that everything is done already?"""

from dataclasses import replace

from benchmarks.bench import Bench, Case
from benchmarks.candidates import library
from benchmarks.items import repeat_items
from benchmarks.measurement import Candidate, find_entry, measure_once, ratio
from benchmarks.results import CaseResult, Ratio

COPIES = 8
FIRST, AGAIN = "first run", "resumed, everything done"


def run(bench: Bench) -> CaseResult:
    """Run the case: a first run, and a second one that resumes over its output."""
    corpus = bench.corpus.kind("born-digital")
    corpus = corpus.sample(bench.number(len(corpus.documents), 4))
    times, count = bench.rounds(COPIES), max(bench.workers)
    items = repeat_items(corpus.documents, times, bench.folder / "resume")
    first = library(FIRST, items, count, writes=True)
    again = _over(bench, library(AGAIN, items, count, writes=True, resume=True), first)
    entries = bench.measure([first, again])
    per_document = tuple(
        one.wall_seconds * 1000 / len(items) for one in find_entry(entries, AGAIN).runs if not one.error
    )
    return CaseResult(
        name=CASE.name,
        setting=f"{corpus.setting()}, {times} times",
        entries=entries,
        ratios=(
            ratio("resumed / first run", find_entry(entries, AGAIN), find_entry(entries, FIRST)),
            Ratio(name="ms of wall time for a document that is done", values=per_document),
        ),
    )


def _over(bench: Bench, again: Candidate, first: Candidate) -> Candidate:
    """Give the candidate an output that a first run has filled."""
    output = bench.folder / "resumed"
    output.mkdir()
    measure_once(replace(first, workload=replace(first.workload, output=str(output))))
    return replace(again, workload=replace(again.workload, output=str(output)))


CASE = Case(name="resume", summary="A second run over a finished output: what does it cost?", run=run)
