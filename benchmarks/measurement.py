"""Measure candidates in turns (A B A B), so that a machine that slows down slows down all of them."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.percentiles import percentile
from benchmarks.results import Entry, Ratio, Run
from benchmarks.usage import Usage, measure_command
from benchmarks.workload import Workload, WorkloadResult, read_result, write

REPOSITORY = Path(__file__).resolve().parents[1]

PEERS = "benchmarks.peers."
OURS = ("benchmarks.runners.library", "benchmarks.runners.overhead")

Inspect = Callable[[Path], Mapping[str, float]]
"""Look at an output folder before it is removed, and return facts for the run."""


RunContext = Callable[[], AbstractContextManager[dict[str, float]]]
"""Entered before a run and left after it, for example to stop a server. The entries of its dict become facts of the
run.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A program to measure: ``python -m module WORKLOAD RESULT``, or ``command`` as it is, without a workload.

    ``writes`` gives each run a new output folder, which is removed after ``inspect`` has looked at it. ``missing`` says why
    it cannot run here. ``known_documents`` and ``known_pages`` are the size of the workload if the runner cannot count it.
    """

    name: str
    module: str = ""
    command: tuple[str, ...] = ()
    workload: Workload = field(default_factory=Workload)
    writes: bool = False
    inspect: Inspect | None = None
    context: RunContext | None = None
    python: str = sys.executable
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    known_documents: int = 0
    known_pages: int = 0
    timeout: float | None = None
    missing: str = ""


def measure_in_turns(
    candidates: Sequence[Candidate],
    *,
    repeat: int,
    say: Callable[[str], None],
    run_candidate: Callable[[Candidate], Run] | None = None,
) -> tuple[Entry, ...]:
    """Run each candidate ``repeat`` times, in turns; ``run_candidate`` does one run (default ``measure_once``)."""
    run_candidate = run_candidate or measure_once
    present = [candidate for candidate in candidates if not candidate.missing]
    runs: dict[str, list[Run]] = {candidate.name: [] for candidate in candidates}
    for turn in range(repeat):
        for candidate in present:
            run = run_candidate(candidate)
            runs[candidate.name].append(run)
            say(f"  {turn + 1}/{repeat} {candidate.name}: {run.error or f'{run.wall_seconds:.2f} s'}")
    return tuple(
        Entry(
            name=one.name,
            workers=one.workload.workers,
            runs=tuple(runs[one.name]),
            missing=one.missing,
            peer=one.module.startswith(PEERS),
            ours=one.module in OURS,
        )
        for one in candidates
    )


def measure_once(candidate: Candidate, *, before_command: Sequence[str] = ()) -> Run:
    """Run a candidate once and measure it. ``before_command`` is a program that runs the command and watches it."""
    context: RunContext = candidate.context or _no_context
    with context() as seen:
        usage, result, inspected = _execute(candidate, before_command)
    return _run(candidate, usage, result, {**inspected, **seen})


def measure_item_costs(candidate: Candidate) -> dict[str, float]:
    """Measure the seconds of each item in one run. Raise ``RuntimeError`` if the run leaves no result."""
    usage, result, _ = _execute(candidate)
    if result is None:
        raise RuntimeError(f"{candidate.name}: {usage.message}")
    return dict(result.document_seconds)


def speed(run: Run) -> float:
    """Return the speed of a run; it compares candidates that did the same work."""
    return 1 / run.wall_seconds


def ratio(
    name: str,
    first: Entry,
    second: Entry,
    *,
    what: Callable[[Run], float] = speed,
    goal: float | None = None,
    at_most: bool = False,
) -> Ratio:
    """Divide ``first`` by ``second``, pair by pair of runs, leaving out runs with an error."""
    pairs = ((a, b) for a, b in zip(first.runs, second.runs, strict=False) if not a.error and not b.error)
    values = tuple(what(a) / what(b) for a, b in pairs if what(b))
    return Ratio(name=name, values=values, goal=goal, at_most=at_most)


def find_entry(entries: Iterable[Entry], name: str) -> Entry:
    """Return the entry with a name."""
    return next(entry for entry in entries if entry.name == name)


def _no_context() -> AbstractContextManager[dict[str, float]]:
    return nullcontext({})


def _execute(
    candidate: Candidate, before_command: Sequence[str] = ()
) -> tuple[Usage, WorkloadResult | None, Mapping[str, float]]:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        workload = _with_output(candidate, folder)
        usage = measure_command(
            [*before_command, *_command(candidate, folder)],
            environment={**os.environ, **candidate.environment, "PYTHONPATH": str(REPOSITORY)},
            folder=REPOSITORY,
            errors=folder / "errors",
            timeout=candidate.timeout,
        )
        result = read_result(folder / "result.json")
        return usage, result, _inspect(candidate, workload, result)


def _inspect(candidate: Candidate, workload: Workload, result: WorkloadResult | None) -> Mapping[str, float]:
    if candidate.inspect is None or workload.output is None or result is None:
        return {}
    return candidate.inspect(Path(workload.output))


def _with_output(candidate: Candidate, folder: Path) -> Workload:
    workload = candidate.workload
    if candidate.writes and workload.output is None:
        output = folder / "output"
        output.mkdir()
        workload = replace(workload, output=str(output))
    write(folder / "workload.json", workload)
    return workload


def _command(candidate: Candidate, folder: Path) -> list[str]:
    if candidate.command:
        return list(candidate.command)
    return [candidate.python, "-m", candidate.module, str(folder / "workload.json"), str(folder / "result.json")]


def _run(candidate: Candidate, usage: Usage, result: WorkloadResult | None, seen: Mapping[str, float]) -> Run:
    found = result or WorkloadResult()
    seconds = list(found.document_seconds.values())
    return Run(
        wall_seconds=usage.wall_seconds,
        cpu_seconds=usage.cpu_seconds,
        work_seconds=found.seconds,
        documents=candidate.known_documents or found.documents,
        pages=found.pages or (candidate.known_pages if found.documents else 0),
        failures=found.failures,
        parent_bytes=usage.parent_bytes,
        child_bytes=usage.child_bytes,
        tree_bytes=usage.tree_bytes,
        p50=percentile(seconds, 0.50),
        p95=percentile(seconds, 0.95),
        error=_error(candidate, usage, result),
        errors=tuple(found.errors),
        facts={**found.facts, **seen},
        series=found.series,
    )


def _error(candidate: Candidate, usage: Usage, result: WorkloadResult | None) -> str:
    if usage.status:
        return f"ended with status {usage.status}: {usage.message}"
    return "" if result is not None or candidate.command else "left no result"
