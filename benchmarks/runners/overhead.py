"""Very many tiny documents, streamed: what each costs the parent process in CPU, and whether its memory grows.

Settings: ``documents``, ``folder`` (where they are, as ``tiny-NUMBER.pdf``; without, they are made as they are asked for),
``executor``, ``resume``, ``marks`` (how many memory readings are taken over the run).
"""

import resource
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.job import Job, Outcome, run
from benchmarks.runners.library import processor
from pdfbatch import Document, DocumentResult
from pdfbatch.samples import tiny_pdf

_SETTLED = 1000
"""Documents after which everything that is loaded once is loaded."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What the parent process had used after so many documents."""

    documents: int
    resident_bytes: int
    cpu_seconds: float


def streamed(job: Job) -> Outcome:
    """Go through the documents; each is made when it is asked for, nothing is kept."""
    count = int(job.settings["documents"] or 0)
    with ExitStack() as stack:
        batch = processor(job, stack)
        begun, cpu_before = time.monotonic(), own_cpu_seconds()
        results = batch.stream(_documents(job), resume=bool(job.settings.get("resume")))
        marks, failures = _gone_through(results, _due(job, count))
        return Outcome(
            documents=count - failures,
            pages=count - failures,
            failures=failures,
            seconds=time.monotonic() - begun,
            facts=_facts(marks, cpu_before),
            series={
                "documents": [mark.documents for mark in marks],
                "resident_mb": [mark.resident_bytes / 1e6 for mark in marks],
            },
        )


def own_cpu_seconds() -> float:
    """CPU of this process, without its children."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def resident_bytes() -> int:
    """Resident memory of this process now; where there is no ``/proc``, the most so far."""
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _documents(job: Job) -> Iterator[Document]:
    folder = job.settings.get("folder")
    for number in range(int(job.settings["documents"] or 0)):
        name = f"tiny-{number}"
        if folder is None:
            yield Document(f"{name}.pdf", name, content=tiny_pdf(number))
        else:
            yield Document(f"{folder}/{name}.pdf", name)


def _due(job: Job, count: int) -> frozenset[int]:
    """After how many documents a reading is taken."""
    marks = int(job.settings.get("marks") or 20)
    return frozenset({_SETTLED, count, *(count * mark // marks for mark in range(1, marks))})


def _gone_through(results: Iterator[DocumentResult], due: frozenset[int]) -> tuple[list[Mark], int]:
    """The readings, and how many documents failed."""
    marks: list[Mark] = []
    failures = 0
    for number, result in enumerate(results, 1):
        failures += not result.ok
        if number in due:
            marks.append(Mark(number, resident_bytes(), own_cpu_seconds()))
    return marks, failures


def _facts(marks: Sequence[Mark], cpu_before: float) -> dict[str, float]:
    """CPU over all, start of the pool included, and of those after the first thousand alone; growth after these."""
    settled = [mark for mark in marks if mark.documents >= _SETTLED] or marks
    first, last = settled[0], settled[-1]
    later = last.documents - first.documents
    return {
        "parent_ms_per_document": (last.cpu_seconds - cpu_before) * 1000 / last.documents,
        "parent_ms_each_later": (last.cpu_seconds - first.cpu_seconds) * 1000 / later if later else 0.0,
        "parent_growth_mb": (last.resident_bytes - first.resident_bytes) / 1e6,
        "parent_peak_growth_mb": max(mark.resident_bytes - first.resident_bytes for mark in settled) / 1e6,
    }


if __name__ == "__main__":
    run(streamed)
