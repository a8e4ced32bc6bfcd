"""Options of each command: names, help texts and defaults."""

from argparse import Action, ArgumentParser
from collections.abc import Callable

from pdfbatch.cli import types
from pdfbatch.settings import Extraction, Limits, RetryPolicy
from pdfbatch.storage import SHARD_BYTES


def add_run_options(parser: ArgumentParser) -> None:
    """Add the options of ``pdfbatch run``."""
    adders = (_add_paths, _add_selection, _add_output, _add_workers, _add_text, _add_limits, _add_retry, _add_reporting)
    for add in adders:
        add(parser)


def add_demo_options(parser: ArgumentParser) -> None:
    """Add the options of ``pdfbatch demo``."""
    output = parser.add_argument("-o", "--output", metavar="DIR", default="pdfbatch-demo")
    output.help = "folder for samples and text (default: ./%(default)s)"
    parser.add_argument(
        "-w", "--workers", type=types.positive_int, metavar="N", help="how many (default: one per core)"
    )


def add_watch_options(parser: ArgumentParser) -> None:
    """Add the options of ``pdfbatch watch``."""
    parser.add_argument(
        "batch_id", nargs="?", metavar="BATCH_ID", help="batch to follow (default: list the recent ones)"
    )
    parser.add_argument(
        "--redis",
        metavar="URL",
        help="where Redis is (default: the variable PDFBATCH_REDIS, else redis://localhost:6379/0)",
    )
    parser.add_argument("--once", action="store_true", help="show the present status and exit")
    parser.add_argument("--json", action="store_true", help="write each status as one JSON object a line")


def add_export_options(parser: ArgumentParser) -> None:
    """Add the options of ``pdfbatch export``."""
    parser.add_argument("output", metavar="OUTPUT", help="folder or URL that pdfbatch run wrote")
    parser.add_argument("target", metavar="TARGET", help="file or URL to write, ending in .jsonl or .parquet")
    parser.add_argument("--pages", action="store_true", help="one row per page (default: one per document)")
    parser.add_argument("-q", "--quiet", action="store_true", help="print nothing on success")


