"""``pdfbatch demo``: a first look, on sample documents."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from pdfbatch.api import process_batch
from pdfbatch.cli.arguments import Arguments
from pdfbatch.cli.commands import program
from pdfbatch.cli.exit_codes import ExitCode
from pdfbatch.cli.logs import log_to_stderr
from pdfbatch.cli.streams import write_output
from pdfbatch.cli.style import Style, style_for
from pdfbatch.cli.summary import format_seconds
from pdfbatch.cli.wording import quote_word
from pdfbatch.errors import OutputError
from pdfbatch.model import DocumentResult, DocumentStatus, TextSource
from pdfbatch.report import BatchReport
from pdfbatch.samples import write_samples
from pdfbatch.settings import Extraction
from pdfbatch.sinks import ProgressBarSink, escape_unprintable, format_count

_DOUBTFUL = frozenset({DocumentStatus.PARTIAL, DocumentStatus.EMPTY})


def demo(arguments: Arguments) -> ExitCode:
    """Write sample documents, process them, and print the result of each."""
    folder = Path(arguments.output)
    samples, text = folder / "samples", folder / "text"
    try:
        write_samples(samples)
    except OSError as error:
        raise OutputError(
            f"{samples}: cannot write the sample documents: {error.strerror}; choose another --output"
        ) from error
    with log_to_stderr(0):
        report = process_batch(
            [str(samples)],
            str(text),
            max_workers=arguments.workers,
            extraction=Extraction(on_missing_ocr="skip"),
            sinks=[ProgressBarSink(transient=True)],
        )
    width = shutil.get_terminal_size().columns
    lines = report_lines(report, samples=samples, text=text, width=width, style=style_for(sys.stdout))
    write_output("".join(f"{line}\n" for line in lines))
    return ExitCode.OK


def report_lines(report: BatchReport, *, samples: Path, text: Path, width: int, style: Style) -> Iterator[str]:
    """Yield lines with each document, the figures, where the text is, and what to try next."""
    results = sorted(report.results, key=lambda result: result.document.file_path)
    yield from _table(results, samples, width, style)
    yield ""
    yield from _figures(report, style)
    yield from _ocr_notice(results, style)
    yield ""
    yield f"Samples  {escape_unprintable(str(samples))}"
    yield f"Text     {escape_unprintable(str(text))}"
    yield from _example(results, samples, text)
    command = f"{program()} run YOUR_FOLDER --output {quote_word(str(text.parent / 'mine'))}"
    yield f"Next     {style.bold(command)}"
    yield f"         {style.bold(f'{program()} run --help')}"


def _table(results: list[DocumentResult], samples: Path, width: int, style: Style) -> Iterator[str]:
    names = [_name(result, samples) for result in results]
    widest = max(map(len, names), default=8)
    yield style.bold(f"{'document':<{widest}}  {'status':<9}  pages  by OCR  first line")
    room = max(12, width - widest - 29)
    for name, result in zip(names, results, strict=True):
        status = _format_status(result.status, style)
        counts = f"{result.counts.pages:>5}  {result.counts.ocr_pages:>6}"
        line = _first_line(result)
        shown = line if len(line) <= room else f"{line[: room - 3].rstrip()}..."
        yield f"{name:<{widest}}  {status}  {counts}  {style.faint(shown)}"


def _format_status(status: DocumentStatus, style: Style) -> str:
    padded = f"{status:<9}"
    if not status.ok:
        return style.bad(padded)
    return style.doubtful(padded) if status in _DOUBTFUL else style.good(padded)


def _first_line(result: DocumentResult) -> str:
    """Return the first line of text, or the cause of the failure."""
    if result.failure is not None and not result.ok:
        return str(result.failure.cause)
    lines = (line.strip() for page in result.pages for line in page.text.splitlines())
    return escape_unprintable(next(filter(None, lines), ""))


def _figures(report: BatchReport, style: Style) -> Iterator[str]:
    status = report.status
    documents = f"{format_count(report.processed, 'document')} in {format_seconds(report.duration_seconds)}"
    pages = f"{format_count(status.pages, 'page')}, {status.ocr_pages:,} of them by OCR"
    yield f"{style.bold(documents)} with {format_count(status.workers, 'worker')}: {pages}"
    rates = f"{report.documents_per_hour:,.0f} documents and {report.pages_per_hour:,.0f} pages an hour"
    yield f"That is {rates}, start-up included."


def _ocr_notice(results: list[DocumentResult], style: Style) -> Iterator[str]:
    unread = sum(result.counts.failed_pages for result in results)
    if unread and not any(page.source is TextSource.OCR for result in results for page in result.pages):
        pages = format_count(unread, "scanned page")
        yield style.doubtful(f"{pages} not read, because tesseract is not installed: pip install 'pdfbatch[ocr]'")


def _example(results: list[DocumentResult], samples: Path, text: Path) -> Iterator[str]:
    """Yield where the text of one document is, preferably of a scanned one."""
    result = max(results, key=lambda result: (result.counts.ocr_pages > 0, result.ok), default=None)
    if result is not None and result.output is not None:
        record = Path(escape_unprintable(str(text / os.path.relpath(result.output, os.path.abspath(text)))))
        yield f"Such as  {record.with_suffix('.txt')} and {record.suffix} for {_name(result, samples)}"


def _name(result: DocumentResult, samples: Path) -> str:
    return escape_unprintable(os.path.relpath(result.document.file_path, samples))
