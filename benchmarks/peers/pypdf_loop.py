"""pypdf in one process, one document after the other, whatever the number of workers."""

import time

from benchmarks.peers.pools import attempt, count_results
from benchmarks.peers.pypdf_pool import read
from benchmarks.workload import Workload, WorkloadResult, run


def loop(workload: Workload) -> WorkloadResult:
    """Read all documents, one after the other."""
    begun = time.monotonic()
    attempts = [attempt(workload.output, read, item) for item in workload.items]
    return count_results(attempts, seconds=time.monotonic() - begun)


if __name__ == "__main__":
    run(loop)
