"""Text that a person reads at the end of a batch."""

from collections.abc import Callable, Iterator, Sequence

from pdfbatch.cli.failures import FailureCollector
from pdfbatch.cli.style import Style
from pdfbatch.cli.wording import in_options, quote_words
from pdfbatch.errors import Cause
from pdfbatch.model import DocumentResult, Reason
from pdfbatch.outputs import batch_file
from pdfbatch.report import BatchReport, BatchState, BatchStatus, PageCounts
from pdfbatch.sinks import escape_unprintable, format_count, format_duration

_OPTIONS = {
    Cause.PASSWORD_REQUIRED: ("--password",),
    Cause.LIMIT_PAGES: ("--max-pages",),
    Cause.LIMIT_BYTES: ("--max-file-bytes",),
    Cause.TIMEOUT: ("--document-timeout", "--page-timeout"),
    Cause.MEMORY_LIMIT: ("--memory",),
    Cause.WORKER_LOST: ("--engine",),
    Cause.OCR_FAILED: ("--languages", "--dpi"),
    Cause.CANCELLED: ("--resume",),
}

_PLACEHOLDERS = {"--password": "PASSWORD", "--redis": "URL"}


def summary_lines(
    report: BatchReport,
    failures: FailureCollector,
    argv: Sequence[str],
    style: Style,
    *,
    is_shard: bool = False,
    has_ocr: bool = True,
) -> Iterator[str]:
    """Yield the summary: figures, failures with advice, where the text is, and the command that retries.

    ``failures`` has the examples to name; ``argv`` is the program and its arguments. The list of failures of a shard stands in
    its own folder only. ``has_ocr`` is ``False`` for a batch that was told to do without OCR.
    """
    failure_list = batch_file(report.batch_id, "failures.jsonl") if is_shard else "failures.jsonl"
    yield from _counts(report, failures, failure_list, style, has_ocr=has_ocr)
    if report.failed:
        yield f"Retry them with   {style.bold(retry_command(argv, '--retry-failed'))}"


def merge_lines(report: BatchReport, failures: FailureCollector, style: Style) -> Iterator[str]:
    """Yield the summary of a batch whose shards were put together."""
    yield from _counts(report, failures, "failures.jsonl", style)


def _counts(
    report: BatchReport, failures: FailureCollector, failure_list: str, style: Style, *, has_ocr: bool = True
) -> Iterator[str]:
    yield from _headline(report.status, style)
    yield from _figures(report.status, style)
    yield from _reasons(report.page_counts, style)
    if not has_ocr:
        yield from _pages_without_ocr(report.page_counts.by_reason.get(Reason.NO_TEXT_LAYER, 0), style)
    yield from _partial(report.status.partial, failures.partial, style)
    yield from _other_languages(report.status.other_language_pages, style)
    for name, count in report.failures_by_cause.items():
        cause = Cause(name)
        yield ""
        yield f"{style.bad(f'{cause} ({count:,})')}: {advice(cause)}"
        yield from _examples(failures.failed.get(cause, ()), count, _message, failure_list)
    yield ""
    if report.output is not None:
        output = escape_unprintable(report.output.rstrip("/"))
        yield f"Text and records  {output}"
        if report.failed:
            yield f"All failures      {output}/{failure_list}"


def interruption_lines(status: BatchStatus | None, argv: Sequence[str], reason: str, style: Style) -> Iterator[str]:
    """Yield what is kept after an interruption, and the command that continues."""
    if status is None:
        yield f"Stopped by {reason} before the work began."
        return
    done = f"{status.processed:,} of {format_count(status.total_documents, 'document')}"
    yield f"{style.bold(f'Stopped by {reason}.')} {done} had ended; their results are kept."
    yield f"Continue with     {style.bold(retry_command(argv, '--resume'))}"


def retry_command(argv: Sequence[str], option: str) -> str:
    """Return the command line of the same batch with ``option``, quoted for a shell, and without passwords."""
    program, command, *rest = argv
    end = rest.index("--") if "--" in rest else len(rest)
    kept = [word for word in rest[:end] if word not in ("--resume", "--retry-failed")]
    return f"{program} {quote_words([command, option, *without_secrets(kept), *rest[end:]])}"


def without_secrets(words: Sequence[str]) -> Iterator[str]:
    """Yield the words of a command, with placeholders for passwords."""
    before = ""
    for word in words:
        option, equals, value = word.partition("=")
        if before in _PLACEHOLDERS:
            yield _without_secret(before, word)
        else:
            yield f"{option}={_without_secret(option, value)}" if equals and option in _PLACEHOLDERS else word
        before = word


def _without_secret(option: str, value: str) -> str:
    is_harmless = option == "--redis" and not {"@", "?"}.intersection(value)
    return value if is_harmless else _PLACEHOLDERS[option]


