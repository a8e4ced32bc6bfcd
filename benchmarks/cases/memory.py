"""Whether the parent's memory grows over very many documents."""

from collections.abc import Sequence

from benchmarks.bench import Bench, Case
from benchmarks.contest import Contestant
from benchmarks.job import Job
from benchmarks.results import CaseResult, Entry, Ratio, Table

MODULE = "benchmarks.runners.overhead"
GOAL_MB = 10


def run(bench: Bench) -> CaseResult:
    """Measure."""
    count = bench.number(100_000, 200)
    job = Job(workers=max(bench.workers), settings={"documents": count, "marks": 10 if bench.small else 50})
    entries = bench.contest([Contestant(name="streamed without output", module=MODULE, job=job)])
    growth = tuple(run.facts["parent_peak_growth_mb"] for run in entries[0].runs if run.facts)
    return CaseResult(
        name=CASE.name,
        setting=f"{count} documents of one line",
        entries=entries,
        ratios=(
            Ratio(name="growth of the parent in MB after document 1,000", values=growth, goal=GOAL_MB, at_most=True),
        ),
        tables=_tables(entries),
    )


def _tables(entries: Sequence[Entry]) -> tuple[Table, ...]:
    series = [run.series for entry in entries for run in entry.runs if run.series]
    if not series:
        return ()
    pairs = zip(series[0]["documents"], series[0]["resident_mb"], strict=True)
    rows = tuple((f"{documents:,.0f}", f"{size:.1f}") for documents, size in pairs)
    return (Table(title="Resident memory of the parent (first run)", header=("documents", "MB"), rows=rows),)


CASE = Case(name="memory", summary="100,000 streamed documents: does the parent grow?", run=run, heavy=True)
