"""``pdfbatch plan``: say how much there is to read and how long that takes, by reading a sample."""

import heapq
import logging
import random
import sys
import time
from collections import Counter
from collections.abc import Collection, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pdfbatch import defaults
from pdfbatch.batch import ResumeState, load_resume_state
from pdfbatch.batch_options import BatchOptions
from pdfbatch.cli.arguments import Arguments
from pdfbatch.cli.exit_codes import ExitCode
from pdfbatch.cli.forecast import SampledDocument, make_forecast
from pdfbatch.cli.json_lines import JsonLines
from pdfbatch.cli.logs import log_to_stderr
from pdfbatch.cli.plan_lines import DownloadPace, Plan, plan_lines
from pdfbatch.cli.run import inputs_of, output_of, settings_of
from pdfbatch.cli.streams import write_output
from pdfbatch.cli.style import style_for
from pdfbatch.cli.typed_inputs import check_inputs
from pdfbatch.errors import Cause, DependencyError, DocumentError, UsageError
from pdfbatch.executors import available_cpus, available_memory_bytes
from pdfbatch.inputs import documents_from
from pdfbatch.model import Document, DocumentResult
from pdfbatch.outputs import failure_filter
from pdfbatch.ports import OcrEngine, Reading, Sink
from pdfbatch.processor import BatchProcessor, ProcessorKeywords
from pdfbatch.settings import Extraction, Limits
from pdfbatch.sinks import ProgressBarSink
from pdfbatch.storage import Fingerprint, fingerprint, listed_fingerprint

if TYPE_CHECKING:
    from PIL.Image import Image

_MOST_SECONDS = 60.0  # for one document of the sample: a forecast should not wait for one that hangs
# Documents so many times as large as the mean are in the sample for sure, as far as they are no more than this share of it.
_LARGE, _LARGE_SHARE = 10, 5


@dataclass(slots=True, kw_only=True)
class _Pile:
    """All documents that there are to read: how many, how large, and some of them, drawn at random."""

    chance: random.Random
    most: int
    sample: list[Document] = field(default_factory=list[Document])
    documents: int = 0
    skipped: int = 0
    missing: int = 0
    size_bytes: int = 0
    unsized: int = 0
    _largest: list[tuple[int, int, Document]] = field(default_factory=list[tuple[int, int, Document]])

    def add(self, document: Document, size: int | None) -> None:
        """Count a document; each is in the sample with the same probability."""
        self.documents += 1
        if size is None:
            self.unsized += 1
        else:
            self.size_bytes += size
            heapq.heappush(self._largest, (size, self.documents, document))
            if len(self._largest) > self.most // _LARGE_SHARE:
                heapq.heappop(self._largest)
        if len(self.sample) < self.most:
            self.sample.append(document)
        elif (place := self.chance.randrange(self.documents)) < self.most:
            self.sample[place] = document

    def take_largest(self) -> list[Document]:
        """Return the documents that are far larger than others, and leave that much room for them in the sample.

        A pile of letters with one book in it has most of its pages in the book, which a sample would hardly meet.
        """
        sized = self.documents - self.unsized
        if self.documents <= self.most or not sized:
            return []
        least = _LARGE * self.size_bytes / sized
        large = [document for size, _, document in sorted(self._largest, reverse=True) if size >= least]
        names = {document.document_uuid for document in large}
        others = [document for document in self.sample if document.document_uuid not in names]
        self.sample = self.chance.sample(others, min(len(others), self.most - len(large)))
        return large


def plan(arguments: Arguments) -> ExitCode:
    """Look at all documents, read some, and print what that says of all of them."""
    check_inputs(arguments)
    with log_to_stderr(arguments.verbose, quiet=not arguments.verbose):
        made = make_plan(arguments)
    if arguments.json:
        JsonLines(stream=sys.stdout).write("plan", made.as_dict())
    else:
        write_output("".join(f"{line}\n" for line in plan_lines(made, arguments.argv, style_for(sys.stdout))))
    return ExitCode.OK


