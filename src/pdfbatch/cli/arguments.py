"""Parse the command line."""

import argparse
import os
from collections.abc import Sequence
from typing import Literal, Never

from pdfbatch.cli.commands import COMMANDS, CommandParser, make_parser, program, suggest
from pdfbatch.cli.config import OptionFiller
from pdfbatch.settings import OcrMissing, OcrMode
from pdfbatch.storage import Durability, Layout, Naming

FailOn = Literal["any", "all", "never"]


class Arguments(argparse.Namespace):
    """The parsed command line. Only the attributes of the chosen command are set: for ``demo``, ``output`` and ``workers``.

    ``argv`` is the program and its arguments as the user gave them.
    """

    argv: tuple[str, ...]
    command: Literal[
        "run", "plan", "demo", "watch", "dashboard", "export", "report", "merge", "doctor", "completion", "man"
    ]
    config: str | None
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
    endpoint_url: str | None
    profile: str | None
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
    min_dpi: int | None
    tessdata: str | None
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
    pages: str | None
    by_page: bool
    shell: Literal["bash", "zsh", "fish"]
    sample: int
    sample_pages: int
    seed: int
    once: bool
    json: bool
    quiet: bool
    verbose: int
    fail_on: FailOn


def parse(argv: Sequence[str]) -> Arguments:
    """Parse arguments, without the program. Raise ``SystemExit`` as argparse does, ``UsageError`` for what variables give."""
    words = _as_options(argv)
    command = next((word for word in words if not word.startswith("-")), None)
    parser, commands = make_parser(program(), only=command)
    for each in (parser, *commands.values()):
        each.words = words
    if not words:
        parser.print_help()
        raise SystemExit(2)
    if words[0].startswith("-") and words[0] not in ("-h", "--help", "--version"):
        parser.error(f"options come after a COMMAND, such as '{parser.prog} run ... {words[0].partition('=')[0]}'")
    if command is not None and command not in commands:
        _refuse_command(parser, command)
    filler = None if command is None else OptionFiller(command, commands[command], os.environ)
    arguments, rest = parser.parse_known_args(words, namespace=Arguments())
    if arguments.command in ("run", "plan"):
        rest = _take_inputs(arguments, rest)
    if rest:  # said by the command, which knows its options
        commands[arguments.command].error(f"unrecognized arguments: {' '.join(rest)}")
    if filler is not None:
        filler.fill(arguments)
    if arguments.command in ("run", "plan") and not arguments.inputs and not arguments.files_from:
        commands[arguments.command].error("an INPUT is required, or a list of them with --files-from")
    if arguments.command in ("run", "plan") and (arguments.executor == "celery") is not (
        arguments.celery_app is not None
    ):
        commands[arguments.command].error("--executor celery and --celery-app MODULE:APP go together")
    arguments.argv = (program(), *argv)
    return arguments


def _as_options(argv: Sequence[str]) -> list[str]:
    """Return the words with ``help``, ``help COMMAND`` and ``version``, which other programs have, as options."""
    match list(argv):
        case ["help", *rest]:
            return [*rest[:1], "--help"]
        case ["version"]:
            return ["--version"]
        case words:
            return words


def _take_inputs(arguments: Arguments, rest: list[str]) -> list[str]:
    """Take inputs that come after options, which argparse leaves over, and return the words that are still left over."""
    end = rest.index("--") if "--" in rest else len(rest)
    inputs = [word for word in rest[:end] if not word.startswith("-")]
    if len(inputs) < end:
        return rest
    arguments.inputs = [*arguments.inputs, *inputs, *rest[end + 1 :]]
    return []


def _refuse_command(parser: CommandParser, word: str) -> Never:
    """Exit with a message that says which command may be meant: ``run`` before its inputs, or one of a similar name."""
    if os.path.lexists(word) or "://" in word:
        question = f": did you mean '{parser.prog} run {word}'?"
    else:
        question = suggest(word, COMMANDS) or f"; there are {', '.join(COMMANDS)}"
    parser.error(f"there is no command '{word}'{question}")
