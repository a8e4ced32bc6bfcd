"""The composition root: choose the adapters of a batch, by name or where the caller names none.

Loads an adapter when it is needed.
"""

import os
from collections.abc import Callable, Iterable
from concurrent import futures
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeAlias, cast

from pdfbatch.checks import did_you_mean, show_value
from pdfbatch.common import AUTO
from pdfbatch.errors import DependencyError, DocumentError, UsageError
from pdfbatch.model import Document, DocumentResult
from pdfbatch.ports import Executor, Locality, OcrEngine, Output, ProgressLike, Sink, SinkLike, TextEngine
from pdfbatch.storage import Storage, is_process_local, read_document

if TYPE_CHECKING:
    from pdfbatch.executors import KeptExecutor

ExecutorLike: TypeAlias = Executor | futures.Executor | str
"""An executor, one of the standard library's kind, or a name: ``auto``, ``process``, ``thread``, ``sequential``."""
TextEngineLike: TypeAlias = TextEngine | str
"""A text engine or a name: ``pdfium``, ``pypdf``."""
OcrEngineLike: TypeAlias = OcrEngine | str
"""An OCR engine or a name: ``auto``, ``tesseract``, ``tesserocr``, ``rapidocr``, ``tesseract+rapidocr``."""
OutputLike: TypeAlias = Output | str | os.PathLike[str]
"""An output, or the folder or URL of a ``Storage``."""
SinksLike: TypeAlias = SinkLike | str | Iterable[SinkLike | str]
"""A sink, a function of a result, a name (``log``, ``progress``, or a ``redis://`` URL), or several of these."""

EXECUTORS = ("auto", "process", "thread", "sequential", "celery", "dask", "ray")
TEXT_ENGINES = ("pdfium", "pypdf")
OCR_ENGINES = ("auto", "tesseract", "tesserocr", "rapidocr", "tesseract+rapidocr")
SINKS = ("log", "progress", "redis://host:port/db")


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
        case "celery":
            return executors.CeleryExecutor(workers=workers)
        case "dask":
            return executors.DaskExecutor(workers=workers)
        case "ray":
            return executors.RayExecutor(workers=workers)
        case _:
            raise UsageError(f"executor {name!r} is none of auto, process, thread, sequential, celery, dask, ray")


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


def tesseract_with_data(name: str, folder: str, *, kills: bool) -> OcrEngine:
    """Return the OCR engine of a name, with language data from a folder; ``kills`` says whether a crash costs a worker only.

    Raises ``UsageError`` when there are no data, or the engine is of another kind.
    """
    from pdfbatch.ocr import VARIABLE, AutoTesseract, TesseractEngine, TesserocrEngine, TwoReaders, list_languages

    folder = os.path.abspath(os.path.expanduser(folder))
    if not list_languages(folder):
        reason = "no file *.traineddata is there" if os.path.isdir(folder) else "there is no such folder"
        raise UsageError(f"tessdata={folder!r}: {reason}; give the folder with the files deu.traineddata and so on")
    program, library = TesseractEngine(tessdata=folder), TesserocrEngine(tessdata=folder)
    has_library = find_spec("tesserocr") is not None
    either = AutoTesseract(library=library, program=program) if has_library else program
    match name:
        case "auto":
            return either if kills and not os.environ.get(VARIABLE) else program
        case "tesseract":
            return program
        case "tesserocr":
            return library
        case "tesseract+rapidocr":
            from pdfbatch.ocr import RapidOcrEngine

            return TwoReaders(first=either, second=RapidOcrEngine())
        case _:
            raise UsageError(f"tessdata={folder!r} is data for tesseract, and OCR engine {name!r} has its own")


def keep_pool(executor: Executor) -> "KeptExecutor":
    """Return the executor with a pool that stays open."""
    from pdfbatch.executors import KeptExecutor

    return KeptExecutor(executor)


def choose_executor(given: ExecutorLike | None, workers: int | None, output: Output | None) -> Executor | None:
    """Return the executor that is meant; ``None`` for the default one. ``workers`` are those of a named one."""
    if isinstance(given, futures.Executor):
        from pdfbatch.executors import FuturesExecutor

        return FuturesExecutor(given, workers=workers)
    match given:
        case None | "auto":
            return None if workers is None else executor_for(output, workers)
        case str() if given in EXECUTORS:
            return executor_of_name(given, workers)
        case _:
            _refuse_unless(given, "executor", EXECUTORS, ("start()", "name", "kills", "shares"))
    if workers is not None:
        raise UsageError(
            "workers goes with an executor's name: give them to the executor itself, such as "
            f"ThreadExecutor(workers={workers})"
        )
    return cast("Executor", given)


