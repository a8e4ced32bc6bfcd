"""The functions of the first page: one call for a batch, with good defaults. Adapters can be chosen by name only here."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent import futures
from dataclasses import replace
from itertools import islice
from typing import TypeVar, Unpack, overload

from pdfbatch import defaults
from pdfbatch.errors import UsageError
from pdfbatch.inputs import Inputs, ManifestSource, open_manifest
from pdfbatch.model import DocumentResult
from pdfbatch.ports import Executor, OcrEngine, Output, ProgressLike, SinkLike, TextEngine
from pdfbatch.processor import BatchKeywords, BatchOptions, BatchProcessor
from pdfbatch.report import BatchReport
from pdfbatch.settings import Extraction, Limits, RetryPolicy

T = TypeVar("T")


class ManifestKeywords(BatchKeywords, total=False):
    """The keyword arguments that ``process_manifest`` hands on to ``process_batch``."""

    executor: "Executor | futures.Executor | str"
    engine: "TextEngine | str"
    ocr_engine: "OcrEngine | str"
    extraction: Extraction
    limits: Limits
    retry: RetryPolicy
    sinks: Sequence[SinkLike]
    deduplicate: bool
    progress: ProgressLike
    on_result: Callable[[DocumentResult], object] | None


# A sequence is an iterable, too, and the more exact promise wins: what the checkers warn of is meant.
@overload
def create_document_batches(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
    documents: Sequence[T], batch_size: int = ...
) -> list[list[T]]: ...
@overload
def create_document_batches(documents: Iterable[T], batch_size: int = ...) -> Iterator[list[T]]: ...
def create_document_batches(documents: Iterable[T], batch_size: int = 10) -> list[list[T]] | Iterator[list[T]]:
    """Group documents by ``batch_size``, in their order; the last group may be smaller.

    A sequence gives a list of lists. Any other iterable gives an iterator that takes one group at a time from it.
    Raises ``ValueError`` when ``batch_size`` is less than 1.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, not {batch_size}")
    groups = _groups(iter(documents), batch_size)
    return list(groups) if isinstance(documents, Sequence) else groups


def _groups(documents: Iterator[T], batch_size: int) -> Iterator[list[T]]:
    while group := list(islice(documents, batch_size)):
        yield group


def process_batch(
    inputs: Inputs,
    output: "Output | str | os.PathLike[str] | None" = None,
    *,
    options: BatchOptions = BatchOptions(),
    max_workers: int | None = None,
    executor: "Executor | futures.Executor | str" = "auto",
    engine: "TextEngine | str" = "pdfium",
    ocr_engine: "OcrEngine | str" = "auto",
    extraction: Extraction = Extraction(),
    limits: Limits = Limits(),
    retry: RetryPolicy = RetryPolicy(),
    sinks: Sequence[SinkLike] = (),
    deduplicate: bool = True,
    progress: ProgressLike = False,
    on_result: Callable[[DocumentResult], object] | None = None,
    **changes: Unpack[BatchKeywords],
) -> BatchReport:
    """Turn documents into text, and tell how it went.

    ``inputs``: paths, folders, globs, fsspec URLs, ``bytes``, binary files, ``Document``s, manifests, or an iterable of
    them. ``output``: a folder or fsspec URL for text and records; without it the text is in ``report.results``.

    ``max_workers``: by default as many as the processors that this process may use. ``executor`` may be ``"auto"``,
    ``"process"``, ``"thread"``, ``"sequential"``, ``"dask"`` or ``"ray"`` (a cluster on this machine, ended with the batch),
    ``engine`` ``"pdfium"`` or ``"pypdf"``, ``ocr_engine`` ``"auto"``, ``"tesseract"`` (the program), ``"tesserocr"``,
    ``"rapidocr"`` or ``"tesseract+rapidocr"``, or a value of the kind. ``extraction``, ``limits``, ``retry``, ``sinks``,
    ``deduplicate``, ``progress`` and ``on_result`` are those of ``BatchProcessor``: ``progress=True`` shows progress,
    ``on_result=function`` is called with each result.

    Options of the batch are given as one ``BatchOptions``, or as keywords, which change it: ``batch_id``, ``batch_size``,
    ``resume``, ``retry_failed``, ``max_failure_rate``, ``include``, ``exclude``, ``limit``, ``shard``.

    One bad document never raises: its result says what happened. Raises ``UsageError`` before any work when the request
    itself cannot be met.
    """
    options = replace(options, **changes)
    storage = _output(output, limits)
    processor = BatchProcessor(
        executor=_executor(executor, max_workers, storage),
        storage=storage,
        sinks=sinks,
        progress=progress,
        on_result=on_result,
        extraction=extraction,
        limits=limits,
        retry=retry,
        deduplicate=deduplicate,
        engine=_engine(engine),
        ocr_engine=_ocr_engine(ocr_engine),
    )
    return processor.run(inputs, options)


