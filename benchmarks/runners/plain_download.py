"""A simple way to read remote documents: each worker of a pool downloads a document, then reads it.

Settings: ``source_url`` and ``source_port``, as for the library. The names in the bucket are the items' ids.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from typing import Any

import pypdfium2

from benchmarks.peers.pools import read_in_pool
from benchmarks.workload import Item, Workload, WorkloadResult, run


def read(bucket: str, port: int, item: Item) -> list[str]:
    """Download and read one document; the client is kept for the next."""
    document = pypdfium2.PdfDocument(_client(port).cat_file(f"{bucket}{item.id}.pdf"))
    try:
        return [document[index].get_textpage().get_text_range() for index in range(len(document))]
    finally:
        document.close()


def download_and_read(workload: Workload) -> WorkloadResult:
    """Read all documents. Workers are spawned, because a client of s3fs does not survive a fork."""
    pool = ProcessPoolExecutor(workload.workers, mp_context=multiprocessing.get_context("spawn"))
    bucket, port = str(workload.settings["source_url"]), int(workload.settings["source_port"] or 0)
    return read_in_pool(workload, partial(read, bucket, port), pool)


@cache
def _client(port: int) -> Any:
    from pdfbatch.testing.servers import s3_filesystem, s3_options

    return s3_filesystem(s3_options(port))


if __name__ == "__main__":
    from benchmarks.runners.plain_download import download_and_read as _download_and_read

    run(_download_and_read)
