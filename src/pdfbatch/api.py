"""The functions of the first page: one call for a batch, with good defaults."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar, Unpack, cast, overload

from pdfbatch import checks
from pdfbatch.batch_options import BatchKeywords, BatchOptions
from pdfbatch.defaults import OutputLike
from pdfbatch.inputs import Input, Inputs, ManifestSource
from pdfbatch.model import DocumentResult
from pdfbatch.processor import BatchProcessor, ProcessorKeywords
from pdfbatch.report import BatchReport
from pdfbatch.settings import name_homes

T = TypeVar("T")


class ManifestKeywords(ProcessorKeywords, BatchKeywords, total=False):
    """The keyword arguments that ``process_manifest`` and ``read`` have in common with ``process_batch``."""


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
    output: OutputLike | None = None,
    *,
    options: BatchOptions = BatchOptions(),
    **settings: Unpack[ManifestKeywords],
) -> BatchReport:
    """Turn documents into text, and tell how it went.

    ``inputs``: paths, folders, globs, fsspec URLs, ``bytes``, binary files, ``Document``s, manifests, or an iterable of
    them. ``output``: a folder or fsspec URL for text and records; without it the text is in ``report.results``.

    Settings are those of ``BatchProcessor``, by the same words: ``workers`` (also ``max_workers``; by default as many as the
    processors that this process may use), ``executor`` (``"auto"``, ``"process"``, ``"thread"``, ``"sequential"``, ``"dask"``
    or ``"ray"``: a cluster on this machine, ended with the batch; ``"celery"``: the workers of the current application),
    ``engine`` and ``second_engine`` (``"pdfium"``, ``"pypdf"``), ``ocr_engine`` (``"auto"``, ``"tesseract"``,
    ``"tesserocr"``, ``"rapidocr"``, ``"tesseract+rapidocr"``), each a name or a value of the kind; ``sinks`` (``"log"``,
    ``"progress"``, a ``redis://`` URL, a function of a result, a sink, or a list of them), ``progress`` (``True`` shows it)
    and ``on_result`` (a function that is called with each result), ``extraction``, ``limits``, ``retry``, ``passwords`` and
    ``deduplicate``.

    Options of the batch are given as one ``BatchOptions``, or as keywords, which change it: ``batch_id``, ``batch_size``,
    ``resume``, ``retry_failed``, ``max_failure_rate``, ``include``, ``exclude``, ``limit``, ``shard``, ``pages``.

    One bad document never raises: its result says what happened. Raises ``UsageError`` before any work when the request
    itself cannot be met, also for a word that is no setting. Ctrl-C raises ``KeyboardInterrupt``, which has the ``report`` of
    what was finished as an attribute.
    """
    processor, changes = _split("process_batch", output, settings)
    return processor.run(inputs, options, **changes)


def process_manifest(
    manifest: ManifestSource,
    output: OutputLike | None = None,
    *,
    options: BatchOptions = BatchOptions(),
    **settings: Unpack[ManifestKeywords],
) -> BatchReport:
    """Turn the documents of a manifest into text; ``report.batches`` counts each ``batch_size`` (10) of them together.

    ``manifest``: a path or URL of a JSON file, its parsed content, or a ``Manifest``; or a path or URL of a JSON lines, CSV or
    Parquet file with one document a row, which is read row by row. A relative ``file_path`` is taken from
    the manifest's own folder. The manifest's id names the batch, unless ``batch_id`` does. All groups share one pool, so
    that no worker waits for the end of a group.

    ``options`` and ``settings`` are those of ``process_batch``, with the same defaults. Raises ``ManifestError`` before any
    work when the manifest is not one; else as ``process_batch``.
    """
    processor, changes = _split("process_manifest", output, settings)
    return processor.run_manifest(manifest, options, **changes)


def read(
    document: Input,
    output: OutputLike | None = None,
    *,
    options: BatchOptions = BatchOptions(),
    **settings: Unpack[ManifestKeywords],
) -> DocumentResult:
    """Read one document (a path, a URL, its ``bytes``, a ``Document``) and return its result; settings as ``process_batch``.

    It is read in a process of its own, so that it can be stopped whatever it does. That takes a third of a second to start:
    to read many, one by one, enter a ``BatchProcessor`` and call its ``read``, or say ``executor="thread"`` and trust the
    documents. A document that cannot be read does not raise: ``result.raise_for_failure()`` does. Raises ``UsageError`` when
    the input stands for several documents, as a folder may.
    """
    processor, changes = _split("read", output, settings)
    return processor.read(document, options, **changes)


def _split(caller: str, output: OutputLike | None, settings: ManifestKeywords) -> tuple[BatchProcessor, BatchKeywords]:
    """Return a processor with its settings, and the options of the batch. Raises ``UsageError`` for a word that is neither."""
    known = {*ManifestKeywords.__annotations__, "output", "options"}
    checks.check_names(settings, known, f"{caller}()", name_homes)
    options = {name: value for name, value in settings.items() if name in BatchKeywords.__annotations__}
    others = {name: value for name, value in settings.items() if name not in options}
    processor = BatchProcessor(output=output, **cast("ProcessorKeywords", others))
    return processor, cast("BatchKeywords", options)
