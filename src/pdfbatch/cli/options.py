"""Options of each command: names, help texts and defaults. An option that several commands have is written once."""

from argparse import SUPPRESS, Action, ArgumentParser
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from pdfbatch.cli import types
from pdfbatch.settings import Extraction, Limits, RetryPolicy
from pdfbatch.storage import SHARD_BYTES

Add: TypeAlias = Callable[..., Action]
"""``add_argument`` of a parser or of a group of options."""


def add_run_options(parser: ArgumentParser) -> None:
    """Add the options of ``pdfbatch run``."""
    _add_inputs(parser)
    _add_written_output(parser, "folder or URL for the text and the records", required=True)
    _add_run_groups(parser)


def add_plan_options(parser: ArgumentParser) -> None:
    """Add the options of ``pdfbatch plan``: those of ``run``, so that one word of a command can be exchanged."""
    _add_inputs(parser)
    _add_written_output(parser, "folder or URL that the run would write; with --resume, what is finished there is told")
    _add_run_groups(parser)
    group = parser.add_argument_group("forecast")
    add = group.add_argument
    _add_number(add, "--sample", "how many documents to read for it, chosen at random", default=50)
    _add_number(add, "--sample-pages", "how many of their pages to read by OCR, to see how long that takes", default=8)
    _add_number(add, "--seed", "another number chooses other documents", default=1, type_=types.whole_number)


def add_demo_options(parser: ArgumentParser) -> None:
    """Add the options of ``pdfbatch demo``."""
    parser.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        default="pdfbatch-demo",
        help="folder for samples and text (default: ./%(default)s)",
    )
    _add_worker_count(parser.add_argument)


def add_watch_options(parser: ArgumentParser) -> None:
    """Add the options of ``pdfbatch watch``."""
    parser.add_argument(
        "batch_id", nargs="?", metavar="BATCH_ID", help="batch to follow (default: list the recent ones)"
    )
    _add_redis(parser.add_argument, "where Redis is (default: redis://localhost:6379/0)")
    _add_switch(parser.add_argument, "--once", help="show the present status and exit")
    _add_json(parser.add_argument, "write each status as one JSON object a line")


def add_export_options(parser: ArgumentParser) -> None:
    """Add the options of ``pdfbatch export``."""
    _add_finished_output(parser, "folder or URL that pdfbatch run wrote")
    parser.add_argument("target", metavar="TARGET", help="file or URL to write, ending in .jsonl or .parquet")
    _add_switch(parser.add_argument, "--pages", dest="by_page", help="one row per page (default: one per document)")
    _add_quiet(parser.add_argument)
    _add_s3(parser)


def add_dashboard_options(parser: ArgumentParser) -> None:
    """Add the options of ``pdfbatch dashboard``."""
    _add_redis(parser.add_argument, "where Redis is (default: redis://localhost:6379/0)")
    parser.add_argument(
        "--host",
        metavar="ADDRESS",
        default="127.0.0.1",
        help="address to serve (default: %(default)s, this machine only)",
    )
    parser.add_argument(
        "--port", type=types.port, default=0, metavar="N", help="port to serve (default: one that is free)"
    )
    parser.add_argument(
        "--token",
        metavar="TEXT",
        help="what readers must know; other users cannot see it in the variable PDFBATCH_DASHBOARD_TOKEN (default: nothing)",
    )


def add_report_options(parser: ArgumentParser) -> None:
    """Add the options of ``pdfbatch report``."""
    _add_finished_output(parser, "folder or URL that pdfbatch run wrote, or writes")
    parser.add_argument("--html", metavar="FILE", help="file or URL to write (default: report.html in OUTPUT)")
    _add_quiet(parser.add_argument)
    _add_s3(parser)


def add_doctor_options(parser: ArgumentParser) -> None:
    """Add the options of ``pdfbatch doctor``."""
    parser.add_argument("addresses", nargs="*", metavar="INPUT", help="folder or URL that should hold a PDF")
    _add_written_output(parser, "folder or URL that should take files")
    _add_redis(parser.add_argument, "Redis server that should answer (default: not asked)")
    _add_json(parser.add_argument, "write one JSON object a line")
    _add_s3(parser)


