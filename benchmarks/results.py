"""Measured values, written to JSON and read back."""

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One measured run. ``p50`` and ``p95`` are seconds per document, ``None`` if the runner cannot tell."""

    wall_seconds: float
    cpu_seconds: float
    work_seconds: float = 0.0
    documents: int = 0
    pages: int = 0
    failures: int = 0
    parent_bytes: int = 0
    child_bytes: int = 0
    tree_bytes: int = 0
    p50: float | None = None
    p95: float | None = None
    error: str = ""
    errors: Sequence[str] = ()
    facts: Mapping[str, float] = field(default_factory=dict[str, float])
    series: Mapping[str, Sequence[float]] = field(default_factory=dict[str, Sequence[float]])

    @property
    def documents_per_hour(self) -> float:
        """Documents with a result per hour of wall time."""
        return self.documents * 3600 / self.wall_seconds

    @property
    def pages_per_hour(self) -> float:
        """Pages with a result per hour of wall time."""
        return self.pages * 3600 / self.wall_seconds

    def idle_share(self, cores: int) -> float:
        """Return the unused share of the cores' time, 0 to 1."""
        return max(0.0, 1 - self.cpu_seconds / (self.wall_seconds * cores))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A candidate and its runs, in the order of the repeats. ``missing`` says why it did not run.

    ``ours`` marks pdfbatch, ``peer`` another library or program; an entry that is neither is a bare loop that shows a limit.
    """

    name: str
    workers: int
    runs: tuple[Run, ...]
    missing: str = ""
    peer: bool = False
    ours: bool = False

    @property
    def has_run(self) -> bool:
        """Whether at least one run ended without an error."""
        return any(not run.error for run in self.runs)

    def median(self, what: Callable[[Run], float]) -> float:
        """Return the median over the runs without an error; 0 if there are none."""
        values = [what(run) for run in self.runs if not run.error]
        return statistics.median(values) if values else 0.0

    def spread(self, what: Callable[[Run], float]) -> float:
        """Return half the distance between best and worst run, as a share of the median."""
        values = [what(run) for run in self.runs if not run.error]
        middle = statistics.median(values) if values else 0.0
        return (max(values) - min(values)) / 2 / middle if middle else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """A figure with a goal. ``values`` has one value for each pair of runs, because a disturbance affects both of a pair.

    ``goal`` is a lower bound, or an upper bound if ``at_most`` is set.
    """

    name: str
    values: tuple[float, ...]
    goal: float | None = None
    at_most: bool = False

    @property
    def median(self) -> float:
        """Median of the values; 0 if there are none."""
        return statistics.median(self.values) if self.values else 0.0

    @property
    def is_reached(self) -> bool | None:
        """Whether the goal is reached; ``None`` without a goal or a value."""
        if self.goal is None or not self.values:
            return None
        return self.median <= self.goal if self.at_most else self.median >= self.goal


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Any other table of a case."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """Results of a case. ``setting`` says what it ran on, ``notes`` what a reader must know."""

    name: str
    setting: str = ""
    entries: tuple[Entry, ...] = ()
    ratios: tuple[Ratio, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """All cases of one benchmark run, and the machine and corpus it ran on."""

    machine: Mapping[str, str | int]
    corpus: Mapping[str, str | int | float]
    cases: tuple[CaseResult, ...] = ()


def write_suite(path: Path, suite: Suite) -> None:
    """Write a suite as JSON."""
    path.write_text(json.dumps(asdict(suite), indent=1), "utf-8")


def read_suite(path: Path) -> Suite:
    """Read a suite. Raise ``ValueError`` if the file holds none."""
    data: dict[str, Any] = json.loads(path.read_text("utf-8"))
    if not {"machine", "corpus", "cases"} <= data.keys():
        raise ValueError(f"{path} holds no benchmark results")
    cases = tuple(_case(case) for case in data["cases"])
    return Suite(machine=data["machine"], corpus=data["corpus"], cases=cases)


def _case(data: dict[str, Any]) -> CaseResult:
    return CaseResult(
        name=data["name"],
        setting=data["setting"],
        entries=tuple(_entry(entry) for entry in data["entries"]),
        ratios=tuple(_ratio(ratio) for ratio in data["ratios"]),
        tables=tuple(_table(table) for table in data["tables"]),
        notes=tuple(data["notes"]),
    )


def _entry(data: dict[str, Any]) -> Entry:
    runs = tuple(Run(**run) for run in data["runs"])
    fields: dict[str, Any] = {**data, "runs": runs}
    return Entry(**fields)


def _ratio(data: dict[str, Any]) -> Ratio:
    return Ratio(name=data["name"], values=tuple(data["values"]), goal=data["goal"], at_most=data["at_most"])


def _table(data: dict[str, Any]) -> Table:
    rows = tuple(tuple(str(cell) for cell in row) for row in data["rows"])
    return Table(title=data["title"], header=tuple(data["header"]), rows=rows)
