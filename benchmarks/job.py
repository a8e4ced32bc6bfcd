"""What a runner is asked to do and what it answers, as JSON files. Runs in the environments of the peers, too, so it
knows nothing of pdfbatch.
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
    """One document, or one page of it when ``page`` (from 1) is set; then ``dpi`` is the resolution to draw it at."""

    id: str
    path: str
    language: str = "eng"
    page: int = 0
    dpi: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """``items`` for ``workers``. ``shares`` gives each worker the numbers of its items; without, they share one queue.

    ``output`` is an empty folder for ``<id>.txt`` files, ``None`` when the text is thrown away.
    """

    items: tuple[Item, ...] = ()
    workers: int = 1
    output: str | None = None
    shares: tuple[tuple[int, ...], ...] = ()
    settings: Mapping[str, Setting] = field(default_factory=dict[str, Setting])


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a job: documents that have a result, those that have none, and how long each took.

    ``seconds`` is the time from the first document to the last, without the start of the interpreter; ``series`` are
    numbers over time, ``facts`` single ones.
    """

    documents: int = 0
    pages: int = 0
    failures: int = 0
    seconds: float = 0.0
    document_seconds: Mapping[str, float] = field(default_factory=dict[str, float])
    errors: Sequence[str] = ()
    facts: Mapping[str, float] = field(default_factory=dict[str, float])
    series: Mapping[str, Sequence[float]] = field(default_factory=dict[str, Sequence[float]])


def run(body: Callable[[Job], Outcome]) -> None:
    """The main program of a runner: ``python -m RUNNER JOB OUTCOME``."""
    job, outcome = Path(sys.argv[1]), Path(sys.argv[2])
    write(outcome, body(read_job(job)))


def write(path: Path, value: Job | Outcome) -> None:
    """Write a job or an outcome."""
    path.write_text(json.dumps(asdict(value)), "utf-8")


def read_job(path: Path) -> Job:
    """Read a job."""
    data: dict[str, Any] = json.loads(path.read_text("utf-8"))
    items = tuple(Item(**item) for item in data.pop("items"))
    shares = tuple(tuple(share) for share in data.pop("shares"))
    return Job(items=items, shares=shares, **data)


def read_outcome(path: Path) -> Outcome | None:
    """Read an outcome; ``None`` when the runner left none."""
    return Outcome(**json.loads(path.read_text("utf-8"))) if path.exists() else None


def save_text(job: Job, item: Item, text: str) -> None:
    """Write the text of a document, when the job has an output."""
    if job.output is not None:
        Path(job.output, f"{item.id}.txt").write_text(text, "utf-8", errors="replace")
