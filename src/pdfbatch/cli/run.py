"""``pdfbatch run``: one batch, shown as it goes and summed up at its end."""

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace

from pdfbatch.api import process_batch
from pdfbatch.cli.arguments import Arguments, FailOn
from pdfbatch.cli.exit_codes import STORAGE_CAUSES, ExitCode, ReaderGone, Terminated, code_of_interruption
from pdfbatch.cli.failures import FailureCollector
from pdfbatch.cli.json_lines import JsonLines
from pdfbatch.cli.logs import logging_to_stderr
from pdfbatch.cli.style import paint_for
from pdfbatch.cli.summary import interrupted, summary
from pdfbatch.inputs import Inputs, documents_from
from pdfbatch.model import Document
from pdfbatch.ports import Sink
from pdfbatch.report import BatchReport, BatchState
from pdfbatch.settings import Extraction, Limits, RetryPolicy
from pdfbatch.sinks import LogSink, ProgressBarSink


def run(arguments: Arguments) -> ExitCode:
    """Do the batch that was asked for, and say how it went."""
    tally = FailureCollector()
    try:
        with logging_to_stderr(arguments.verbose):
            report = _processed(arguments, [tally, *_sinks(arguments)])
    except ReaderGone:
        raise
    except KeyboardInterrupt as interruption:
        _tell_interruption(arguments, tally, interruption)
        return code_of_interruption(interruption)
    _tell(arguments, report, tally)
    return code_of_report(report, tally, arguments.fail_on)


def code_of_report(report: BatchReport, tally: FailureCollector, fail_on: FailOn) -> ExitCode:
    """The exit code of a batch that has ended by itself; one that stopped early never is all well."""
    if report.status.state is BatchState.FAILED:
        return ExitCode.STORAGE if STORAGE_CAUSES & tally.failed.keys() else ExitCode.DOCUMENTS_FAILED
    fails = {
        "any": report.failed > 0,
        "all": 0 < report.processed == report.failed,
        "never": False,
    }
    return ExitCode.DOCUMENTS_FAILED if fails[fail_on] else ExitCode.OK


def _processed(arguments: Arguments, sinks: list[Sink]) -> BatchReport:
    return process_batch(
        _inputs(arguments),
        arguments.output,
        max_workers=arguments.workers,
        executor=arguments.executor,
        engine=arguments.engine,
        ocr_engine=arguments.ocr_engine,
        extraction=_extraction(arguments),
        limits=_limits(arguments),
        retry=RetryPolicy(attempts=arguments.attempts),
        sinks=sinks,
        batch_id=arguments.batch_id,
        batch_size=arguments.batch_size,
        resume=arguments.resume,
        retry_failed=arguments.retry_failed,
        max_failure_rate=arguments.max_failure_rate,
        deduplicate=arguments.deduplicate,
    )


def _inputs(arguments: Arguments) -> Inputs:
    password = arguments.password or os.environ.get("PDFBATCH_PASSWORD")
    return arguments.inputs if password is None else _unlocked(documents_from(arguments.inputs), password)


def _unlocked(documents: Iterable[Document], password: str) -> Iterator[Document]:
    return (document if document.password else replace(document, password=password) for document in documents)


def _extraction(arguments: Arguments) -> Extraction:
    return Extraction(
        ocr=arguments.ocr,
        on_missing_ocr=arguments.on_missing_ocr,
        languages=arguments.languages,
        dpi=arguments.dpi,
        min_dpi=min(Extraction().min_dpi, arguments.dpi),
    )


def _limits(arguments: Arguments) -> Limits:
    return Limits(
        document_timeout=arguments.document_timeout,
        page_timeout=arguments.page_timeout,
        memory_bytes=arguments.memory_bytes,
        max_pages=arguments.max_pages,
        max_file_bytes=arguments.max_file_bytes,
        storage_timeout=arguments.storage_timeout,
    )


def _sinks(arguments: Arguments) -> Iterator[Sink]:
    redis = arguments.redis or os.environ.get("PDFBATCH_REDIS")
    if redis:
        from pdfbatch.sinks import RedisSink  # noqa: PLC0415 (loaded when used)

        yield RedisSink(redis)
    if arguments.json:
        yield JsonLines(stream=sys.stdout)
    if arguments.verbose:
        yield LogSink()
    elif not arguments.quiet and not (arguments.json and sys.stdout.isatty()):
        yield ProgressBarSink(transient=True)


def _tell(arguments: Arguments, report: BatchReport, tally: FailureCollector) -> None:
    if arguments.json:
        JsonLines(stream=sys.stdout).line("summary", report.summary())
    if not arguments.quiet:
        _write(summary(report, tally, arguments.words, paint_for(sys.stderr)))


def _tell_interruption(arguments: Arguments, tally: FailureCollector, interruption: KeyboardInterrupt) -> None:
    if arguments.json and tally.status is not None:
        JsonLines(stream=sys.stdout).line("summary", tally.status.as_dict())
    reason = "SIGTERM" if isinstance(interruption, Terminated) else "Ctrl-C"
    _write(interrupted(tally.status, arguments.words, reason, paint_for(sys.stderr)))


def _write(lines: Iterable[str]) -> None:
    sys.stderr.write("".join(f"{line}\n" for line in lines))