def add_dashboard_options(parser: ArgumentParser) -> None:
    """Add the options of ``pdfbatch dashboard``."""
    parser.add_argument(
        "--redis",
        metavar="URL",
        help="where Redis is (default: the variable PDFBATCH_REDIS, else redis://localhost:6379/0)",
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to serve (default: %(default)s, this machine only)"
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
    parser.add_argument("output", metavar="OUTPUT", help="folder or URL that pdfbatch run wrote, or writes")
    parser.add_argument("--html", metavar="FILE", help="file or URL to write (default: report.html in OUTPUT)")
    parser.add_argument("-q", "--quiet", action="store_true", help="print nothing on success")


def add_doctor_options(parser: ArgumentParser) -> None:
    """Add the options of ``pdfbatch doctor``."""
    parser.add_argument("addresses", nargs="*", metavar="INPUT", help="folder or URL that should hold a PDF")
    parser.add_argument("-o", "--output", metavar="OUT", help="folder or URL that should take files")
    parser.add_argument(
        "--redis", metavar="URL", help="Redis server that should answer (default: PDFBATCH_REDIS, if set)"
    )
    parser.add_argument("--json", action="store_true", help="write one JSON object a line")


def add_merge_options(parser: ArgumentParser) -> None:
    """Add the options of ``pdfbatch merge``."""
    parser.add_argument("output", metavar="OUTPUT", help="folder or URL that the shards were written to")
    parser.add_argument("--batch-id", metavar="ID", help="which batch, if there are shards of several")
    parser.add_argument(
        "--shards", type=types.positive_int, metavar="M", help="of how many shards, if it was divided in several ways"
    )
    parser.add_argument("--json", action="store_true", help="write the report as one JSON object to standard output")
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors, and what the batch warns of, only")
    _add_fail_on(parser.add_argument)


def _add_paths(parser: ArgumentParser) -> None:
    parser.add_argument(
        "inputs",
        nargs="*",
        metavar="INPUT",
        help="a PDF, a folder, a quoted pattern (** for all folders below), a manifest (.json, .jsonl, .csv, .parquet), "
        "or a URL",
    )
    parser.add_argument(
        "-o", "--output", required=True, metavar="OUT", help="folder or URL for the text and the records"
    )


def _add_output(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("output")
    group.add_argument(
        "--names",
        choices=("path", "id"),
        default="path",
        help="call a text after its document's path below INPUT, or after its id (default: %(default)s)",
    )
    group.add_argument(
        "--layout",
        choices=("files", "jsonl", "parquet"),
        default="files",
        help="two files for each document, or large files with very many documents each (default: %(default)s)",
    )
    group.add_argument(
        "--shard-size",
        type=types.size,
        metavar="SIZE",
        default=SHARD_BYTES,
        help="about how large such a file may be (default: 128M)",
    )
    group.add_argument(
        "--durability",
        choices=("batch", "each", "none"),
        default="batch",
        help="what a power failure spares: what a finished batch tells of, each document, nothing (default: %(default)s)",
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
    group.add_argument(
        "-0", "--null", action="store_true", help="a NUL byte ends each name there (default: the first names tell)"
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
    group.add_argument("--limit", type=types.positive_int, metavar="N", help="only the first N of them")
    group.add_argument(
        "--shard",
        type=types.shard,
        metavar="N/M",
        help="only the Nth of M shares, counted from 1; 'pdfbatch merge OUT' puts the reports of all shares together",
    )


def _add_workers(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("workers")
    group.add_argument("-w", "--workers", type=types.positive_int, metavar="N", help="how many (default: one per core)")
    group.add_argument(
        "--executor",
        choices=("auto", "process", "thread", "sequential", "celery", "dask", "ray"),
        default="auto",
        help="kind of workers; auto: processes if they can start; only a process can be stopped when it hangs "
        "(default: %(default)s)",
    )
    group.add_argument(
        "--celery-app", metavar="MODULE:APP", help="whose workers --executor celery uses, as celery --app"
    )
    group.add_argument(
        "--batch-size",
        type=types.positive_int,
        metavar="N",
        default=10,
        help="documents that the report counts together (default: %(default)s)",
    )
    group.add_argument("--batch-id", metavar="ID", help="name of the batch in status and report (default: a new UUID)")


def _add_text(parser: ArgumentParser) -> None:
    usual = Extraction()
    group = parser.add_argument_group("text and OCR")
    group.add_argument("--engine", choices=("pdfium", "pypdf"), default="pdfium", help="default: %(default)s")
    group.add_argument(
        "--ocr",
        choices=("auto", "never", "always"),
        default=usual.ocr,
        help="auto: OCR for pages without usable text (default: %(default)s)",
    )
    group.add_argument(
        "--on-missing-ocr",
        choices=("fail", "skip"),
        default=usual.on_missing_ocr,
        help="without tesseract: do not start, or mark the pages that need OCR as failed (default: %(default)s)",
    )
    group.add_argument(
        "--ocr-engine",
        choices=("auto", "tesseract", "tesserocr", "rapidocr", "tesseract+rapidocr"),
        default="auto",
        help="auto: tesserocr if it is installed and the workers are processes, else the tesseract program "
        "(default: %(default)s)",
    )
    group.add_argument(
        "--languages",
        metavar="CODES",
        default=usual.languages,
        help="for OCR, such as eng+deu; auto: guess among the installed (default: what a manifest's metadata say, else eng)",
    )
    group.add_argument(
        "--dpi",
        type=types.positive_int,
        metavar="N",
        default=usual.dpi,
        help="resolution of page images for OCR (default: 200, and 400 where print is small)",
    )
    group.add_argument(
        "--no-annotations",
        dest="annotations",
        action="store_false",
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
    group.add_argument(
        "--max-pages",
        type=types.positive_int_or_none,
        metavar="N",
        default=usual.max_pages,
        help="pages of a document (default: %(default)s)",
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
    group.add_argument(
        "--attempts",
        type=types.positive_int,
        metavar="N",
        default=RetryPolicy().attempts,
        help="attempts per document when the network or the storage fails (default: %(default)s)",
    )
    which = group.add_mutually_exclusive_group()
    which.add_argument("--resume", action="store_true", help="skip what an earlier run into OUT finished")
    which.add_argument("--retry-failed", action="store_true", help="read only what failed in an earlier run into OUT")
    group.add_argument(
        "--max-failure-rate",
        type=types.share,
        metavar="SHARE",
        help="stop early when more documents fail, such as 5%% (default: never)",
    )
    group.add_argument(
        "--no-deduplicate",
        dest="deduplicate",
        action="store_false",
        help="read each of several documents with the same bytes (default: read one of them)",
    )


def _add_reporting(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("reporting")
    group.add_argument(
        "--json",
        action="store_true",
        help="write one JSON object a line to standard output: each document as it ends, then the summary",
    )
    group.add_argument(
        "--redis",
        metavar="URL",
        help="keep the status in Redis, for 'pdfbatch watch' and dashboards; use the variable PDFBATCH_REDIS for a URL "
        "with a password",
    )
    group.add_argument("-q", "--quiet", action="store_true", help="print errors, and what the batch warns of, only")
    group.add_argument(
        "-v",
        "--verbose",
        action="count",
        default=0,
        help="log lines instead of a progress bar; -vv: debug messages too",
    )
    _add_fail_on(group.add_argument)


def _add_fail_on(add_argument: Callable[..., Action]) -> None:
    add_argument(
        "--fail-on",
        choices=("any", "all", "never"),
        default="any",
        help="which failures make the exit code 1 (default: %(default)s)",
    )
