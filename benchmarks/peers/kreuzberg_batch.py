"""kreuzberg's batch interface: all documents in one call, with as many threads as the workload has workers.

Setting ``ocr``: read pages without text with its tesseract. Its cache is off, because a second run would measure the cache.
"""

import importlib
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

from benchmarks.peers.pools import Attempt, count_results
from benchmarks.workload import Item, Workload, WorkloadResult, run, save_text


class _Result(Protocol):
    content: str
    metadata: Mapping[str, Any]


class _Library(Protocol):
    def ExtractionConfig(self, **settings: object) -> object: ...  # noqa: N802 (its name)

    def FileExtractionConfig(self, **settings: object) -> object: ...  # noqa: N802

    def OcrConfig(self, *, backend: str, language: str) -> object: ...  # noqa: N802

    def ConcurrencyConfig(self, *, max_threads: int) -> object: ...  # noqa: N802

    def batch_extract_files_sync(
        self, paths: Sequence[str], config: object, *, file_configs: Sequence[object] | None
    ) -> Sequence[_Result]: ...


def batch(workload: Workload) -> WorkloadResult:
    """Read all documents in one call."""
    library = cast("_Library", importlib.import_module("kreuzberg"))
    ocr = bool(workload.settings.get("ocr"))
    begun = time.monotonic()
    found = library.batch_extract_files_sync(
        [item.path for item in workload.items],
        library.ExtractionConfig(
            use_cache=False,
            concurrency=library.ConcurrencyConfig(max_threads=workload.workers),
            max_concurrent_extractions=workload.workers,
            ocr=library.OcrConfig(backend="tesseract", language="eng") if ocr else None,
        ),
        file_configs=[_for_document(library, item) for item in workload.items] if ocr else None,
    )
    attempts = [_attempt(workload, item, result) for item, result in zip(workload.items, found, strict=True)]
    return count_results(attempts, seconds=time.monotonic() - begun)


def _for_document(library: _Library, item: Item) -> object:
    return library.FileExtractionConfig(ocr=library.OcrConfig(backend="tesseract", language=item.language))


def _attempt(workload: Workload, item: Item, result: _Result) -> Attempt:
    if "page_count" not in result.metadata:  # a document that it could not read: the content is the message
        return Attempt(item.id, error=f"{item.id}: {result.content[:200]}")
    save_text(workload, item, result.content)
    return Attempt(item.id, pages=int(result.metadata["page_count"]))


if __name__ == "__main__":
    run(batch)
