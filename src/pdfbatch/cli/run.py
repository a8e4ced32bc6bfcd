"""``pdfbatch run``: process one batch, show its progress, and print a summary."""

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from glob import has_magic

from pdfbatch.api import process_batch
from pdfbatch.cli.arguments import Arguments, FailOn
from pdfbatch.cli.exit_codes import STORAGE_CAUSES, ExitCode, Terminated, interruption_exit_code
from pdfbatch.cli.failures import FailureCollector
from pdfbatch.cli.json_lines import JsonLines
from pdfbatch.cli.logs import log_to_stderr
from pdfbatch.cli.streams import OutputLost, ReaderGone, write_error
from pdfbatch.cli.style import style_for
from pdfbatch.cli.summary import interruption_lines, summary_lines
from pdfbatch.common import without_credentials
from pdfbatch.errors import UsageError
from pdfbatch.inputs import Inputs, documents_from
from pdfbatch.model import Document
from pdfbatch.ports import Sink
from pdfbatch.report import BatchReport, BatchState
from pdfbatch.settings import Extraction, Limits, RetryPolicy
from pdfbatch.sinks import LogSink, ProgressBarSink
from pdfbatch.storage import SHARD_BYTES, Storage, is_file_url, path_of_file_url


def run(arguments: Arguments) -> ExitCode:
    """Process the batch and print how it went."""
    check_inputs(arguments.inputs)
    failures = FailureCollector()
    try:
        with log_to_stderr(arguments.verbose):
            report = _process(arguments, [failures, *_sinks(arguments)])
    except (ReaderGone, OutputLost):
        raise
    except KeyboardInterrupt as interruption:
        _print_interruption(arguments, failures, interruption)
        return interruption_exit_code(interruption)
    if arguments.json:
        JsonLines(stream=sys.stdout).write("summary", report.summary())
    if not arguments.quiet:
        _print(summary_lines(report, failures, arguments.argv, style_for(sys.stderr)))
    return report_exit_code(report, arguments.fail_on)


def check_inputs(inputs: Iterable[str]) -> None:
    """Raise ``UsageError``, which names all of them, when inputs that somebody has typed are not there.

    Names in a manifest or in a folder may be gone when their turn comes; each such document fails alone.
    """
    missing = [word for word in inputs if not _is_there(word)]
    if missing:
        raise UsageError(f"not found: {', '.join(without_credentials(word) for word in missing)}")


def _is_there(word: str) -> bool:
    """Whether a word names something, or is a URL or a pattern, which are searched later."""
    if is_file_url(word):
        word = path_of_file_url(word)
    elif "://" in word or not word:
        return True
    for path in {word, os.path.expanduser(word)}:
        try:
            os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError):  # something is in the way: the document says what
            return True
        return True
    return has_magic(word)


def report_exit_code(report: BatchReport, fail_on: FailOn) -> ExitCode:
    """Return the exit code of a batch that ended by itself. One that stopped early never has code 0."""
    if report.status.state is BatchState.FAILED:
        storage_failed = any(cause in report.failures_by_cause for cause in STORAGE_CAUSES)
        return ExitCode.STORAGE if storage_failed else ExitCode.DOCUMENTS_FAILED
    fails = {
        "any": report.failed > 0,
        "all": 0 < report.processed == report.failed,
        "never": False,
    }
    return ExitCode.DOCUMENTS_FAILED if fails[fail_on] else ExitCode.OK


def _process(arguments: Arguments, sinks: list[Sink]) -> BatchReport:
    return process_batch(
        _inputs(arguments),
        _output(arguments),
        max_workers=arguments.workers,
        executor=arguments.executor,
        engine=arguments.engine,
        ocr_engine=arguments.ocr_engine,
        extraction=Extraction(
            ocr=arguments.ocr,
            on_missing_ocr=arguments.on_missing_ocr,
            languages=arguments.languages,
            dpi=arguments.dpi,
        ),
        limits=Limits(
            document_timeout=arguments.document_timeout,
            page_timeout=arguments.page_timeout,
            memory_bytes=arguments.memory_bytes,
            max_pages=arguments.max_pages,
            max_file_bytes=arguments.max_file_bytes,
            storage_timeout=arguments.storage_timeout,
        ),
        retry=RetryPolicy(attempts=arguments.attempts),
        sinks=sinks,
        batch_id=arguments.batch_id,
        batch_size=arguments.batch_size,
        resume=arguments.resume,
        retry_failed=arguments.retry_failed,
        max_failure_rate=arguments.max_failure_rate,
        deduplicate=arguments.deduplicate,
    )


def _output(arguments: Arguments) -> Storage | str:
    """Return the output, as a ``Storage`` where it is asked for anything but the usual."""
    chosen = (arguments.names, arguments.layout, arguments.shard_size, arguments.durability)
    if chosen == ("path", "files", SHARD_BYTES, "batch"):
        return arguments.output
    return Storage(
        arguments.output,
        seconds=arguments.storage_timeout,
        names=arguments.names,
        layout=arguments.layout,
        shard_bytes=arguments.shard_size or SHARD_BYTES,
        durability=arguments.durability,
    )


def _inputs(arguments: Arguments) -> Inputs:
    password = arguments.password or os.environ.get("PDFBATCH_PASSWORD")
    return arguments.inputs if password is None else _with_password(documents_from(arguments.inputs), password)


def _with_password(documents: Iterable[Document], password: str) -> Iterator[Document]:
    return (document if document.password else replace(document, password=password) for document in documents)


def _sinks(arguments: Arguments) -> Iterator[Sink]:
    redis = arguments.redis or os.environ.get("PDFBATCH_REDIS")
    if redis:
        from pdfbatch.sinks import RedisSink  # noqa: PLC0415 (loaded when used)

        yield RedisSink(redis)
    if arguments.json:
        yield JsonLines(stream=sys.stdout)
    if arguments.verbose:
        yield LogSink()
    # A bar would be drawn between JSON lines on the same terminal.
    elif not arguments.quiet and not (arguments.json and sys.stdout.isatty()):
        yield ProgressBarSink(transient=True)


def _print_interruption(arguments: Arguments, failures: FailureCollector, interruption: KeyboardInterrupt) -> None:
    if arguments.json and failures.status is not None:
        JsonLines(stream=sys.stdout).write("summary", failures.status.as_dict())
    reason = "SIGTERM" if isinstance(interruption, Terminated) else "Ctrl-C"
    _print(interruption_lines(failures.status, arguments.argv, reason, style_for(sys.stderr)))


def _print(lines: Iterable[str]) -> None:
    write_error("".join(f"{line}\n" for line in lines))
