"""Parse the command line."""

import argparse
import os
import re
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, Literal, Never

from pdfbatch import __version__
from pdfbatch.cli import help_texts
from pdfbatch.cli.options import (
    add_dashboard_options,
    add_demo_options,
    add_doctor_options,
    add_export_options,
    add_merge_options,
    add_report_options,
    add_run_options,
    add_watch_options,
)
from pdfbatch.settings import OcrMissing, OcrMode
from pdfbatch.sinks import escape_unprintable
from pdfbatch.storage import Durability, Layout, Naming

_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
FailOn = Literal["any", "all", "never"]


class Arguments(argparse.Namespace):
    """The parsed command line. Only the attributes of the chosen command are set: for ``demo``, ``output`` and ``workers``.

    ``argv`` is the program and its arguments as the user gave them.
    """

    argv: tuple[str, ...]
    command: Literal["run", "demo", "watch", "dashboard", "export", "report", "merge", "doctor"]
    inputs: list[str]
    addresses: list[str]
    files_from: list[str]
    null: bool
    include: list[str]
    exclude: list[str]
    limit: int | None
    shard: tuple[int, int] | None
    shards: int | None
    output: str
    names: Naming
    layout: Layout
    shard_size: int
    durability: Durability
    workers: int | None
    executor: Literal["auto", "process", "thread", "sequential", "celery", "dask", "ray"]
    celery_app: str | None
    batch_size: int
    batch_id: str | None
    engine: Literal["pdfium", "pypdf"]
    ocr: OcrMode
    on_missing_ocr: OcrMissing
    ocr_engine: Literal["auto", "tesseract", "tesserocr", "rapidocr", "tesseract+rapidocr"]
    languages: str | None
    dpi: int | None
    annotations: bool
    password: str | None
    document_timeout: float | None
    page_timeout: float | None
    memory_bytes: int | None
    max_pages: int | None
    max_file_bytes: int | None
    storage_timeout: float
    attempts: int
    resume: bool
    retry_failed: bool
    max_failure_rate: float | None
    deduplicate: bool
    redis: str | None
    target: str
    html: str | None
    host: str
    port: int
    token: str | None
    pages: bool
    once: bool
    json: bool
    quiet: bool
    verbose: int
    fail_on: FailOn


def parse(argv: Sequence[str]) -> Arguments:
    """Parse arguments, without the program. Raise ``SystemExit`` as argparse does."""
    parser, commands = _parser()
    for command in (parser, *commands.values()):
        command.words = argv
    arguments, rest = parser.parse_known_args(list(argv), namespace=Arguments())
    if rest:  # said by the command, which knows its options
        commands[arguments.command].error(f"unrecognized arguments: {' '.join(rest)}")
    if arguments.command == "run" and not arguments.inputs and not arguments.files_from:
        commands["run"].error("an INPUT is required, or a list of them with --files-from")
    if arguments.command == "run" and (arguments.executor == "celery") is not (arguments.celery_app is not None):
        commands["run"].error("--executor celery and --celery-app MODULE:APP go together")
    arguments.argv = (program(), *argv)
    return arguments


def program() -> str:
    """Return how the user called this program, for commands to copy."""
    name = os.path.basename(sys.argv[0]) if sys.argv else ""
    return "python -m pdfbatch" if name == "__main__.py" else "pdfbatch"


def _parser() -> "tuple[_Parser, dict[str, _Parser]]":
    """Return the parser, and those of the commands by their names."""
    parser = _Parser(prog=program(), description=help_texts.DESCRIPTION, epilog=help_texts.MAIN)
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    usage = f"{program()} run [INPUT ...] [--files-from FILE] --output OUT [OPTION ...]"
    run = commands.add_parser(
        "run", help="turn documents into text", usage=usage, description=help_texts.DESCRIPTION, epilog=help_texts.RUN
    )
    add_run_options(run)
    demo = commands.add_parser("demo", help="make sample documents and read them", description=help_texts.DEMO)
    add_demo_options(demo)
    watch = commands.add_parser(
        "watch",
        help="follow a batch from another place",
        description=help_texts.WATCH,
        epilog=help_texts.WATCH_EXAMPLES,
    )
    add_watch_options(watch)
    export = commands.add_parser(
        "export",
        help="write all text of an output to one file",
        description=help_texts.EXPORT,
        epilog=help_texts.EXPORT_EXAMPLES,
    )
    add_export_options(export)
    dashboard = commands.add_parser(
        "dashboard",
        help="serve a web page that shows batches",
        description=help_texts.DASHBOARD,
        epilog=help_texts.DASHBOARD_EXAMPLES,
    )
    add_dashboard_options(dashboard)
    report = commands.add_parser(
        "report",
        help="write a page about an output that people can read",
        description=help_texts.REPORT,
        epilog=help_texts.REPORT_EXAMPLES,
    )
    add_report_options(report)
    doctor = commands.add_parser(
        "doctor", help="what is installed and answers here", description=help_texts.DOCTOR, epilog=help_texts.EXIT_CODES
    )
    add_doctor_options(doctor)
    merge = commands.add_parser(
        "merge",
        help="put the shards of a batch together",
        description=help_texts.MERGE,
        epilog=help_texts.MERGE_EXAMPLES,
    )
    add_merge_options(merge)
    return parser, dict(commands.choices)


class _Parser(argparse.ArgumentParser):
    """Keep the line breaks of the help texts, and accept no abbreviated options."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **settings)
        self.words: Sequence[str] = ()

    def error(self, message: str) -> Never:
        """Exit with a message that a terminal may show, whatever the arguments are, and what may have been meant."""
        unknown = {word.partition("=")[0] for word in self.words if word.startswith("--") and len(word) > 2}
        known = set(_OPTION.findall(self.format_help()))
        for word in sorted(unknown - known):
            if found := get_close_matches(word, known, n=1):
                message += f"; {word}: did you mean {found[0]}?"
        super().error(escape_unprintable(message))


class _Version(argparse.Action):
    """Print the version."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        sys.stdout.write(f"pdfbatch {__version__}\n")
        parser.exit()
