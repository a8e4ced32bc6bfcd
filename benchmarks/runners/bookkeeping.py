"""What an output and a shard cost for each document that is *not* read: passed over by a shard, or finished before.

Settings: ``layout``. Each item is read once into the output; then the batch is resumed, and the inputs are passed over as by a
shard that has none of them.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from benchmarks.runners.library import make_processor
from benchmarks.runners.overhead import own_cpu_seconds
from benchmarks.workload import Workload, WorkloadResult, run
from pdfbatch import Document, Shard
from pdfbatch.inputs import Share

PASSED = 200_000
ENTRIES = (".index", ".packs")
MANY = 100_000


def measure(workload: Workload) -> WorkloadResult:
    """Write, resume, pass over."""
    count, begun = len(workload.items), time.monotonic()
    with ExitStack() as stack:
        batch = make_processor(workload, stack)
        failures = sum(not result.ok for result in batch.stream(_documents(workload)))
        resumed = _spend(lambda: sum(1 for _ in batch.stream(_documents(workload), resume=True)))
    passed = _spend(_pass_over)
    return WorkloadResult(
        documents=count - failures,
        pages=count - failures,
        failures=failures,
        seconds=time.monotonic() - begun,
        facts={
            "index_bytes_per_document": _index_bytes(workload) / count,
            "resume_ms_per_document": resumed * 1000 / count,
            "passed_ms_per_document": passed * 1000 / PASSED,
        },
    )


def _documents(workload: Workload) -> Iterator[Document]:
    for item in workload.items:
        yield Document(item.path, item.id)


def _pass_over() -> None:
    # Of so many shards the first has next to none of these.
    share = Share(Shard(1, MANY))
    for _ in share.filter(Document(f"s3://case/scans/{number:012}.pdf") for number in range(PASSED)):
        pass


def _spend(work: Callable[[], object]) -> float:
    before = own_cpu_seconds()
    work()
    return own_cpu_seconds() - before


def _index_bytes(workload: Workload) -> int:
    folders = (Path(str(workload.output), name) for name in ENTRIES)
    return sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    run(measure)