def choose_engine(given: TextEngineLike | None, setting: str = "engine") -> TextEngine | None:
    """Return the text engine that is meant; ``None`` for the default one."""
    match given:
        case None:
            return None
        case "pdfium":
            return engine()
        case "pypdf":
            from pdfbatch.engines import PypdfEngine

            return PypdfEngine()
        case _:
            _refuse_unless(given, setting, TEXT_ENGINES, ("open()", "name", "version"))
            return cast("TextEngine", given)


def choose_ocr_engine(given: OcrEngineLike | None) -> OcrEngine | None:
    """Return the OCR engine that is meant; ``None`` for the default one."""
    if given is None or given == "auto":
        return None
    if given not in OCR_ENGINES:
        _refuse_unless(given, "ocr_engine", OCR_ENGINES, ("check()", "read()", "orientation()", "name", "version"))
        return cast("OcrEngine", given)
    from pdfbatch.ocr import AutoTesseract, RapidOcrEngine, TesseractEngine, TesserocrEngine, TwoReaders

    match given:
        case "tesseract":
            return TesseractEngine()
        case "tesserocr":
            return TesserocrEngine()
        case "rapidocr":
            return RapidOcrEngine()
        case _:
            first = AutoTesseract(library=TesserocrEngine(), program=TesseractEngine())
            return TwoReaders(first=first, second=RapidOcrEngine())


def choose_output(given: OutputLike | None, seconds: float) -> Output | None:
    """Return the output that is meant. ``seconds`` bound one call of a storage that is given by its path or URL."""
    if isinstance(given, (str, os.PathLike)):
        if not os.fspath(given):
            raise UsageError(
                "output='' is no folder: give '.' for the working directory, None to keep text in the results"
            )
        return Storage(os.fspath(given), seconds=seconds)
    if given is not None:
        members = ("check()", "write()", "read()", "delete()", "names()", "uri()", "locality")
        _refuse_unless(given, "output", (), members, "a folder, a URL or an output")
    return given


def choose_sinks(given: SinksLike) -> tuple[SinkLike, ...]:
    """Return the sinks that are meant, functions as they are. ``sinks_from`` checks what they are."""
    if isinstance(given, (str, type)) or callable(given) or isinstance(given, Sink):
        given = (given,)
    try:
        several = tuple(given)
    except TypeError:
        raise UsageError(f"sinks={show_value(given)}: give a sink, a function of a result, or a list of them") from None
    sinks = tuple(_find_sink(one) if isinstance(one, str) else one for one in several)
    sinks_from(sinks)
    return sinks


def _find_sink(name: str) -> Sink:
    if name.startswith(("redis://", "rediss://", "unix://")):
        from pdfbatch.sinks import RedisSink

        return RedisSink(name)
    match name:
        case "log":
            from pdfbatch.sinks import LogSink

            return LogSink()
        case "progress":
            from pdfbatch.sinks import ProgressBarSink

            return ProgressBarSink()
        case _:
            raise _unknown_name("sinks", name, SINKS)


def _refuse_unless(
    given: object, setting: str, names: tuple[str, ...], members: tuple[str, ...], kind: str = "an object of the kind"
) -> None:
    """Raise ``UsageError`` for what surely is not meant: an unknown name, a class, an object without the port's members."""
    if isinstance(given, str):
        raise _unknown_name(setting, given, names)
    if isinstance(given, type):
        raise UsageError(f"{setting}: {given.__name__} is a class; give an instance, {given.__name__}(...)")
    missing = [member for member in members if _lacks(given, member)]
    if missing:
        allowed = f"one of {', '.join(names)}, or {kind}" if names else kind
        member = f"method {missing[0]}" if missing[0].endswith("()") else missing[0]
        raise UsageError(f"{setting}={show_value(given)} has no {member}: give {allowed}")


def _lacks(given: object, member: str) -> bool:
    name = member.removesuffix("()")
    if name != member:
        return not callable(getattr(given, name, None))
    # found without being asked for: the version of an engine may be the answer of a program
    return not hasattr(type(given), name) and not hasattr(given, name)


def _unknown_name(setting: str, given: str, names: tuple[str, ...]) -> UsageError:
    return UsageError(f"{setting} {show_value(given)} is none of {', '.join(names)}{did_you_mean(given, names)}")


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
