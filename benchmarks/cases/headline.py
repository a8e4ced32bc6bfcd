"""The users' headline: one document after the other against five and ten workers, where the cores are the limit."""

from benchmarks.bench import Bench, Case
from benchmarks.contest import named, ratio
from benchmarks.contestants import library
from benchmarks.inputs import repeated
from benchmarks.results import CaseResult

SEQUENTIAL = "sequential"
WORKERS = (5, 10)
COPIES = 8


def run(bench: Bench) -> CaseResult:
    """Measure on text, which keeps a core busy all the time."""
    corpus = bench.corpus.kind("born-digital")
    corpus = corpus.sample(bench.number(len(corpus.documents), 4))
    times = bench.rounds(COPIES)
    items = repeated(corpus.documents, times, bench.folder / "headline")
    contestants = [library(SEQUENTIAL, items, 1, writes=True, executor="sequential")]
    contestants += [library(f"{count} workers", items, count, writes=True) for count in WORKERS]
    entries = bench.contest(contestants)
    return CaseResult(
        name=CASE.name,
        setting=f"{corpus.setting()}, {times} times",
        entries=entries,
        ratios=tuple(
            ratio(f"{count} workers / sequential", named(entries, f"{count} workers"), named(entries, SEQUENTIAL))
            for count in WORKERS
        ),
        notes=(_limit(bench.cores),),
    )


def _limit(cores: int) -> str:
    return (
        f"The work is all computation, and there are {cores} cores: no number of workers can be faster than {cores} times one. "
        "Where documents wait for a service, see the case 'latency'."
    )


CASE = Case(name="headline", summary="Sequential, 5 and 10 workers where the cores are the limit", run=run)