def advice(cause: Cause) -> str:
    """Return what to do about a cause, with the options that help, if any do."""
    said = in_options(cause.advice)
    missing = [option for option in _OPTIONS.get(cause, ()) if option not in said]
    return f"{said} Options: {', '.join(missing)}." if missing else said


def format_seconds(seconds: float) -> str:
    """Return a duration: below a minute with a tenth of a second, else as ``h:mm:ss``."""
    return f"{seconds:.1f} s" if seconds < 60 else format_duration(seconds)


def _headline(status: BatchStatus, style: Style) -> Iterator[str]:
    documents = f"{format_count(status.processed, 'document')} in {format_seconds(status.elapsed_seconds)}"
    rates = (
        f"{status.documents_per_hour:,.0f} documents/h, {status.pages_per_hour:,.0f} pages/h, " if status.pages else ""
    )
    workers = format_count(status.workers, "worker") + (f" ({status.executor})" if status.executor else "")
    yield f"{style.bold(documents)}: {rates}{workers}"
    if status.state is not BatchState.COMPLETED:
        yield style.bad(f"The batch ended early ({status.state}): not every document was read.")


def _figures(status: BatchStatus, style: Style) -> Iterator[str]:
    plain = status.successful - status.partial - status.empty - status.skipped - status.duplicates
    pages = f"{status.ocr_pages:,} by OCR, {status.failed_pages:,} failed"
    rows = (
        ("succeeded", plain, "", style.good),
        ("partial", status.partial, "some of their pages failed", style.doubtful),
        ("empty", status.empty, "no text on any page", style.doubtful),
        ("duplicates", status.duplicates, "same bytes as another document, read once for both", style.faint),
        ("skipped", status.skipped, "finished by an earlier run", style.faint),
        ("failed", status.failed, "", style.bad),
        ("pages", status.pages, pages, style.faint),
    )
    for name, count, remark, colour in rows:
        if count or name in ("succeeded", "failed"):
            figure = (colour if count else style.faint)(f"{name:<10} {count:>9,}")
            yield f"  {figure}   {style.faint(remark)}".rstrip()


def _reasons(pages: PageCounts, style: Style) -> Iterator[str]:
    """Yield why pages are read as they are, unless all have a good text layer, and what OCR read more than once."""
    if pages.by_reason.keys() - {Reason.TEXT_LAYER}:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in pages.by_reason.items())
        yield style.faint(f"  {'reasons':<10} {reasons}")
    if pages.turned or pages.reread:
        again = f"{pages.reread:,} pages again for doubtful words, {pages.turned:,} turned"
        yield style.faint(f"  {'readings':<10} {pages.ocr_readings:>9,}   by OCR: {again}")
    if pages.failed_readings:
        have = "1 page has" if pages.failed_readings == 1 else f"{pages.failed_readings:,} pages have"
        failed = f"{have} the first reading by OCR, because a further one failed"
        yield style.doubtful(f"  {'unfinished':<10} {pages.failed_readings:>9,}   {failed}")


def _pages_without_ocr(count: int, style: Style) -> Iterator[str]:
    """Yield how many pages have no text because the batch did without OCR. A blank page is none of them."""
    if count:
        have = "1 page has" if count == 1 else f"{count:,} pages have"
        yield ""
        yield style.doubtful(f"Not read: {have} no text layer, and OCR was not wanted. Options: --ocr auto.")


def _partial(count: int, examples: Sequence[DocumentResult], style: Style) -> Iterator[str]:
    if count:
        yield ""
        yield style.doubtful(f"Partial ({count:,}): the record of each names what is missing, and why.")
        yield from _examples(examples, count, _page_failures, "their records")


def _other_languages(count: int, style: Style) -> Iterator[str]:
    if count:
        pages = format_count(count, "page")
        yield ""
        yield style.doubtful(
            f"Language: the words of {pages} do not fit the language that OCR was asked for. The records name the one that "
            "fits. Options: --languages (auto: guess)."
        )


def _examples(
    examples: Sequence[DocumentResult], count: int, line: Callable[[DocumentResult], str], rest: str
) -> Iterator[str]:
    for result in examples:
        yield f"  {escape_unprintable(line(result))}"
    if not examples:
        yield f"  see {rest}"
    elif count > len(examples):
        yield f"  and {count - len(examples):,} more: see {rest}"


def _message(result: DocumentResult) -> str:
    path = result.document.file_path
    message = "no reason was given" if result.failure is None else result.failure.message
    return in_options(message) if path in message else f"{path}: {in_options(message)}"


def _page_failures(result: DocumentResult) -> str:
    if not result.counts.failed_pages:
        return _message(result)
    pages = format_count(result.counts.pages, "page")
    return f"{result.document.file_path}: {result.counts.failed_pages:,} of {pages} failed"
