"""Stream very many tiny documents, and measure the parent's CPU for each and the growth of its memory.

Settings: ``documents``, ``folder`` (where they are, as ``tiny-NUMBER.pdf``; without it they are made on demand), ``executor``,
``resume``, ``marks`` (number of memory readings over the run).
"""

import resource
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.runners.library import make_processor
from benchmarks.workload import Workload, WorkloadResult, run
from pdfbatch import Document, DocumentResult
from pdfbatch.samples import tiny_pdf

_SETTLED = 1000
"""After this many documents all code and data that is loaded once is loaded."""


@dataclass(frozen=True, slots=True)
class Reading:
    """CPU and memory of the parent process after a number of documents."""

    documents: int
    resident_bytes: int
    cpu_seconds: float


def stream(workload: Workload) -> WorkloadResult:
    """Stream the documents. Each is made on demand, and no result is kept."""
    count = int(workload.settings["documents"] or 0)
    with ExitStack() as stack:
        batch = make_processor(workload, stack)
        begun, cpu_before = time.monotonic(), own_cpu_seconds()
        results = batch.stream(_documents(workload), resume=bool(workload.settings.get("resume")))
        marks, failures = _take_readings(results, _reading_points(workload, count))
        return WorkloadResult(
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
    """Return the CPU of this process, without its children."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def resident_bytes() -> int:
    """Return the resident memory of this process; its peak where there is no ``/proc``."""
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _documents(workload: Workload) -> Iterator[Document]:
    folder = workload.settings.get("folder")
    for number in range(int(workload.settings["documents"] or 0)):
        name = f"tiny-{number}"
        if folder is None:
            yield Document(f"{name}.pdf", name, content=tiny_pdf(number))
        else:
            yield Document(f"{folder}/{name}.pdf", name)


def _reading_points(workload: Workload, count: int) -> frozenset[int]:
    """Return after how many documents a reading is taken."""
    marks = int(workload.settings.get("marks") or 20)
    return frozenset({_SETTLED, count, *(count * mark // marks for mark in range(1, marks))})


def _take_readings(results: Iterator[DocumentResult], due: frozenset[int]) -> tuple[list[Reading], int]:
    """Return the readings, and how many documents failed."""
    marks: list[Reading] = []
    failures = 0
    for number, result in enumerate(results, 1):
        failures += not result.ok
        if number in due:
            marks.append(Reading(number, resident_bytes(), own_cpu_seconds()))
    return marks, failures


def _facts(marks: Sequence[Reading], cpu_before: float) -> dict[str, float]:
    """Return CPU and memory: over all documents with the start of the pool, and after the first thousand."""
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
    run(stream)
