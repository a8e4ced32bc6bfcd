"""What does each document cost the parent process, and does its memory grow?"""

from benchmarks.bench import Bench, Case
from benchmarks.measurement import Candidate
from benchmarks.results import CaseResult, Ratio
from benchmarks.workload import Workload
from pdfbatch.samples import tiny_pdf

MODULE = "benchmarks.runners.overhead"


def run(bench: Bench) -> CaseResult:
    """Run the case."""
    count = bench.number(10_000, 200)
    for number in range(count):
        (bench.folder / f"tiny-{number}.pdf").write_bytes(tiny_pdf(number))
    candidates = [_streamed(bench, count, writes=writes) for writes in (False, True)]
    entries = bench.measure(candidates)
    ratios = [
        Ratio(
            name=f"{what}, {entry.name}",
            values=tuple(run.facts[fact] for run in entry.runs if fact in run.facts),
            goal=goal,
            at_most=True,
        )
        for entry in entries
        for what, fact, goal in (
            ("parent CPU in ms a document", "parent_ms_per_document", 0.3),
            ("growth of the parent in MB after document 1,000", "parent_growth_mb", 10),
        )
    ]
    return CaseResult(name=CASE.name, setting=f"{count} documents of one line", entries=entries, ratios=tuple(ratios))


def _streamed(bench: Bench, count: int, *, writes: bool) -> Candidate:
    name = "with output" if writes else "without output"
    workload = Workload(workers=max(bench.workers), settings={"documents": count, "folder": str(bench.folder)})
    return Candidate(name=name, module=MODULE, workload=workload, writes=writes)


CASE = Case(name="overhead", summary="10,000 tiny documents: what does each cost the parent process?", run=run)
