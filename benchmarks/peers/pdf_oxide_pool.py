"""pdf_oxide in a process pool; it has no batch interface of its own."""

import importlib
from concurrent.futures import ProcessPoolExecutor
from typing import Protocol, cast

from benchmarks.peers.pools import read_in_pool
from benchmarks.workload import Item, run


class _Document(Protocol):
    def page_count(self) -> int: ...

    def extract_text(self, page: int) -> str: ...


class _Library(Protocol):
    def PdfDocument(self, path: str) -> _Document: ...  # noqa: N802 (its name)

    def disable_logging(self) -> None: ...


def read(item: Item) -> list[str]:
    """Return the text of each page."""
    library = cast("_Library", importlib.import_module("pdf_oxide"))
    library.disable_logging()
    document = library.PdfDocument(item.path)
    return [document.extract_text(index) for index in range(document.page_count())]


if __name__ == "__main__":
    from benchmarks.peers.pdf_oxide_pool import read as _read  # under its own name, so that it can be pickled

    run(lambda workload: read_in_pool(workload, _read, ProcessPoolExecutor(workload.workers)))
