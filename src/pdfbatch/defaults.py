"""The composition root: which adapters a batch is made of when the caller names none. Loads an adapter when it is needed."""

import os
from collections.abc import Iterable
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

from pdfbatch.errors import DependencyError, DocumentError
from pdfbatch.model import Document
from pdfbatch.ports import Executor, Locality, OcrEngine, Output, Sink, SinkLike, TextEngine
from pdfbatch.storage import is_process_local, read_document

if TYPE_CHECKING:
    from pdfbatch.executors import FallbackExecutor, ThreadExecutor


def executor_for(output: Output | None, workers: int | None = None) -> Executor:
    """Processes, else threads, else one after the other; threads first where the output exists in this process only."""
    return threads_first(workers) if is_output_process_local(output) else processes_first(workers)


def processes_first(workers: int | None = None) -> "FallbackExecutor":
    """Processes, else threads, else one after the other."""
    from pdfbatch.executors import FallbackExecutor, ProcessExecutor, SequentialExecutor, ThreadExecutor

    return FallbackExecutor((ProcessExecutor(workers=workers), ThreadExecutor(workers=workers), SequentialExecutor()))


def threads_first(workers: int | None = None) -> "ThreadExecutor":
    """Threads of this process."""
    from pdfbatch.executors import ThreadExecutor

    return ThreadExecutor(workers=workers)


def engine() -> TextEngine:
    """pdfium: the fastest engine, and right most often."""
    from pdfbatch.engines import PdfiumEngine

    return PdfiumEngine()


def second_engine(first: TextEngine) -> TextEngine | None:
    """pypdf, unless it was the first."""
    from pdfbatch.engines import PypdfEngine

    second = PypdfEngine()
    return None if first.name == second.name else second


def ocr_engine(executor: Executor, languages: str) -> OcrEngine:
    """tesserocr where it is installed with the data of these languages and the executor contains its crashes.

    Else the tesseract program; so, too, where ``PDFBATCH_TESSERACT`` names one.
    """
    from pdfbatch.ocr import VARIABLE, TesseractEngine

    program = TesseractEngine()
    if not executor.kills or os.environ.get(VARIABLE) or find_spec("tesserocr") is None:
        return program
    from pdfbatch.ocr import AutoTesseract, TesserocrEngine

    library = TesserocrEngine()
    try:
        library.check(languages)
    except DependencyError:
        return program
    return AutoTesseract(library=library, program=program)


def sinks_from(given: Iterable[SinkLike]) -> list[Sink]:
    """Return the sinks of a batch: those given, and a ``CallbackSink`` in place of each function."""
    if not given:
        return []
    from pdfbatch.sinks import sinks_from as convert

    return convert(given)


def is_output_process_local(output: Output | None) -> bool:
    """Whether an output exists in this process only, as ``memory://`` does."""
    return output is not None and output.locality is Locality.PROCESS


def brought_along(document: Document) -> Document:
    """The document with its bytes where they exist in this process only (``memory://``), for a worker elsewhere,
    or to be told from others.

    What cannot be read stays as it is: the document fails alone, in its worker.
    """
    if document.content is not None or not is_process_local(document.file_path):
        return document
    try:
        data = read_document(document).data
    except DocumentError:
        return document
    return replace(document, content=data) if isinstance(data, bytes) else document


def versions(parts: Iterable[TextEngine | OcrEngine]) -> dict[str, str]:
    """Versions of pdfbatch and of what a batch is made of, for the records."""
    return {"pdfbatch": own_version(), **{part.name: part.version for part in parts}}


def own_version() -> str:
    """Return the version of pdfbatch. It is written in the package alone, where the build reads it, too."""
    from pdfbatch import __version__

    return __version__
