"""poppler's ``pdftotext`` under ``xargs -P``: one process a document."""

import os
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.job import Job, Outcome, run
from benchmarks.peers.pools import Attempt, tallied

_FOR_ONE = ("-n", "2", "pdftotext", "-q")


def batch(job: Job) -> Outcome:
    """All documents; one without a text file has failed."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        output = job.output or scratch
        pairs = [(item.path, os.path.join(output, f"{item.id}.txt")) for item in job.items]
        names = "\0".join(name for pair in pairs for name in pair)
        command = ["xargs", "-0", "-P", str(job.workers), *_FOR_ONE]
        subprocess.run(command, input=names.encode(errors="surrogateescape"), check=False)
        attempts = [_attempt(item.id, Path(target)) for item, (_, target) in zip(job.items, pairs, strict=True)]
    return tallied(attempts, seconds=time.monotonic() - begun)


def _attempt(name: str, target: Path) -> Attempt:
    if not target.exists():
        return Attempt(name, error=f"{name}: pdftotext wrote nothing")
    return Attempt(name, pages=target.read_bytes().count(b"\f"))


if __name__ == "__main__":
    run(batch)
