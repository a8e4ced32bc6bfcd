"""poppler's ``pdftotext`` under ``xargs -P``: one process for each document."""

import os
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.peers.pools import Attempt, count_results
from benchmarks.workload import Workload, WorkloadResult, run

_FOR_ONE = ("-n", "2", "pdftotext", "-q")


def batch(workload: Workload) -> WorkloadResult:
    """Read all documents; one without a text file has failed."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        output = workload.output or scratch
        pairs = [(item.path, os.path.join(output, f"{item.id}.txt")) for item in workload.items]
        names = "\0".join(name for pair in pairs for name in pair)
        command = ["xargs", "-0", "-P", str(workload.workers), *_FOR_ONE]
        subprocess.run(command, input=names.encode(errors="surrogateescape"), check=False)
        attempts = [_attempt(item.id, Path(target)) for item, (_, target) in zip(workload.items, pairs, strict=True)]
    return count_results(attempts, seconds=time.monotonic() - begun)


def _attempt(name: str, target: Path) -> Attempt:
    if not target.exists():
        return Attempt(name, error=f"{name}: pdftotext wrote nothing")
    return Attempt(name, pages=target.read_bytes().count(b"\f"))


if __name__ == "__main__":
    run(batch)
