"""pypdf in a process pool; with one worker a plain loop would take the same."""

from concurrent.futures import ProcessPoolExecutor

import pypdf

from benchmarks.job import Item, run
from benchmarks.peers.pools import pooled


def read(item: Item) -> list[str]:
    """The text of each page."""
    return [page.extract_text() for page in pypdf.PdfReader(item.path).pages]


if __name__ == "__main__":
    from benchmarks.peers.pypdf_pool import read as _read  # under its own name, so that it can be pickled

    run(lambda job: pooled(job, _read, ProcessPoolExecutor(job.workers)))
