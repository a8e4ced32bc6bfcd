"""Does a packed output carry very many documents: flat memory, steady throughput, a quick resume?"""

from benchmarks.bench import Bench, Case
from benchmarks.measurement import Candidate
from benchmarks.results import CaseResult, Entry, Ratio
from benchmarks.workload import Setting, Workload

MODULE = "benchmarks.runners.million"
DOCUMENTS = 1_000_000
LAYOUTS = ("jsonl", "parquet")
GOALS = (
    ("growth of the parent in MB", "parent_growth_mb", 20.0, True),
    ("parent CPU a document at the end, for one at the start", "cpu_end_to_start", 1.1, True),
    ("resumed documents a second", "resume_per_second", 20_000.0, False),
    ("seconds until a resume has its first document", "resume_start_seconds", 5.0, True),
)


def run(bench: Bench) -> CaseResult:
    """Run the case."""
    count = bench.number(DOCUMENTS, 400)
    entries = bench.measure([_written(bench, count, layout) for layout in LAYOUTS])
    ratios = tuple(_ratio(entry, *goal) for entry in entries for goal in GOALS)
    return CaseResult(name=CASE.name, setting=f"{count} documents of one line", entries=entries, ratios=ratios)


def _ratio(entry: Entry, what: str, fact: str, goal: float, at_most: bool) -> Ratio:
    values = tuple(run.facts[fact] for run in entry.runs if fact in run.facts)
    return Ratio(name=f"{what}, {entry.name}", values=values, goal=goal, at_most=at_most)


def _written(bench: Bench, count: int, layout: str) -> Candidate:
    settings: dict[str, Setting] = {"documents": count, "layout": layout, "deduplicate": False}
    workload = Workload(workers=max(bench.workers), settings=settings)
    return Candidate(name=layout, module=MODULE, workload=workload, writes=True)


CASE = Case(name="million", summary="1,000,000 tiny documents into a packed output, and its resume", run=run)