def process_manifest(
    manifest: ManifestSource,
    output: "Output | str | os.PathLike[str] | None" = None,
    *,
    options: BatchOptions = BatchOptions(),
    max_workers: int | None = 5,
    **settings: Unpack[ManifestKeywords],
) -> BatchReport:
    """Turn the documents of a manifest into text; ``report.batches`` counts each ``batch_size`` (10) of them together.

    ``manifest``: a path or URL of a JSON file, its parsed content, or a ``Manifest``; or a path or URL of a JSON lines, CSV or
    Parquet file with one document a row, which is read row by row. A relative ``file_path`` is taken from
    the manifest's own folder. The manifest's id names the batch, unless ``batch_id`` does. All groups share one pool, so
    that no worker waits for the end of a group.

    ``options`` and ``settings`` are those of ``process_batch``: ``executor``, ``engine``, ``ocr_engine``, ``extraction``,
    ``limits``, ``retry``, ``sinks``, ``deduplicate``, ``progress``, ``on_result``, ``batch_id``, ``batch_size``, ``resume``,
    ``retry_failed``, ``max_failure_rate``, ``include``, ``exclude``, ``limit``, ``shard``. Raises ``ManifestError`` before any
    work when the manifest is not one; else as ``process_batch``.
    """
    manifest_id, documents = open_manifest(manifest)
    named = replace(options, batch_id=options.batch_id or manifest_id or None)
    return process_batch(documents, output, options=named, max_workers=max_workers, **settings)


def _output(output: "Output | str | os.PathLike[str] | None", limits: Limits) -> Output | None:
    if not isinstance(output, (str, os.PathLike)):
        return output
    from pdfbatch.storage import Storage  # noqa: PLC0415 (only where there is an output)

    return Storage(os.fspath(output), seconds=limits.storage_timeout)


def _executor(executor: "Executor | futures.Executor | str", workers: int | None, output: Output | None) -> Executor:
    if workers is not None and workers < 1:
        raise UsageError(f"max_workers must be at least 1, not {workers}")
    if isinstance(executor, futures.Executor):
        from pdfbatch.executors import FuturesExecutor  # noqa: PLC0415

        return FuturesExecutor(executor, workers=workers)
    if not isinstance(executor, str):
        return executor
    if executor == "auto":
        return defaults.executor_for(output, workers)
    return defaults.executor_of_name(executor, workers)


def _engine(engine: "TextEngine | str") -> TextEngine:
    match engine:
        case "pdfium":
            return defaults.engine()
        case "pypdf":
            from pdfbatch.engines import PypdfEngine  # noqa: PLC0415

            return PypdfEngine()
        case str():
            raise UsageError(f"engine {engine!r} is none of pdfium, pypdf")
        case _:
            return engine


def _ocr_engine(engine: "OcrEngine | str") -> OcrEngine | None:
    match engine:
        case "auto":
            return None
        case "tesseract":
            from pdfbatch.ocr import TesseractEngine  # noqa: PLC0415

            return TesseractEngine()
        case "tesserocr":
            from pdfbatch.ocr import TesserocrEngine  # noqa: PLC0415

            return TesserocrEngine()
        case "rapidocr":
            from pdfbatch.ocr import RapidOcrEngine  # noqa: PLC0415

            return RapidOcrEngine()
        case "tesseract+rapidocr":
            from pdfbatch.ocr import (  # noqa: PLC0415
                AutoTesseract,
                RapidOcrEngine,
                TesseractEngine,
                TesserocrEngine,
                TwoReaders,
            )

            first = AutoTesseract(library=TesserocrEngine(), program=TesseractEngine())
            return TwoReaders(first=first, second=RapidOcrEngine())
        case str():
            raise UsageError(
                f"ocr_engine {engine!r} is none of auto, tesseract, tesserocr, rapidocr, tesseract+rapidocr"
            )
        case _:
            return engine
