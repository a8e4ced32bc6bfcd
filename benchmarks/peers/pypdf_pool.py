"""pypdf in a process pool."""

from concurrent.futures import ProcessPoolExecutor

import pypdf

from benchmarks.peers.pools import read_in_pool
from benchmarks.workload import Item, run


def read(item: Item) -> list[str]:
    """Return the text of each page."""
    return [page.extract_text() for page in pypdf.PdfReader(item.path).pages]


if __name__ == "__main__":
    from benchmarks.peers.pypdf_pool import read as _read  # under its own name, so that it can be pickled

    run(lambda workload: read_in_pool(workload, _read, ProcessPoolExecutor(workload.workers)))
