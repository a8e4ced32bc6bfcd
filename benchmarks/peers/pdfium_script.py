"""The ten-minute script: ``ProcessPoolExecutor`` and pypdfium2."""

from concurrent.futures import ProcessPoolExecutor

from benchmarks.job import Item, run
from benchmarks.pdfium import opened
from benchmarks.peers.pools import pooled


def read(item: Item) -> list[str]:
    """The text of each page."""
    document = opened(item.path)
    try:
        return [document[index].get_textpage().get_text_range() for index in range(len(document))]
    finally:
        document.close()


if __name__ == "__main__":
    from benchmarks.peers.pdfium_script import read as _read  # under its own name, so that it can be pickled

    run(lambda job: pooled(job, _read, ProcessPoolExecutor(job.workers)))
