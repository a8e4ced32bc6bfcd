"""The script one writes in ten minutes: ``ProcessPoolExecutor`` and pypdfium2."""

from concurrent.futures import ProcessPoolExecutor

from benchmarks.pdfium import open_document
from benchmarks.peers.pools import read_in_pool
from benchmarks.workload import Item, run


def read(item: Item) -> list[str]:
    """Return the text of each page."""
    document = open_document(item.path)
    try:
        return [document[index].get_textpage().get_text_range() for index in range(len(document))]
    finally:
        document.close()


if __name__ == "__main__":
    from benchmarks.peers.pdfium_script import read as _read  # under its own name, so that it can be pickled

    run(lambda workload: read_in_pool(workload, _read, ProcessPoolExecutor(workload.workers)))
