"""``pdfbatch run``: process one batch, show its progress, and print a summary."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from difflib import get_close_matches
from glob import has_magic
from itertools import islice

from pdfbatch.api import process_batch
from pdfbatch.cli.arguments import Arguments, FailOn
from pdfbatch.cli.exit_codes import ExitCode, Terminated, interruption_exit_code
from pdfbatch.cli.failures import FailureCollector
from pdfbatch.cli.json_lines import JsonLines
from pdfbatch.cli.logs import log_to_stderr
from pdfbatch.cli.streams import OutputLost, ReaderGone, write_error
from pdfbatch.cli.style import style_for
from pdfbatch.cli.summary import interruption_lines, summary_lines
from pdfbatch.common import without_credentials
from pdfbatch.defaults import ExecutorLike
from pdfbatch.errors import UsageError
from pdfbatch.inputs import STANDARD_INPUT, Input, Inputs, NameList, Selection, documents_from
from pdfbatch.ports import Sink
from pdfbatch.report import BatchReport, BatchState, StoppedBy
from pdfbatch.settings import Extraction, Limits, RetryPolicy
from pdfbatch.sinks import LogSink, ProgressBarSink
from pdfbatch.storage import SHARD_BYTES, Storage, is_file_url, path_of_file_url

# Names in a folder among which one that is like a mistyped one is looked for.
_MOST_NAMES = 10_000


def run(arguments: Arguments) -> ExitCode:
    """Process the batch and print how it went."""
    check_inputs(arguments)
    failures = FailureCollector()
    try:
        with log_to_stderr(arguments.verbose, quiet=arguments.quiet):
            report = _process(arguments, [failures, *_sinks(arguments)])
    except (ReaderGone, OutputLost):
        raise
    except KeyboardInterrupt as interruption:
        _print_interruption(arguments, failures, interruption)
        return interruption_exit_code(interruption)
    if arguments.json:
        JsonLines(stream=sys.stdout).write("summary", report.summary())
    if not arguments.quiet:
        is_shard, has_ocr = arguments.shard is not None, arguments.ocr != "never"
        style = style_for(sys.stderr)
        _print(summary_lines(report, failures, arguments.argv, style, is_shard=is_shard, has_ocr=has_ocr))
    return report_exit_code(report, arguments.fail_on)


def check_inputs(arguments: Arguments) -> None:
    """Raise ``UsageError``, which names all of them, when inputs or lists that somebody has typed are not there.

    Names in a list, a manifest or a folder may be gone when their turn comes; each such document fails alone.
    """
    lists = [word for word in arguments.files_from if word != STANDARD_INPUT]
    if len(arguments.files_from) - len(lists) > 1:
        raise UsageError("--files-from - can be given once: standard input is one list")
    missing = [word for word in (*arguments.inputs, *lists) if not _is_there(word)]
    if missing:
        named = (without_credentials(word) + _suggest_path(word) for word in missing)
        raise UsageError(f"not found: {', '.join(named)}")


def _suggest_path(word: str) -> str:
    """Return a question for the name beside which a path may be meant, empty where there is none."""
    folder, name = os.path.split(os.path.expanduser(word).rstrip("/"))
    with suppress(OSError, ValueError), os.scandir(folder or ".") as entries:
        found = get_close_matches(name, [entry.name for entry in islice(entries, _MOST_NAMES)], n=1, cutoff=0.75)
        return f" (did you mean {os.path.join(folder, found[0])}?)" if found else ""
    return ""


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
        return ExitCode.STORAGE if report.stopped_by is StoppedBy.STORAGE else ExitCode.DOCUMENTS_FAILED
    fails = {
        "any": report.failed > 0,
        "all": 0 < report.processed == report.failed,
        "never": False,
    }
    return ExitCode.DOCUMENTS_FAILED if fails[fail_on] else ExitCode.OK


def _process(arguments: Arguments, sinks: list[Sink]) -> BatchReport:
    password = arguments.password or os.environ.get("PDFBATCH_PASSWORD")
    return process_batch(
        _inputs(arguments, password),
        _output(arguments),
        max_workers=None if arguments.celery_app else arguments.workers,
        executor=_executor(arguments),
        engine=arguments.engine,
        ocr_engine=arguments.ocr_engine,
        extraction=Extraction(
            ocr=arguments.ocr,
            on_missing_ocr=arguments.on_missing_ocr,
            languages=arguments.languages,
            dpi=arguments.dpi,
            annotations=arguments.annotations,
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
        include=arguments.include if password is None else (),
        exclude=arguments.exclude if password is None else (),
        limit=arguments.limit,
        shard=arguments.shard,
        deduplicate=arguments.deduplicate,
    )


def _executor(arguments: Arguments) -> ExecutorLike:
    if arguments.celery_app is None:
        return arguments.executor
    from pdfbatch.executors import CeleryExecutor  # noqa: PLC0415 (loaded when used)

    return CeleryExecutor(arguments.celery_app, workers=arguments.workers)


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
        shard_bytes=arguments.shard_size,
        durability=arguments.durability,
    )


def _inputs(arguments: Arguments, password: str | None) -> Inputs:
    """Return the inputs; with a password the documents, of which the patterns have taken their part already."""
    lists = [NameList(name, nul=arguments.null or None) for name in arguments.files_from]
    inputs: list[Input] = [*arguments.inputs, *lists]
    if password is None:
        return inputs
    selection = Selection.from_values(include=arguments.include, exclude=arguments.exclude)
    return (
        document if document.password else replace(document, password=password)
        for document in documents_from(inputs, selection)
    )


def _sinks(arguments: Arguments) -> Iterator[Sink]:
    redis = arguments.redis or os.environ.get("PDFBATCH_REDIS")
    if redis:
        from pdfbatch.cli.redis_keys import redis_prefix  # noqa: PLC0415 (as below)
        from pdfbatch.sinks import RedisSink  # noqa: PLC0415 (loaded when used)

        yield RedisSink(redis, key_prefix=redis_prefix())
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
