"""How a batch went, for the person who started it: lines of text, made of values and nothing else."""

import shlex
from collections.abc import Callable, Iterator, Sequence

from pdfbatch.cli.failures import FailureCollector, Group
from pdfbatch.cli.style import Style
from pdfbatch.errors import Cause
from pdfbatch.model import DocumentResult
from pdfbatch.report import BatchReport, BatchState, BatchStatus
from pdfbatch.sinks import clock, counted, one_line

_OPTIONS = {
    Cause.PASSWORD_REQUIRED: "--password",
    Cause.LIMIT_PAGES: "--max-pages",
    Cause.LIMIT_BYTES: "--max-file-bytes",
    Cause.TIMEOUT: "--document-timeout, --page-timeout",
    Cause.MEMORY_LIMIT: "--memory",
    Cause.WORKER_LOST: "--engine",
    Cause.OCR_FAILED: "--languages, --dpi",
    Cause.CANCELLED: "--resume",
}

_STAND_INS = {"--password": "PASSWORD", "--redis": "URL"}


def summary(report: BatchReport, tally: FailureCollector, words: Sequence[str], paint: Style) -> Iterator[str]:
    """All of it: figures, what went wrong and what to do about it, where the text is, how to try again.

    ``words`` are the program and its arguments.
    """
    yield from _headline(report.status, paint)
    yield from _figures(report.status, paint)
    yield from _partial(tally.partial, paint)
    yield from _failures(tally, paint)
    yield ""
    if report.output is not None:
        yield from _places(one_line(report.output.rstrip("/")), failures=bool(tally.failed))
    if tally.failed:
        yield f"Try those again   {paint.bold(again(words, '--retry-failed'))}"


def interrupted(status: BatchStatus | None, words: Sequence[str], reason: str, paint: Style) -> Iterator[str]:
    """What is kept after an interruption, and how to go on."""
    if status is None:
        yield f"Stopped by {reason} before the work began."
        return
    done = f"{status.processed:,} of {counted(status.total_documents, 'document')}"
    yield f"{paint.bold(f'Stopped by {reason}.')} {done} had ended; what they gave is kept."
    yield f"Go on with        {paint.bold(again(words, '--resume'))}"


def again(words: Sequence[str], option: str) -> str:
    """The command line that does the same again with another option, quoted for a shell; a password is not repeated."""
    program, command, *rest = words
    end = rest.index("--") if "--" in rest else len(rest)
    kept = [word for word in rest[:end] if word not in ("--resume", "--retry-failed")]
    return f"{program} {shlex.join([command, option, *_without_secrets(kept), *rest[end:]])}"


def _without_secrets(words: Sequence[str]) -> Iterator[str]:
    before = ""
    for word in words:
        option, equals, value = word.partition("=")
        if before in _STAND_INS:
            yield _without_secret(before, word)
        else:
            yield f"{option}={_without_secret(option, value)}" if equals and option in _STAND_INS else word
        before = word


def _without_secret(option: str, value: str) -> str:
    harmless = option == "--redis" and not {"@", "?"}.intersection(value)
    return value if harmless else _STAND_INS[option]


def advice(cause: Cause) -> str:
    """What to do about a cause, with the options that help, if any do."""
    options = _OPTIONS.get(cause)
    return cause.advice if options is None else f"{cause.advice} Options: {options}."


def span(seconds: float) -> str:
    """A time span: short ones with a tenth of a second, long ones as ``h:mm:ss``."""
    return f"{seconds:.1f} s" if seconds < 60 else clock(seconds)


def _headline(status: BatchStatus, paint: Style) -> Iterator[str]:
    documents = counted(status.processed, "document")
    rates = f"{status.documents_per_hour:,.0f} documents/h, {status.pages_per_hour:,.0f} pages/h"
    yield f"{paint.bold(f'{documents} in {span(status.elapsed_seconds)}')}: {rates}, {_workers(status)}"
    if status.state is not BatchState.COMPLETED:
        yield paint.bad(f"The batch ended early ({status.state}): not every document was read.")


def _workers(status: BatchStatus) -> str:
    workers = counted(status.workers, "worker")
    return f"{workers} ({status.executor})" if status.executor else workers


def _figures(status: BatchStatus, paint: Style) -> Iterator[str]:
    plain = status.successful - status.partial - status.empty - status.skipped - status.duplicates
    pages = f"{status.ocr_pages:,} by OCR, {status.failed_pages:,} failed"
    rows = (
        ("succeeded", plain, "", paint.good),
        ("partial", status.partial, "some of their pages failed", paint.doubtful),
        ("empty", status.empty, "no text on any page", paint.doubtful),
        ("duplicates", status.duplicates, "same bytes as another document, which was read for both", paint.faint),
        ("skipped", status.skipped, "finished by an earlier run", paint.faint),
        ("failed", status.failed, "", paint.bad),
        ("pages", status.pages, pages, paint.faint),
    )
    for name, count, remark, painted in rows:
        if count or name in ("succeeded", "failed"):
            yield f"  {_painted(name, count, painted if count else paint.faint)}   {paint.faint(remark)}".rstrip()


def _painted(name: str, count: int, painted: Callable[[str], str]) -> str:
    return painted(f"{name:<10} {count:>9,}")


def _partial(group: Group, paint: Style) -> Iterator[str]:
    if not group.count:
        return
    yield ""
    yield paint.doubtful(f"Partial ({group.count:,}): the record of each names the pages that failed, and why.")
    yield from _listed(group, _pages_lost, "their records")


def _failures(tally: FailureCollector, paint: Style) -> Iterator[str]:
    for cause, group in sorted(tally.failed.items(), key=lambda item: -item[1].count):
        yield ""
        yield f"{paint.bad(f'{cause} ({group.count:,})')}: {advice(cause)}"
        yield from _listed(group, _message, "failures.jsonl")


def _listed(group: Group, line: Callable[[DocumentResult], str], rest: str) -> Iterator[str]:
    for result in group.first:
        yield f"  {one_line(line(result))}"
    if group.count > len(group.first):
        yield f"  and {group.count - len(group.first):,} more: see {rest}"


def _message(result: DocumentResult) -> str:
    path = result.document.file_path
    message = "no reason was given" if result.failure is None else result.failure.message
    return message if path in message else f"{path}: {message}"


def _pages_lost(result: DocumentResult) -> str:
    pages = counted(result.counts.pages, "page")
    return f"{result.document.file_path}: {result.counts.failed_pages:,} of {pages} failed"


def _places(output: str, *, failures: bool) -> Iterator[str]:
    yield f"Text and records  {output}"
    if failures:
        yield f"All failures      {output}/failures.jsonl"