def add_merge_options(parser: ArgumentParser) -> None:
    """Add the options of ``pdfbatch merge``."""
    _add_finished_output(parser, "folder or URL that the shards were written to")
    parser.add_argument("--batch-id", metavar="ID", help="which batch, if there are shards of several")
    parser.add_argument(
        "--shards", type=types.positive_int, metavar="M", help="of how many shards, if it was divided in several ways"
    )
    _add_json(parser.add_argument, "write the report as one JSON object to standard output")
    _add_quiet(parser.add_argument, "print errors, and what the batch warns of, only")
    _add_fail_on(parser.add_argument)
    _add_s3(parser)


def add_completion_options(parser: ArgumentParser) -> None:
    """Add the options of ``pdfbatch completion``."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="shell that is to complete words")


def add_man_options(parser: ArgumentParser) -> None:
    """Add the options of ``pdfbatch man``: none but those that every command has."""


def add_config_option(parser: ArgumentParser) -> None:
    """Add the option that every command has."""
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="TOML file with options, such as workers = 8 (default: the file that PDFBATCH_CONFIG names, if any)",
    )


# --- options that several commands have ---------------------------------------------------------------------------------


def _add_switch(add: Add, *names: str, add_opposite: Add | None = None, **settings: Any) -> None:
    """Add an option without a value, and one that takes it back where a variable or a file has given it.

    That is ``--no-resume`` for ``--resume``, and ``--annotations`` for ``--no-annotations``; it is not in the help.
    """
    name = next(name for name in names if name.startswith("--"))
    stem = name.removeprefix("--no-") if name.startswith("--no-") else name.removeprefix("--")
    dest = settings.pop("dest", stem.replace("-", "_"))
    is_on = not name.startswith("--no-")
    first, second = ("store_true", "store_false") if is_on else ("store_false", "store_true")
    add(*names, dest=dest, action=first, **settings)
    opposite = f"--no-{stem}" if is_on else f"--{stem}"
    (add_opposite or add)(opposite, dest=dest, action=second, default=not is_on, help=SUPPRESS)


def _add_finished_output(parser: ArgumentParser, what: str) -> None:
    parser.add_argument("output", metavar="OUTPUT", help=what)


def _add_written_output(parser: ArgumentParser, what: str, *, required: bool = False) -> None:
    parser.add_argument("-o", "--output", required=required, metavar="OUT", help=what)


def _add_worker_count(add: Add) -> None:
    add(
        "-w", "--workers", "-j", "--jobs", type=types.positive_int, metavar="N", help="how many (default: one per core)"
    )


def _add_redis(add: Add, what: str) -> None:
    add("--redis", metavar="URL", help=f"{what}; other users cannot see a password in the variable PDFBATCH_REDIS")


def _add_json(add: Add, what: str) -> None:
    _add_switch(add, "--json", help=what)


def _add_quiet(add: Add, what: str = "print nothing on success") -> None:
    _add_switch(add, "-q", "--quiet", help=what)


def _add_fail_on(add: Add) -> None:
    _add_choice(add, "--fail-on", "which failures make the exit code 1", ("any", "all", "never"))


def _add_number(
    add: Add, name: str, what: str, *, default: int | None = None, type_: Callable[[str], Any] = types.positive_int
) -> None:
    """Add an option whose value is a number, and say its default, unless ``what`` does."""
    shown = what if default is None else f"{what} (default: %(default)s)"
    add(name, type=type_, metavar="N", default=default, help=shown)


def _add_choice(add: Add, name: str, what: str, choices: Sequence[str], *, default: str | None = None) -> None:
    """Add an option whose value is one of a few words, of which the first is the default unless another is named."""
    add(name, choices=choices, default=default or choices[0], help=f"{what} (default: %(default)s)")


def _add_s3(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("S3")
    group.add_argument(
        "--endpoint-url",
        type=types.http_url,
        metavar="URL",
        help="where a server that speaks S3 is, such as http://minio:9000 (default: Amazon, or AWS_ENDPOINT_URL)",
    )
    group.add_argument(
        "--profile",
        metavar="NAME",
        help="credentials in ~/.aws to use (default: AWS_PROFILE, else what the AWS variables, ~/.aws or the machine give)",
    )


# --- options of ``run``, by groups --------------------------------------------------------------------------------------


def _add_run_groups(parser: ArgumentParser) -> None:
    for add in (_add_selection, _add_output, _add_s3, _add_workers, _add_text, _add_limits, _add_retry, _add_reporting):
        add(parser)


def _add_inputs(parser: ArgumentParser) -> None:
    parser.add_argument(
        "inputs",
        nargs="*",
        metavar="INPUT",
        help="a PDF, a folder, a quoted pattern (** for all folders below), a manifest (.json, .jsonl, .csv, .parquet), "
        "or a URL",
    )


def _add_output(parser: ArgumentParser) -> None:
    add = parser.add_argument_group("output").add_argument
    _add_choice(add, "--names", "call a text after its document's path below INPUT, or after its id", ("path", "id"))
    _add_choice(
        add,
        "--layout",
        "two files for each document, or large files with very many documents each",
        ("files", "jsonl", "parquet"),
    )
    add(
        "--shard-size",
        type=types.size,
        metavar="SIZE",
        default=SHARD_BYTES,
        help="about how large such a file may be (default: 128M)",
    )
    _add_choice(
        add,
        "--durability",
        "what a power failure spares: what a finished batch tells of, each document, nothing",
        ("batch", "each", "none"),
    )


def _add_selection(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("which documents")
    group.add_argument(
        "--files-from",
        action="append",
        metavar="FILE",
        default=[],
        help="read paths and URLs from FILE, one a line, or from standard input (-); may be repeated",
    )
    _add_switch(
        group.add_argument, "-0", "--null", help="a NUL byte ends each name there (default: the first names tell)"
    )
    for name, what in (
        ("--include", "only documents whose path matches"),
        ("--exclude", "no document whose path matches"),
    ):
        group.add_argument(
            name,
            action="append",
            metavar="PATTERN",
            default=[],
            help=f"{what}, such as '*.pdf' (a name at any depth) or 'drafts/**' (the path below INPUT); may be repeated",
        )
    _add_number(group.add_argument, "--limit", "only the first N of them")
    group.add_argument(
        "--shard",
        type=types.shard,
        metavar="N/M",
        help="only the Nth of M shares, counted from 1; 'pdfbatch merge OUT' puts the reports of all shares together",
    )


def _add_workers(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("workers")
    _add_worker_count(group.add_argument)
    _add_choice(
        group.add_argument,
        "--executor",
        "kind of workers; auto: processes if they can start; only a process can be stopped when it hangs",
        ("auto", "process", "thread", "sequential", "celery", "dask", "ray"),
    )
    group.add_argument(
        "--celery-app", metavar="MODULE:APP", help="whose workers --executor celery uses, as celery --app"
    )
    _add_number(group.add_argument, "--batch-size", "documents that the report counts together", default=10)
    group.add_argument("--batch-id", metavar="ID", help="name of the batch in status and report (default: a new UUID)")


def _add_text(parser: ArgumentParser) -> None:
    usual = Extraction()
    group = parser.add_argument_group("text and OCR")
    group.add_argument("--engine", choices=("pdfium", "pypdf"), default="pdfium", help="default: %(default)s")
    add = group.add_argument
    what = "auto: OCR for pages without usable text"
    _add_choice(add, "--ocr", what, ("auto", "never", "always"), default=usual.ocr)
    what = "without tesseract: do not start, or mark the pages that need OCR as failed"
    _add_choice(add, "--on-missing-ocr", what, ("fail", "skip"), default=usual.on_missing_ocr)
    what = "auto: tesserocr if it is installed and the workers are processes, else the tesseract program"
    _add_choice(add, "--ocr-engine", what, ("auto", "tesseract", "tesserocr", "rapidocr", "tesseract+rapidocr"))
    group.add_argument(
        "--pages",
        type=types.pages,
        metavar="RANGE",
        help="only these pages of each document, such as 1-5,10- (default: all, or those that a manifest names)",
    )
    group.add_argument(
        "-l",
        "--languages",
        "--language",
        type=types.languages,
        metavar="CODES",
        default=usual.languages,
        help="for OCR, such as eng+deu; auto: guess among the installed (default: what a manifest's metadata say, else eng)",
    )
    _add_number(add, "--dpi", "resolution of page images for OCR (default: 200, and 400 where print is small)")
    _add_number(add, "--min-dpi", "draw pages at least this finely, and small print finer still")
    group.add_argument(
        "--tessdata",
        metavar="DIR",
        help="folder with tesseract's data, a file CODE.traineddata for each language (default: tesseract's own)",
    )
    _add_switch(
        group.add_argument,
        "--no-annotations",
        help="leave out form fields, notes and stamps (default: give what the page shows)",
    )
    group.add_argument(
        "--password",
        metavar="TEXT",
        help="password of encrypted documents; other users cannot see it in the variable PDFBATCH_PASSWORD",
    )


def _add_limits(parser: ArgumentParser) -> None:
    usual = Limits()
    group = parser.add_argument_group("limits", "'none' removes a limit.")
    for name, seconds, what in (
        ("--document-timeout", usual.document_timeout, "a document"),
        ("--page-timeout", usual.page_timeout, "a page"),
    ):
        group.add_argument(
            name,
            type=types.seconds_or_none,
            metavar="SECONDS",
            default=seconds,
            help=f"time for {what} (default: {seconds:g})",
        )
    group.add_argument(
        "--memory",
        dest="memory_bytes",
        type=types.size_or_none,
        metavar="SIZE",
        default=usual.memory_bytes,
        help="memory of a worker, such as 800M (default: 1G)",
    )
    _add_number(
        group.add_argument,
        "--max-pages",
        "pages of a document",
        default=usual.max_pages,
        type_=types.positive_int_or_none,
    )
    group.add_argument(
        "--max-file-bytes",
        type=types.size_or_none,
        metavar="SIZE",
        default=usual.max_file_bytes,
        help="size of a document (default: 2G)",
    )
    group.add_argument(
        "--storage-timeout",
        type=types.seconds,
        metavar="SECONDS",
        default=usual.storage_timeout,
        help=f"time for one call of a remote storage, retries included (default: {usual.storage_timeout:g})",
    )


def _add_retry(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("retry and resume")
    which, add = group.add_mutually_exclusive_group().add_argument, group.add_argument
    what = "attempts per document when the network or the storage fails"
    _add_number(add, "--attempts", what, default=RetryPolicy().attempts)
    _add_switch(which, "--resume", add_opposite=add, help="skip what an earlier run into OUT finished")
    _add_switch(which, "--retry-failed", add_opposite=add, help="read only what failed in an earlier run into OUT")
    group.add_argument(
        "--max-failure-rate",
        type=types.share,
        metavar="SHARE",
        help="stop early when more documents fail, such as 5%% (default: never)",
    )
    _add_switch(
        group.add_argument,
        "--no-deduplicate",
        help="read each of several documents with the same bytes (default: read one of them)",
    )


def _add_reporting(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("reporting")
    _add_json(
        group.add_argument,
        "write one JSON object a line to standard output: each document as it ends, then the summary",
    )
    _add_redis(group.add_argument, "keep the status in Redis, for 'pdfbatch watch' and dashboards")
    _add_quiet(group.add_argument, "print errors, and what the batch warns of, only")
    group.add_argument(
        "-v",
        "--verbose",
        action="count",
        default=0,
        help="log lines instead of a progress bar; -vv: debug messages too",
    )
    _add_fail_on(group.add_argument)
