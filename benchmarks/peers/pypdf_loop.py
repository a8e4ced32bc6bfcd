"""pypdf, one document after the other in one process, whatever the number of workers."""

import time

from benchmarks.job import Job, Outcome, run
from benchmarks.peers.pools import attempt, tallied
from benchmarks.peers.pypdf_pool import read


def loop(job: Job) -> Outcome:
    """All documents, one after the other."""
    begun = time.monotonic()
    attempts = [attempt(job.output, read, item) for item in job.items]
    return tallied(attempts, seconds=time.monotonic() - begun)


if __name__ == "__main__":
    run(loop)
