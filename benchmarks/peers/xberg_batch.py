"""xberg's batch interface: all documents in one call, with as many extractions at once as the workload has workers.

OCR is off: its wheel reads with models that it downloads.
"""

import asyncio
import importlib
import time
from collections.abc import Awaitable, Sequence
from typing import Protocol, cast

from benchmarks.peers.pools import Attempt, count_results
from benchmarks.workload import Workload, WorkloadResult, run, save_text


class _Counts(Protocol):
    pages: int


class _Document(Protocol):
    content: str
    counts: _Counts


class _Error(Protocol):
    index: int
    message: str


class _Result(Protocol):
    results: Sequence[_Document]
    errors: Sequence[_Error]


class _Library(Protocol):
    def ExtractInput(self, *, uri: str) -> object: ...  # noqa: N802 (its name)

    def ExtractionConfig(self, **settings: object) -> object: ...  # noqa: N802

    def PdfConfig(self, **settings: object) -> object: ...  # noqa: N802

    def extract_batch(self, inputs: Sequence[object], config: object) -> Awaitable[_Result]: ...


async def read(workload: Workload) -> _Result:
    """Read all documents in one call."""
    library = cast("_Library", importlib.import_module("xberg"))
    passwords = sorted({item.password for item in workload.items if item.password})
    config = library.ExtractionConfig(
        use_cache=False,
        disable_ocr=True,
        max_concurrent_extractions=workload.workers,
        pdf_options=library.PdfConfig(passwords=passwords, extract_form_fields=True, extract_annotations=True),
    )
    return await library.extract_batch([library.ExtractInput(uri=item.path) for item in workload.items], config)


def batch(workload: Workload) -> WorkloadResult:
    """Read all documents. The results are those of the documents without an error, in their order."""
    begun = time.monotonic()
    result = asyncio.run(read(workload))
    errors = {error.index: error.message for error in result.errors}
    documents = iter(result.results)
    attempts: list[Attempt] = []
    for index, item in enumerate(workload.items):
        if index in errors:
            attempts.append(Attempt(item.id, error=f"{item.id}: {errors[index][:200]}"))
            continue
        document = next(documents)
        save_text(workload, item, document.content)
        attempts.append(Attempt(item.id, pages=document.counts.pages))
    return count_results(attempts, seconds=time.monotonic() - begun)


if __name__ == "__main__":
    run(batch)
