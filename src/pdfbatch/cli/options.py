"""What each option is called, what it means, and what holds when it is not given."""

from argparse import ArgumentParser

from pdfbatch.cli import types
from pdfbatch.settings import Extraction, Limits, RetryPolicy


def add_run_options(parser: ArgumentParser) -> None:
    """The options of ``pdfbatch run``."""
    for add in (_add_places, _add_workers, _add_text, _add_limits, _add_again, _add_telling):
        add(parser)


def add_demo_options(parser: ArgumentParser) -> None:
    """The options of ``pdfbatch demo``."""
    output = parser.add_argument("-o", "--output", metavar="DIR", default="pdfbatch-demo")
    output.help = "where samples and text go (default: ./%(default)s)"
    parser.add_argument("-w", "--workers", type=types.whole, metavar="N", help="default: one for each core")


def add_watch_options(parser: ArgumentParser) -> None:
    """The options of ``pdfbatch watch``."""
    parser.add_argument("batch_id", nargs="?", metavar="BATCH_ID", help="default: list the recent ones")
    parser.add_argument(
        "--redis",
        metavar="URL",
        help="where Redis is (default: the variable PDFBATCH_REDIS, else redis://localhost:6379/0)",
    )
    parser.add_argument("--once", action="store_true", help="show what is known now, and leave")
    parser.add_argument("--json", action="store_true", help="one JSON object a line for each status")


def add_export_options(parser: ArgumentParser) -> None:
    """The options of ``pdfbatch export``."""
    parser.add_argument("output", metavar="OUTPUT", help="folder or URL that pdfbatch run has written")
    parser.add_argument("target", metavar="TARGET", help="file or URL to write, ending in .jsonl or .parquet")
    parser.add_argument("--pages", action="store_true", help="a row for each page (default: for each document)")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing when all went well")


def _add_places(parser: ArgumentParser) -> None:
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help="a PDF, a folder, a quoted pattern (** reaches into folders), or a URL",
    )
    parser.add_argument(
        "-o", "--output", required=True, metavar="OUT", help="folder or URL for the text and the records"
    )


def _add_workers(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("how it runs")
    group.add_argument("-w", "--workers", type=types.whole, metavar="N", help="default: one for each core")
    group.add_argument(
        "--executor",
        choices=("auto", "process", "thread", "sequential"),
        default="auto",
        help="where the work is done; auto is processes where they can start; only processes can be stopped when they "
        "hang (default: %(default)s)",
    )
    group.add_argument(
        "--batch-size",
        type=types.whole,
        metavar="N",
        default=10,
        help="documents that are accounted for together in the report (default: %(default)s)",
    )
    group.add_argument("--batch-id", metavar="ID", help="name under which status and report are kept")


def _add_text(parser: ArgumentParser) -> None:
    usual = Extraction()
    group = parser.add_argument_group("text and OCR")
    group.add_argument("--engine", choices=("pdfium", "pypdf"), default="pdfium", help="default: %(default)s")
    group.add_argument(
        "--ocr",
        choices=("auto", "never", "always"),
        default=usual.ocr,
        help="auto reads those pages by OCR that have no usable text (default: %(default)s)",
    )
    group.add_argument(
        "--ocr-missing",
        choices=("fail", "skip"),
        default=usual.on_missing_ocr,
        help="without tesseract: refuse to begin, or leave such pages out and say so (default: %(default)s)",
    )
    group.add_argument(
        "--ocr-engine",
        choices=("auto", "tesseract", "tesserocr"),
        default="auto",
        help="auto is tesserocr where it is installed and processes do the work, else the tesseract program "
        "(default: %(default)s)",
    )
    group.add_argument(
        "--languages", metavar="CODES", default=usual.languages, help="such as eng+deu (default: %(default)s)"
    )
    group.add_argument(
        "--dpi",
        type=types.whole,
        metavar="N",
        default=usual.dpi,
        help="highest resolution at which pages are drawn for OCR (default: %(default)s)",
    )
    group.add_argument(
        "--password",
        metavar="TEXT",
        help="opens documents that need one; better in the variable PDFBATCH_PASSWORD, which other users cannot see",
    )


def _add_limits(parser: ArgumentParser) -> None:
    usual = Limits()
    group = parser.add_argument_group("limits for one document", "'none' takes a limit away.")
    for name, seconds, what in (
        ("--document-timeout", usual.document_timeout, "a document"),
        ("--page-timeout", usual.page_timeout, "a page"),
    ):
        group.add_argument(
            name,
            type=types.seconds,
            metavar="SECONDS",
            default=seconds,
            help=f"what {what} may take (default: {seconds:g})",
        )
    group.add_argument(
        "--memory",
        dest="memory_bytes",
        type=types.size,
        metavar="SIZE",
        default=usual.memory_bytes,
        help="what a worker may use, such as 800M (default: 1G)",
    )
    group.add_argument(
        "--max-pages",
        type=types.whole_or_none,
        metavar="N",
        default=usual.max_pages,
        help="longer documents are refused (default: %(default)s)",
    )
    group.add_argument(
        "--max-file-bytes",
        type=types.size,
        metavar="SIZE",
        default=usual.max_file_bytes,
        help="larger documents are refused (default: 2G)",
    )
    group.add_argument(
        "--storage-timeout",
        type=types.some_seconds,
        metavar="SECONDS",
        default=usual.storage_timeout,
        help=f"what one call of a remote storage may take with all its tries (default: {usual.storage_timeout:g})",
    )


def _add_again(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("again")
    group.add_argument(
        "--attempts",
        type=types.whole,
        metavar="N",
        default=RetryPolicy().attempts,
        help="tries of a document when the network or the storage fails (default: %(default)s)",
    )
    which = group.add_mutually_exclusive_group()
    which.add_argument("--resume", action="store_true", help="leave out what an earlier run into OUT has finished")
    which.add_argument("--retry-failed", action="store_true", help="read only what failed in an earlier run into OUT")
    group.add_argument(
        "--max-failure-rate",
        type=types.share,
        metavar="SHARE",
        help="stop early when more documents fail, such as 5%% (default: go on to the end)",
    )
    group.add_argument(
        "--no-deduplicate",
        dest="deduplicate",
        action="store_false",
        help="read documents with the same bytes each for itself (default: once)",
    )


def _add_telling(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("what it tells")
    group.add_argument(
        "--json",
        action="store_true",
        help="one JSON object a line on standard output: each document as it ends, then the summary",
    )
    group.add_argument(
        "--redis",
        metavar="URL",
        help="keep the status in Redis, for 'pdfbatch watch' and dashboards; better in the variable PDFBATCH_REDIS when it "
        "holds a password",
    )
    group.add_argument("-q", "--quiet", action="store_true", help="nothing on standard error but what went wrong")
    group.add_argument(
        "-v", "--verbose", action="count", default=0, help="log lines instead of a progress bar; -vv for debugging"
    )
    group.add_argument(
        "--fail-on",
        choices=("any", "all", "never"),
        default="any",
        help="when failed documents make the exit code 1 (default: %(default)s)",
    )
