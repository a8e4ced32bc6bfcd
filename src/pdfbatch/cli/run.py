"""``pdfbatch run``: process one batch, show its progress, and print a summary."""

import sys
from collections.abc import Iterable, Iterator

from pdfbatch.cli.arguments import Arguments, FailOn
from pdfbatch.cli.exit_codes import ExitCode, Terminated, interruption_exit_code
from pdfbatch.cli.failures import FailureCollector
from pdfbatch.cli.json_lines import JsonLines
from pdfbatch.cli.logs import log_to_stderr
from pdfbatch.cli.streams import OutputLost, ReaderGone, write_error
from pdfbatch.cli.style import style_for
from pdfbatch.cli.summary import interruption_lines, summary_lines
from pdfbatch.cli.typed_inputs import check_inputs
from pdfbatch.defaults import tesseract_with_data
from pdfbatch.inputs import Input, Inputs, NameList
from pdfbatch.ports import OcrEngine, Sink
from pdfbatch.processor import BatchProcessor, ProcessorKeywords
from pdfbatch.report import BatchReport, BatchState, StoppedBy
from pdfbatch.settings import Extraction, Limits, RetryPolicy
from pdfbatch.sinks import LogSink, ProgressBarSink
from pdfbatch.storage import SHARD_BYTES, Storage


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
        if arguments.retry_failed and not report.processed:
            _print(["No document of these inputs failed in an earlier run into this output."])
    return report_exit_code(report, arguments.fail_on)


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
    settings = settings_of(arguments)
    settings["sinks"] = sinks
    if arguments.celery_app is not None:
        from pdfbatch.executors import CeleryExecutor  # noqa: PLC0415 (loaded when used)

        settings["executor"] = CeleryExecutor(arguments.celery_app, workers=arguments.workers)
        settings["workers"] = None
    return BatchProcessor(output=output_of(arguments), **settings).run(
        inputs_of(arguments),
        batch_id=arguments.batch_id,
        batch_size=arguments.batch_size,
        resume=arguments.resume,
        retry_failed=arguments.retry_failed,
        max_failure_rate=arguments.max_failure_rate,
        include=arguments.include,
        exclude=arguments.exclude,
        limit=arguments.limit,
        shard=arguments.shard,
        pages=arguments.pages,
    )


def settings_of(arguments: Arguments) -> ProcessorKeywords:
    """Return the settings of a batch processor that the arguments ask for."""
    return {
        "workers": arguments.workers,
        "executor": arguments.executor,
        "engine": arguments.engine,
        "ocr_engine": _ocr_engine_of(arguments),
        "extraction": Extraction(
            ocr=arguments.ocr,
            on_missing_ocr=arguments.on_missing_ocr,
            languages=arguments.languages,
            dpi=arguments.dpi,
            min_dpi=arguments.min_dpi,
            annotations=arguments.annotations,
        ),
        "limits": Limits(
            document_timeout=arguments.document_timeout,
            page_timeout=arguments.page_timeout,
            memory_bytes=arguments.memory_bytes,
            max_pages=arguments.max_pages,
            max_file_bytes=arguments.max_file_bytes,
            storage_timeout=arguments.storage_timeout,
        ),
        "retry": RetryPolicy(attempts=arguments.attempts),
        "passwords": () if arguments.password is None else (arguments.password,),
        "deduplicate": arguments.deduplicate,
    }


def _ocr_engine_of(arguments: Arguments) -> OcrEngine | str:
    """Return the OCR engine: its name, or with data from a folder of the caller's the engine itself."""
    if arguments.tessdata is None:
        return arguments.ocr_engine
    kills = arguments.executor in ("auto", "process")
    return tesseract_with_data(arguments.ocr_engine, arguments.tessdata, kills=kills)


def output_of(arguments: Arguments) -> Storage | str:
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


def inputs_of(arguments: Arguments) -> Inputs:
    """Return what was typed, and the lists."""
    lists = [NameList(name, nul=arguments.null or None) for name in arguments.files_from]
    inputs: list[Input] = [*arguments.inputs, *lists]
    return inputs


def _sinks(arguments: Arguments) -> Iterator[Sink]:
    if arguments.redis:
        from pdfbatch.cli.redis_keys import redis_prefix  # noqa: PLC0415 (as below)
        from pdfbatch.sinks import RedisSink  # noqa: PLC0415 (loaded when used)

        yield RedisSink(arguments.redis, key_prefix=redis_prefix())
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
