"""How one would do it without thinking of the network: each worker of a pool downloads a document, then reads it.

Settings: ``source_url`` and ``source_port``, as for the library. The names in the bucket are the items' ids.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from typing import Any

import pypdfium2

from benchmarks.job import Item, Job, Outcome, run
from benchmarks.peers.pools import pooled


def read(bucket: str, port: int, item: Item) -> list[str]:
    """Download, and read with pdfium; the client is kept from one document to the next."""
    document = pypdfium2.PdfDocument(_client(port).cat_file(f"{bucket}{item.id}.pdf"))
    try:
        return [document[index].get_textpage().get_text_range() for index in range(len(document))]
    finally:
        document.close()


def downloaded(job: Job) -> Outcome:
    """All documents. Spawned, because a client of s3fs does not survive a fork."""
    pool = ProcessPoolExecutor(job.workers, mp_context=multiprocessing.get_context("spawn"))
    bucket, port = str(job.settings["source_url"]), int(job.settings["source_port"] or 0)
    return pooled(job, partial(read, bucket, port), pool)


@cache
def _client(port: int) -> Any:
    from pdfbatch.testing.servers import s3_filesystem, s3_options

    return s3_filesystem(s3_options(port))


if __name__ == "__main__":
    from benchmarks.runners.plain_download import downloaded as _downloaded

    run(_downloaded)
