"""Contestants measured in turns: A B A B, so that a machine that slows down slows down everybody."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.job import Job, Outcome, read_outcome, write
from benchmarks.percentiles import percentile
from benchmarks.results import Entry, Ratio, Run
from benchmarks.usage import Usage, measured

REPOSITORY = Path(__file__).resolve().parents[1]

PEERS = "benchmarks.peers."
OURS = ("benchmarks.runners.library", "benchmarks.runners.overhead")

Inspection = Callable[[Path], Mapping[str, float]]
"""Looks at an output folder before it is removed, and adds facts to the run."""


Surroundings = Callable[[], AbstractContextManager[dict[str, float]]]
"""What a run needs around it, such as a server in some state: entered before the run, left after it. What it has put into its
dict by then are facts of the run.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """Who does a job, and how: ``python -m module JOB OUTCOME``, or ``command`` as it is, without a job.

    ``writes`` gives each run a new output folder, which is removed after ``inspect`` has seen it. ``missing`` says why it
    cannot take part. ``known_documents`` and ``known_pages`` are what the job amounts to where the runner cannot count them.
    """

    name: str
    module: str = ""
    command: tuple[str, ...] = ()
    job: Job = field(default_factory=Job)
    writes: bool = False
    inspect: Inspection | None = None
    around: Surroundings | None = None
    python: str = sys.executable
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    known_documents: int = 0
    known_pages: int = 0
    timeout: float | None = None
    missing: str = ""


def contest(
    contestants: Sequence[Contestant],
    *,
    repeat: int,
    say: Callable[[str], None],
    carry_out: Callable[[Contestant], Run] | None = None,
) -> tuple[Entry, ...]:
    """Each contestant ``repeat`` times, in turns; ``carry_out`` makes one run (``one_run`` unless given)."""
    carry_out = carry_out or one_run
    present = [contestant for contestant in contestants if not contestant.missing]
    runs: dict[str, list[Run]] = {contestant.name: [] for contestant in contestants}
    for turn in range(repeat):
        for contestant in present:
            run = carry_out(contestant)
            runs[contestant.name].append(run)
            say(f"  {turn + 1}/{repeat} {contestant.name}: {run.error or f'{run.wall_seconds:.2f} s'}")
    return tuple(
        Entry(
            name=one.name,
            workers=one.job.workers,
            runs=tuple(runs[one.name]),
            missing=one.missing,
            peer=one.module.startswith(PEERS),
            ours=one.module in OURS,
        )
        for one in contestants
    )


def one_run(contestant: Contestant, *, before_command: Sequence[str] = ()) -> Run:
    """One measured run. ``before_command`` are the words of a program that runs the command and watches it."""
    around: Surroundings = contestant.around or _nothing_around
    with around() as seen:
        usage, outcome, inspected = _carried_out(contestant, before_command)
    return _run(contestant, usage, outcome, {**inspected, **seen})


def costs(contestant: Contestant) -> dict[str, float]:
    """Seconds that each item of a job takes, from one run. Raises ``RuntimeError`` when there is no outcome."""
    usage, outcome, _ = _carried_out(contestant)
    if outcome is None:
        raise RuntimeError(f"{contestant.name}: {usage.message}")
    return dict(outcome.document_seconds)


def speed(run: Run) -> float:
    """What contestants are compared by that did the same work."""
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
    """``first`` by ``second``, pair by pair of runs that ended as they should."""
    pairs = ((a, b) for a, b in zip(first.runs, second.runs, strict=False) if not a.error and not b.error)
    values = tuple(what(a) / what(b) for a, b in pairs if what(b))
    return Ratio(name=name, values=values, goal=goal, at_most=at_most)


def named(entries: Iterable[Entry], name: str) -> Entry:
    """The entry of a contestant."""
    return next(entry for entry in entries if entry.name == name)


def _nothing_around() -> AbstractContextManager[dict[str, float]]:
    return nullcontext({})


def _carried_out(
    contestant: Contestant, before_command: Sequence[str] = ()
) -> tuple[Usage, Outcome | None, Mapping[str, float]]:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        job = _prepared(contestant, folder)
        usage = measured(
            [*before_command, *_command(contestant, folder)],
            environment={**os.environ, **contestant.environment, "PYTHONPATH": str(REPOSITORY)},
            folder=REPOSITORY,
            errors=folder / "errors",
            timeout=contestant.timeout,
        )
        outcome = read_outcome(folder / "outcome.json")
        return usage, outcome, _inspected(contestant, job, outcome)


def _inspected(contestant: Contestant, job: Job, outcome: Outcome | None) -> Mapping[str, float]:
    if contestant.inspect is None or job.output is None or outcome is None:
        return {}
    return contestant.inspect(Path(job.output))


def _prepared(contestant: Contestant, folder: Path) -> Job:
    job = contestant.job
    if contestant.writes and job.output is None:
        output = folder / "output"
        output.mkdir()
        job = replace(job, output=str(output))
    write(folder / "job.json", job)
    return job


def _command(contestant: Contestant, folder: Path) -> list[str]:
    if contestant.command:
        return list(contestant.command)
    return [contestant.python, "-m", contestant.module, str(folder / "job.json"), str(folder / "outcome.json")]


def _run(contestant: Contestant, usage: Usage, outcome: Outcome | None, seen: Mapping[str, float]) -> Run:
    found = outcome or Outcome()
    seconds = list(found.document_seconds.values())
    return Run(
        wall_seconds=usage.wall_seconds,
        cpu_seconds=usage.cpu_seconds,
        work_seconds=found.seconds,
        documents=contestant.known_documents or found.documents,
        pages=found.pages or (contestant.known_pages if found.documents else 0),
        failures=found.failures,
        parent_bytes=usage.parent_bytes,
        child_bytes=usage.child_bytes,
        tree_bytes=usage.tree_bytes,
        p50=percentile(seconds, 0.50),
        p95=percentile(seconds, 0.95),
        error=_error(contestant, usage, outcome),
        errors=tuple(found.errors),
        facts={**found.facts, **seen},
        series=found.series,
    )


def _error(contestant: Contestant, usage: Usage, outcome: Outcome | None) -> str:
    if usage.status:
        return f"ended with status {usage.status}: {usage.message}"
    return "" if outcome is not None or contestant.command else "left no outcome"
