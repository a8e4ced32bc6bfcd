"""Does the parent's memory grow over very many documents? How fast does a second run find that all are done?"""

from collections.abc import Sequence
from dataclasses import replace

from benchmarks.bench import Bench, Case
from benchmarks.measurement import Candidate, find_entry
from benchmarks.results import CaseResult, Entry, Ratio, Run, Table
from benchmarks.workload import Setting, Workload
from pdfbatch.samples import tiny_pdf

MODULE = "benchmarks.runners.overhead"
GOAL_MB, GOAL_A_SECOND = 10, 5_000
STREAMED, WRITTEN, RESUMED = "streamed, nothing written", "to a local output", "resumed, everything done"


def run(bench: Bench) -> CaseResult:
    """Run the case: documents made on demand, then files to files, then the same again with nothing left to do."""
    count = bench.number(100_000, 200)
    documents, output = bench.folder / "documents", bench.folder / "output"
    documents.mkdir()
    output.mkdir()
    for number in range(count):
        (documents / f"tiny-{number}.pdf").write_bytes(tiny_pdf(number))
    marks = 10 if bench.small else 50
    settings: dict[str, Setting] = {"documents": count, "marks": marks, "folder": str(documents)}
    written = Workload(workers=max(bench.workers), settings=settings, output=str(output))
    streamed = Workload(workers=max(bench.workers), settings={"documents": count, "marks": marks})
    resumed = replace(written, settings={**settings, "resume": True})
    once = replace(bench, repeat=1)
    entries = (
        *once.measure([_candidate(STREAMED, streamed), _candidate(WRITTEN, written)]),
        *bench.measure([_candidate(RESUMED, resumed)]),
    )
    return CaseResult(
        name=CASE.name,
        setting=f"{count:,} documents of one line",
        entries=entries,
        ratios=(*map(_growth, entries), _rate(find_entry(entries, RESUMED))),
        tables=_tables(entries),
    )


def _candidate(name: str, workload: Workload) -> Candidate:
    return Candidate(name=name, module=MODULE, workload=workload)


def _growth(entry: Entry) -> Ratio:
    name = f"{entry.name}: growth of the parent in MB after document 1,000"
    values = tuple(run.facts["parent_peak_growth_mb"] for run in entry.runs if run.facts)
    return Ratio(name=name, values=values, goal=GOAL_MB, at_most=True)


def _rate(entry: Entry) -> Ratio:
    def skipped(run: Run) -> float:
        return run.documents / run.work_seconds

    values = tuple(skipped(run) for run in entry.runs if not run.error and run.work_seconds)
    return Ratio(name=f"{entry.name}: documents a second", values=values, goal=GOAL_A_SECOND)


def _tables(entries: Sequence[Entry]) -> tuple[Table, ...]:
    """Return the memory over the run, for candidates that took readings."""
    series = {entry.name: entry.runs[0].series for entry in entries if entry.runs and entry.runs[0].series}
    sizes = {name: dict(zip(one["documents"], one["resident_mb"], strict=True)) for name, one in series.items()}
    marks = sorted({mark for one in sizes.values() for mark in one})
    rows = tuple(
        (f"{mark:,.0f}", *(f"{one[mark]:.1f}" if mark in one else "" for one in sizes.values()))
        for mark in marks[:: max(1, len(marks) // 10)]
    )
    title = "Resident memory of the parent in MB (first run)"
    return (Table(title=title, header=("documents", *sizes), rows=rows),) if rows else ()


CASE = Case(name="memory", summary="100,000 documents: does the parent grow? Then resumed", run=run, heavy=True)
