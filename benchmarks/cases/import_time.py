"""What does ``import pdfbatch`` cost over an interpreter that does nothing?"""

import sys
from collections.abc import Callable

from benchmarks.bench import Bench, Case
from benchmarks.measurement import Candidate, find_entry, measure_in_turns
from benchmarks.results import CaseResult, Entry, Ratio, Run

TIMES = 25
GOAL_MS = 60
_STATEMENTS = {
    "nothing": "pass",
    "import pdfbatch": "import pdfbatch",
    "process_batch": "from pdfbatch import process_batch",
}

_COSTS: dict[str, Callable[[Run], float]] = {
    "wall time": lambda run: run.wall_seconds,
    "CPU": lambda run: run.cpu_seconds,
}


def run(bench: Bench) -> CaseResult:
    """Run the case. Its runs are short, so it repeats them more often than other cases do."""
    candidates = [
        Candidate(name=name, command=(sys.executable, "-c", statement)) for name, statement in _STATEMENTS.items()
    ]
    entries = measure_in_turns(candidates, repeat=3 if bench.small else TIMES, say=lambda _: None)
    bare = find_entry(entries, "nothing")
    ratios = tuple(
        _over(bare, find_entry(entries, name), what) for name in _STATEMENTS if name != "nothing" for what in _COSTS
    )
    return CaseResult(name=CASE.name, setting=f"{len(bare.runs)} starts each, in turns", ratios=ratios)


def _over(bare: Entry, entry: Entry, what: str) -> Ratio:
    pairs = zip(entry.runs, bare.runs, strict=True)
    return Ratio(
        name=f"{entry.name}: ms of {what} over bare Python",
        values=tuple((_COSTS[what](a) - _COSTS[what](b)) * 1000 for a, b in pairs),
        goal=GOAL_MS if entry.name == "import pdfbatch" else None,
        at_most=True,
    )


CASE = Case(name="import", summary="What does importing the package cost?", run=run)
