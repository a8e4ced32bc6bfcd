"""``pdfbatch demo``: a first look, on documents made for it."""

import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from pdfbatch.api import process_batch
from pdfbatch.cli.arguments import Arguments, program
from pdfbatch.cli.exit_codes import ExitCode
from pdfbatch.cli.logs import logging_to_stderr
from pdfbatch.cli.style import Style, paint_for
from pdfbatch.cli.summary import span
from pdfbatch.errors import OutputError
from pdfbatch.model import DocumentResult, DocumentStatus, TextSource
from pdfbatch.report import BatchReport
from pdfbatch.samples import write_samples
from pdfbatch.settings import Extraction
from pdfbatch.sinks import ProgressBarSink, counted, one_line

_DOUBTFUL = frozenset({DocumentStatus.PARTIAL, DocumentStatus.EMPTY})


def demo(arguments: Arguments) -> ExitCode:
    """Write the samples, read them, and show what came of each."""
    folder = Path(arguments.output)
    samples, text = folder / "samples", folder / "text"
    try:
        write_samples(samples)
    except OSError as error:
        raise OutputError(
            f"{samples}: cannot write the sample documents: {error.strerror}; choose another --output"
        ) from error
    with logging_to_stderr(0):
        report = process_batch(
            [str(samples)],
            str(text),
            max_workers=arguments.workers,
            extraction=Extraction(on_missing_ocr="skip"),
            sinks=[ProgressBarSink(transient=True)],
        )
    width = shutil.get_terminal_size().columns
    lines = story(report, samples=samples, text=text, width=width, paint=paint_for(sys.stdout))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return ExitCode.OK


def story(report: BatchReport, *, samples: Path, text: Path, width: int, paint: Style) -> Iterator[str]:
    """What a first look should show, as lines: each document, the figures, where the text is, and what to try next."""
    results = sorted(report.results, key=lambda result: result.document.file_path)
    yield from _table(results, samples, width, paint)
    yield ""
    yield from _figures(report, paint)
    yield from _missing_ocr(results, paint)
    yield ""
    yield f"Samples  {samples}"
    yield f"Text     {text}"
    yield from _example(results, samples, text)
    yield from _next(text, paint)


def _table(results: list[DocumentResult], samples: Path, width: int, paint: Style) -> Iterator[str]:
    names = [_name(result, samples) for result in results]
    widest = max(map(len, names), default=8)
    yield paint.bold(f"{'document':<{widest}}  {'status':<9}  pages  by OCR  first line")
    room = max(12, width - widest - 29)
    for name, result in zip(names, results, strict=True):
        status = _painted(result.status, paint)
        counts = f"{result.counts.pages:>5}  {result.counts.ocr_pages:>6}"
        yield f"{name:<{widest}}  {status}  {counts}  {paint.faint(_cut(_first_line(result), room))}"


def _painted(status: DocumentStatus, paint: Style) -> str:
    padded = f"{status:<9}"
    if not status.ok:
        return paint.bad(padded)
    return paint.doubtful(padded) if status in _DOUBTFUL else paint.good(padded)


def _first_line(result: DocumentResult) -> str:
    if result.failure is not None and not result.ok:
        return str(result.failure.cause)
    lines = (line.strip() for page in result.pages for line in page.text.splitlines())
    return one_line(next(filter(None, lines), ""))


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 3].rstrip()}..."


def _figures(report: BatchReport, paint: Style) -> Iterator[str]:
    status = report.status
    documents = counted(report.processed, "document")
    pages = f"{counted(status.pages, 'page')}, {status.ocr_pages:,} of them by OCR"
    workers = counted(status.workers, "worker")
    yield f"{paint.bold(f'{documents} in {span(report.duration_seconds)}')} with {workers}: {pages}"
    rates = f"{report.documents_per_hour:,.0f} documents and {report.pages_per_hour:,.0f} pages an hour"
    yield f"That is {rates}, start-up included."


def _missing_ocr(results: list[DocumentResult], paint: Style) -> Iterator[str]:
    unread = sum(result.counts.failed_pages for result in results)
    if unread and not any(page.source is TextSource.OCR for result in results for page in result.pages):
        pages = counted(unread, "scanned page")
        yield paint.doubtful(f"{pages} not read, because tesseract is not installed: pip install 'pdfbatch[ocr]'")


def _example(results: list[DocumentResult], samples: Path, text: Path) -> Iterator[str]:
    """Where the text of one document is, a scanned one if there is one, since files are named after ids."""
    result = max(results, key=lambda result: (result.counts.ocr_pages > 0, result.ok), default=None)
    if result is not None and result.output is not None:
        record = text / os.path.basename(result.output)
        yield f"Such as  {record.with_suffix('.txt')} and {record.suffix} for {_name(result, samples)}"


def _name(result: DocumentResult, samples: Path) -> str:
    return one_line(os.path.relpath(result.document.file_path, samples))


def _next(text: Path, paint: Style) -> Iterator[str]:
    command = f"{program()} run YOUR_FOLDER --output {shlex.quote(str(text.parent / 'mine'))}"
    yield f"Next     {paint.bold(command)}"
    yield f"         {paint.bold(f'{program()} run --help')}"
