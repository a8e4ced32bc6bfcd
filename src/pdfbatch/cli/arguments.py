"""The words of the command line, understood."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Literal

from pdfbatch.cli import help_texts
from pdfbatch.cli.options import add_demo_options, add_export_options, add_run_options, add_watch_options
from pdfbatch.settings import OcrMissing, OcrMode

FailOn = Literal["any", "all", "never"]


class Arguments(argparse.Namespace):
    """What was asked for. Each command has its own options only: of a demo ``output`` and ``workers``.

    ``words`` are the program and its arguments as they came.
    """

    words: tuple[str, ...]
    command: Literal["run", "demo", "watch", "export"]
    inputs: list[str]
    output: str
    workers: int | None
    executor: Literal["auto", "process", "thread", "sequential"]
    batch_size: int
    batch_id: str | None
    engine: Literal["pdfium", "pypdf"]
    ocr: OcrMode
    on_missing_ocr: OcrMissing
    ocr_engine: Literal["auto", "tesseract", "tesserocr"]
    languages: str
    dpi: int
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
    pages: bool
    once: bool
    json: bool
    quiet: bool
    verbose: int
    fail_on: FailOn


def parse(words: Sequence[str]) -> Arguments:
    """The arguments in these words. Raises ``SystemExit`` as argparse does."""
    arguments = _parser().parse_args(list(words), namespace=Arguments())
    arguments.words = (program(), *words)
    return arguments


def program() -> str:
    """How this program was called, for commands that the user may copy."""
    name = os.path.basename(sys.argv[0]) if sys.argv else ""
    return "python -m pdfbatch" if name == "__main__.py" else "pdfbatch"


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog=program(), description=help_texts.DESCRIPTION, epilog=help_texts.MAIN)
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and leave")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    usage = f"{program()} run INPUT [INPUT ...] --output OUT [OPTION ...]"
    run = commands.add_parser(
        "run", help="read documents", usage=usage, description=help_texts.DESCRIPTION, epilog=help_texts.RUN
    )
    add_run_options(run)
    demo = commands.add_parser("demo", help="make sample documents and read them", description=help_texts.DEMO)
    add_demo_options(demo)
    watch = commands.add_parser(
        "watch", help="follow a batch from elsewhere", description=help_texts.WATCH, epilog=help_texts.WATCH_EXAMPLES
    )
    add_watch_options(watch)
    export = commands.add_parser(
        "export",
        help="all text of an output in one file",
        description=help_texts.EXPORT,
        epilog=help_texts.EXPORT_EXAMPLES,
    )
    add_export_options(export)
    return parser


class _Parser(argparse.ArgumentParser):
    """Keeps the line breaks of the guide, and takes no option for another that it begins like."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **settings)


class _Version(argparse.Action):
    """Looks the version up only when it is asked for: that reads files."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        version = import_module("importlib.metadata").version("pdfbatch")
        sys.stdout.write(f"pdfbatch {version}\n")
        parser.exit()
