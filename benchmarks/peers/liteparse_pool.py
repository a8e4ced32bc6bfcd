"""liteparse with its pool of worker processes, each asked by a thread.

Setting ``ocr``: read pages without text with its tesseract. Form fields are drawn, because that is how their values get into
its text.
"""

import importlib
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Protocol, cast

from benchmarks.peers.pools import read_in_pool
from benchmarks.workload import Item, Workload, WorkloadResult, run


class _Page(Protocol):
    text: str


class _Result(Protocol):
    pages: Sequence[_Page]


class _Parser(Protocol):
    def parse(self, file_data: str) -> _Result: ...

    def close(self) -> None: ...


class _Library(Protocol):
    def LiteParse(self, **settings: object) -> _Parser: ...  # noqa: N802 (its name)


def read(parsers: Mapping[tuple[str, str], _Parser], item: Item) -> list[str]:
    """Return the text of each page."""
    return [page.text for page in parsers[item.language, item.password].parse(item.path).pages]


def batch(workload: Workload) -> WorkloadResult:
    """Read all documents. Language and password are settings of a parser, so each pair of them has its own."""
    library = cast("_Library", importlib.import_module("liteparse"))
    settings: dict[str, object] = {
        "ocr_enabled": bool(workload.settings.get("ocr")),
        "render_form_fields": True,
        "quiet": True,
        "num_workers": 1,
        "tessdata_path": os.environ.get("TESSDATA_PREFIX") or None,
        "pool_size": workload.workers,
    }
    parsers = {
        (language, password): library.LiteParse(**settings, ocr_language=language, password=password or None)
        for language, password in {(item.language, item.password) for item in workload.items}
    }
    try:
        return read_in_pool(workload, partial(read, parsers), ThreadPoolExecutor(workload.workers))
    finally:
        for parser in parsers.values():
            parser.close()


if __name__ == "__main__":
    run(batch)
