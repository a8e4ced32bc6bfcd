"""What it costs to find out that everything is done already."""

from dataclasses import replace

from benchmarks.bench import Bench, Case
from benchmarks.contest import Contestant, named, one_run, ratio
from benchmarks.contestants import library
from benchmarks.inputs import repeated
from benchmarks.results import CaseResult, Ratio

COPIES = 8
FIRST, AGAIN = "first run", "resumed, everything done"


def run(bench: Bench) -> CaseResult:
    """Measure a first run against one that resumes over its output."""
    corpus = bench.corpus.kind("born-digital")
    corpus = corpus.sample(bench.number(len(corpus.documents), 4))
    times, count = bench.rounds(COPIES), max(bench.workers)
    items = repeated(corpus.documents, times, bench.folder / "resume")
    first = library(FIRST, items, count, writes=True)
    again = _over(bench, library(AGAIN, items, count, writes=True, resume=True), first)
    entries = bench.contest([first, again])
    per_document = tuple(one.wall_seconds * 1000 / len(items) for one in named(entries, AGAIN).runs if not one.error)
    return CaseResult(
        name=CASE.name,
        setting=f"{corpus.setting()}, {times} times",
        entries=entries,
        ratios=(
            ratio("resumed / first run", named(entries, AGAIN), named(entries, FIRST)),
            Ratio(name="ms of wall time for a document that is done", values=per_document),
        ),
    )


def _over(bench: Bench, again: Contestant, first: Contestant) -> Contestant:
    """The contestant with an output that a first run has filled."""
    output = bench.folder / "resumed"
    output.mkdir()
    one_run(replace(first, job=replace(first.job, output=str(output))))
    return replace(again, job=replace(again.job, output=str(output)))


CASE = Case(name="resume", summary="A second run over a finished output: what does it cost?", run=run)