def make_plan(arguments: Arguments) -> Plan:
    """Return what there is to say. Raises what a run would raise before any work."""
    output = output_of(arguments) if arguments.output else None
    if output is None and (arguments.resume or arguments.retry_failed):
        raise UsageError("--resume and --retry-failed look into an output: say which one with --output")
    settings = settings_of(arguments)
    if arguments.executor in ("celery", "dask", "ray"):  # the sample is read here
        settings["executor"] = "auto"
    cores = available_cpus()
    settings["workers"] = min(arguments.workers or cores, cores)
    settings["deduplicate"] = False
    processor = BatchProcessor(output=output, **settings)
    executor = processor.executor or defaults.executor_for(processor.output)
    work, with_settings = processor.prepare_work(executor)
    options = BatchOptions(
        include=arguments.include,
        exclude=arguments.exclude,
        limit=arguments.limit,
        shard=arguments.shard,
        pages=arguments.pages,
    )
    found = documents_from(inputs_of(arguments), options.selection)
    documents: Iterable[Document] = map(with_settings, map(options.with_pages, found))
    if arguments.retry_failed and processor.output is not None:
        documents = filter(failure_filter(processor.output), documents)
    state = None
    if arguments.resume and processor.output is not None:
        state = load_resume_state(processor.output, work.options, resume=True)
    pile = _Pile(chance=random.Random(arguments.seed), most=arguments.sample)
    try:
        _look_at(documents, pile, state)
    finally:
        if state is not None and state.catalog is not None:
            state.catalog.close()
    return _read_sample(arguments, settings, pile, cores)


def _look_at(documents: Iterable[Document], pile: _Pile, state: ResumeState | None) -> None:
    """Count documents, without opening any of them. A remote one is asked nothing: a listing tells its size, or nobody."""
    for document in documents:
        if document.is_remote:
            found = listed_fingerprint(document)
            is_skipped, size = state is not None and state.may_be_finished(document), None
            if found is not None:
                size = found.size_bytes
        else:
            try:
                known = fingerprint(document)
            except DocumentError:  # it is read as it is, and fails
                is_skipped, size = False, 0
                pile.missing += 1
            else:
                is_skipped = state is not None and state.is_finished(document, str(known))
                size = known.size_bytes
        if is_skipped:
            pile.skipped += 1
            continue
        pile.add(document, size)


def _read_sample(arguments: Arguments, settings: ProcessorKeywords, pile: _Pile, cores: int) -> Plan:
    """Read the sample without OCR, then some of the pages that need it."""
    large = pile.take_largest()
    names, chosen_documents = {document.document_uuid for document in large}, [*large, *pile.sample]
    sampled, certain = list[SampledDocument](), list[SampledDocument]()
    causes, pending = Counter[Cause](), list[tuple[Document, int]]()
    of_run = settings_of(arguments)
    extraction, limits = of_run.get("extraction", Extraction()), of_run.get("limits", Limits())
    if arguments.executor not in ("thread", "sequential"):  # which can stop nothing, and say so
        seconds = limits.document_timeout or _MOST_SECONDS
        settings["limits"] = replace(limits, document_timeout=min(seconds, _MOST_SECONDS))
    settings["sinks"] = _sinks(arguments)
    is_wanted = extraction.ocr != "never"
    first: ProcessorKeywords = {**settings}
    if is_wanted:
        first["ocr_engine"], first["extraction"] = _NoOcr(), replace(extraction, on_missing_ocr="skip")
    started, first_came = time.monotonic(), 0.0
    with _no_warning_of_ocr():
        for result in BatchProcessor(**first).stream(chosen_documents):
            first_came = first_came or time.monotonic()
            pages = _pages_by_ocr(result)
            (certain if result.document.document_uuid in names else sampled).append(
                SampledDocument(
                    pages=result.counts.pages,
                    ocr_pages=len(pages),
                    seconds=result.duration_seconds,
                    size_bytes=Fingerprint.parse(result.fingerprint).size_bytes,
                )
            )
            pending += [(result.document, page) for page in pages]
            if not result.ok and result.failure is not None and result.failure.cause is not Cause.OCR_UNAVAILABLE:
                causes[result.failure.cause] += 1
    download = None
    if any(document.is_remote for document in chosen_documents):
        download = DownloadPace(
            documents=len(chosen_documents),
            size_bytes=sum([one.size_bytes or 0 for one in (*sampled, *certain)]),
            seconds=time.monotonic() - started,
            seconds_after_first=time.monotonic() - first_came,
            reading_seconds=sum([one.seconds for one in (*sampled, *certain)]) / (settings.get("workers") or 1),
        )
    ocr_seconds = list[float]()
    chosen = _choose_pages(pending, arguments.sample_pages, chosen_documents, pile, names)
    if chosen and is_wanted:
        for result in BatchProcessor(**settings).stream(chosen):
            read = result.counts.ocr_pages
            ocr_seconds += [result.counts.ocr_seconds / read] * read if read else []
    workers = arguments.workers or cores
    return Plan(
        documents=pile.documents,
        skipped=pile.skipped,
        missing=pile.missing,
        size_bytes=None if pile.unsized else pile.size_bytes,
        sample=len(chosen_documents),
        large=len(large),
        download=download,
        seed=arguments.seed,
        failures={str(cause): count for cause, count in causes.most_common()},
        ocr_sample=len(ocr_seconds),
        ocr=extraction.ocr,
        forecast=make_forecast(sampled, pile.documents, ocr_seconds, arguments.seed, certain),
        workers=workers,
        cores=cores,
        memory_bytes=arguments.memory_bytes,
        seen_bytes=_read_peak_bytes(),
        machine_bytes=available_memory_bytes(),
    )


