"""The composition root: choose the adapters of a batch where the caller names none. Loads an adapter when it is needed."""

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from importlib.util import find_spec

from pdfbatch.common import AUTO
from pdfbatch.errors import DependencyError, DocumentError, UsageError
from pdfbatch.model import Document, DocumentResult
from pdfbatch.ports import Executor, Locality, OcrEngine, Output, ProgressLike, Sink, SinkLike, TextEngine
from pdfbatch.storage import is_process_local, read_document


def executor_for(output: Output | None, workers: int | None = None) -> Executor:
    """Return threads where the output exists in this process only; else processes, and where they fail threads, then none."""
    from pdfbatch.executors import FallbackExecutor, ProcessExecutor, SequentialExecutor, ThreadExecutor

    threads = ThreadExecutor(workers=workers)
    if is_output_process_local(output):
        return threads
    return FallbackExecutor((ProcessExecutor(workers=workers), threads, SequentialExecutor()))


def executor_of_name(name: str, workers: int | None = None) -> Executor:
    """Return the executor of a name. Raises ``UsageError`` when there is none."""
    from pdfbatch import executors

    match name:
        case "process":
            return executors.ProcessExecutor(workers=workers)
        case "thread":
            return executors.ThreadExecutor(workers=workers)
        case "sequential":
            return executors.SequentialExecutor()
        case "dask":
            return executors.DaskExecutor(workers=workers)
        case "ray":
            return executors.RayExecutor(workers=workers)
        case _:
            raise UsageError(f"executor {name!r} is none of auto, process, thread, sequential, dask, ray")


def engine() -> TextEngine:
    """Return pdfium: the fastest engine, and right most often."""
    from pdfbatch.engines import PdfiumEngine

    return PdfiumEngine()


def second_engine(first: TextEngine) -> TextEngine | None:
    """Return pypdf, ``None`` where it is the first engine."""
    from pdfbatch.engines import PypdfEngine

    second = PypdfEngine()
    return None if first.name == second.name else second


def ocr_engine(executor: Executor, languages: str) -> OcrEngine:
    """Return tesserocr where it is installed with the data of these languages and the executor contains its crashes.

    Else, and where ``PDFBATCH_TESSERACT`` names a program, return the tesseract program.
    """
    from pdfbatch.ocr import VARIABLE, TesseractEngine

    program = TesseractEngine()
    if not executor.kills or os.environ.get(VARIABLE) or find_spec("tesserocr") is None:
        return program
    from pdfbatch.ocr import AutoTesseract, TesserocrEngine

    library = TesserocrEngine()
    try:
        library.check(next(iter(library.list_languages()), "eng") if languages == AUTO else languages)
    except DependencyError:
        return program
    return AutoTesseract(library=library, program=program)


def sinks_from(
    given: Iterable[SinkLike],
    progress: ProgressLike = False,
    on_result: Callable[[DocumentResult], object] | None = None,
) -> list[Sink]:
    """Return the sinks of a batch: those given, with a ``CallbackSink`` for each function, and those for its progress."""
    if not given and progress is False and on_result is None:
        return []
    from pdfbatch.sinks import choose_progress_sink, sink_of_progress, sink_of_results
    from pdfbatch.sinks import sinks_from as convert

    sinks = convert(given)
    if on_result is not None:
        sinks.append(sink_of_results(on_result))
    if progress is True:
        sinks.append(choose_progress_sink())
    elif progress is not False:
        sinks.append(sink_of_progress(progress))
    return sinks


def is_output_process_local(output: Output | None) -> bool:
    """Return whether an output exists in this process only, as ``memory://`` does."""
    return output is not None and output.locality is Locality.PROCESS


def with_content(document: Document) -> Document:
    """Return the document with its bytes if they exist in this process only (``memory://``).

    A worker elsewhere needs them, and so does the search for duplicates. A document that cannot be read stays as it is: it
    fails alone, in its worker.
    """
    if document.content is not None or not is_process_local(document.file_path):
        return document
    try:
        data = read_document(document).data
    except DocumentError:
        return document
    return replace(document, content=data) if isinstance(data, bytes) else document


def versions(parts: Iterable[TextEngine | OcrEngine]) -> dict[str, str]:
    """Return the versions of pdfbatch and of the engines, for the records."""
    return {"pdfbatch": own_version(), **{part.name: part.version for part in parts}}


def own_version() -> str:
    """Return the version of pdfbatch. It is written in the package alone, where the build reads it, too."""
    from pdfbatch import __version__

    return __version__
