"""Write very many tiny documents into an output, then resume it: the parent's memory, and the throughput at both ends.

Settings: ``documents``, ``layout``, ``marks`` (number of readings over the run). The documents are made on demand.
"""

import time
from contextlib import ExitStack

from benchmarks.runners.library import make_processor
from benchmarks.runners.overhead import own_cpu_seconds, resident_bytes
from benchmarks.workload import Workload, WorkloadResult, run
from pdfbatch import BatchProcessor, Document
from pdfbatch.samples import tiny_pdf

_MARKS = 20
_EDGE = 5
"""So many readings at each end are the beginning and the end of a run."""


def write(workload: Workload) -> WorkloadResult:
    """Write the documents, then run the same batch again to resume it."""
    count = int(workload.settings["documents"] or 0)
    with ExitStack() as stack:
        batch = make_processor(workload, stack)
        begun, step = time.monotonic(), max(1, count // int(workload.settings.get("marks") or _MARKS))
        times, cpu, memory, failures = [begun], [own_cpu_seconds()], [resident_bytes()], 0
        for number, result in enumerate(batch.stream(_document(number) for number in range(count)), start=1):
            failures += not result.ok
            if number % step == 0:
                times.append(time.monotonic())
                cpu.append(own_cpu_seconds())
                memory.append(resident_bytes())
        seconds = time.monotonic() - begun
        facts = {**_slope(cpu), "parent_growth_mb": (max(memory[1:]) - memory[1]) / 1e6, **_resume(batch, count)}
        return WorkloadResult(
            documents=count - failures,
            pages=count - failures,
            failures=failures,
            seconds=seconds,
            facts=facts,
            series={
                "documents": [step * mark for mark in range(len(memory))],
                "resident_mb": [it / 1e6 for it in memory],
            },
        )


def _slope(cpu: list[float]) -> dict[str, float]:
    """Return how much parent CPU a document takes at the end, for one at the start: others may use the machine meanwhile."""
    edge = min(_EDGE, (len(cpu) - 1) // 2)
    first, last = cpu[edge] - cpu[0], cpu[-1] - cpu[-1 - edge]
    return {"cpu_end_to_start": last / first if first else 0.0}


def _resume(batch: BatchProcessor, count: int) -> dict[str, float]:
    begun, cpu, first = time.monotonic(), own_cpu_seconds(), 0.0
    stream = batch.stream((_document(number) for number in range(count)), resume=True)
    skipped = 0
    for result in stream:
        first = first or time.monotonic() - begun
        skipped += str(result.status) == "skipped"
    seconds, used = time.monotonic() - begun, own_cpu_seconds() - cpu
    return {
        "resume_start_seconds": first,
        "resume_per_second": count / seconds,
        "resume_cpu_ms_per_document": used / count * 1000,
        "resumed": float(skipped),
    }


def _document(number: int) -> Document:
    return Document(f"tiny-{number}.pdf", f"{number:012d}", content=tiny_pdf(number))


if __name__ == "__main__":
    run(write)