def _pages_by_ocr(result: DocumentResult) -> list[int]:
    """Return the pages that need OCR. Without OCR they have a failure; where OCR is not wanted, there is none."""
    return [
        page.number for page in result.pages if page.failure is not None and page.failure.cause is Cause.OCR_UNAVAILABLE
    ]


def _choose_pages(
    pending: Sequence[tuple[Document, int]],
    most: int,
    documents: Sequence[Document],
    pile: _Pile,
    large: Collection[str],
) -> list[Document]:
    """Return documents with page ranges of some pages, chosen at random among all that need OCR.

    A page of a document that stands for many is as many times as likely as one of a large document that stands for itself.
    """
    weight = (pile.documents - len(large)) / max(1, len(pile.sample))
    keys = [
        (pile.chance.random() ** (1 if document.document_uuid in large else 1 / max(weight, 1)), place)
        for place, (document, _) in enumerate(pending)
    ]
    by_document: dict[str, tuple[Document, list[int]]] = {}
    known = {document.document_uuid: document for document in documents}
    for _, place in heapq.nlargest(most, keys):
        document, page = pending[place]
        whole = known[document.document_uuid]  # with its bytes and its password, which a result has not
        by_document.setdefault(whole.document_uuid, (whole, []))[1].append(page)
    return [replace(document, pages=",".join(map(str, sorted(pages)))) for document, pages in by_document.values()]


def _sinks(arguments: Arguments) -> Sequence[Sink]:
    return () if arguments.quiet or arguments.verbose else (ProgressBarSink(transient=True),)


def _read_peak_bytes() -> int | None:
    """Return the memory of the largest process that has read documents; ``None`` where the system does not tell."""
    try:
        import resource  # noqa: PLC0415 (not on every system)
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit or None


@contextmanager
def _no_warning_of_ocr() -> Generator[None]:
    """Leave out the warning that there is no OCR, while it is left out on purpose."""
    logger = logging.getLogger("pdfbatch.processor")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


class _NoOcr(OcrEngine):
    """Stands where OCR is left out: it is not there, so that each page that needs it is told, and none is drawn."""

    @property
    def name(self) -> str:
        return "none"

    @property
    def version(self) -> str:
        return ""

    def check(self, languages: str) -> None:
        raise DependencyError(f"no OCR for {languages}")

    def list_languages(self) -> frozenset[str]:
        return frozenset({"eng"})

    def read(self, image: "Image", *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        del image, languages, dpi, timeout
        raise DocumentError("OCR is left out", cause=Cause.OCR_UNAVAILABLE)

    def orientation(self, image: "Image", *, timeout: float | None = None) -> int | None:
        del image, timeout
        return None
