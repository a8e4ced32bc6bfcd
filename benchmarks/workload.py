"""Workload and result of a runner, as JSON files.

This module also runs in the environments of the peers, so it knows nothing of pdfbatch.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

Setting = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One document, or one page of it if ``page`` (from 1) is set; ``dpi`` is then the resolution to draw it at."""

    id: str
    path: str
    language: str = "eng"
    page: int = 0
    dpi: int = 0
    password: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Items for a number of workers.

    ``shares`` gives each worker the indices of its items; without it, the workers take items from one queue. ``output`` is an
    empty folder for ``<id>.txt`` files, or ``None`` if the text is not kept.
    """

    items: tuple[Item, ...] = ()
    workers: int = 1
    output: str | None = None
    shares: tuple[tuple[int, ...], ...] = ()
    settings: Mapping[str, Setting] = field(default_factory=dict[str, Setting])


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadResult:
    """Result of a workload: documents with a result, failures, and the seconds of each document.

    ``seconds`` is the time from the first document to the last, without the start of the interpreter; ``series`` are
    values over time, ``facts`` single values.
    """

    documents: int = 0
    pages: int = 0
    failures: int = 0
    seconds: float = 0.0
    document_seconds: Mapping[str, float] = field(default_factory=dict[str, float])
    errors: Sequence[str] = ()
    facts: Mapping[str, float] = field(default_factory=dict[str, float])
    series: Mapping[str, Sequence[float]] = field(default_factory=dict[str, Sequence[float]])


def run(body: Callable[[Workload], WorkloadResult]) -> None:
    """Run a runner's main program: ``python -m RUNNER WORKLOAD RESULT``."""
    workload, result = Path(sys.argv[1]), Path(sys.argv[2])
    write(result, body(read_workload(workload)))


def write(path: Path, value: Workload | WorkloadResult) -> None:
    """Write a workload or a result."""
    path.write_text(json.dumps(asdict(value)), "utf-8")


def read_workload(path: Path) -> Workload:
    """Read a workload."""
    data: dict[str, Any] = json.loads(path.read_text("utf-8"))
    items = tuple(Item(**item) for item in data.pop("items"))
    shares = tuple(tuple(share) for share in data.pop("shares"))
    return Workload(items=items, shares=shares, **data)


def read_result(path: Path) -> WorkloadResult | None:
    """Read a result; ``None`` if the runner left none."""
    return WorkloadResult(**json.loads(path.read_text("utf-8"))) if path.exists() else None


def save_text(workload: Workload, item: Item, text: str) -> None:
    """Write the text of a document if the workload has an output."""
    if workload.output is not None:
        Path(workload.output, f"{item.id}.txt").write_text(text, "utf-8", errors="replace")
