"""The commands, and the parser of their words."""

import argparse
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from shutil import get_terminal_size
from textwrap import fill
from typing import Any, Never

from pdfbatch import __version__
from pdfbatch.cli import help_texts, options
from pdfbatch.sinks import escape_unprintable

_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
_CHOICE = re.compile(r"invalid choice: '(?P<given>[^']*)' \(choose from (?P<known>.*)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandEntry:
    """A command: what ``pdfbatch --help`` says of it, the longer texts of its own help, and its options."""

    summary: str
    add_options: Callable[[argparse.ArgumentParser], None]
    description: str
    epilog: str | None = None
    usage: str | None = None


COMMANDS = {
    "run": CommandEntry(
        summary="turn documents into text",
        add_options=options.add_run_options,
        description=help_texts.DESCRIPTION,
        epilog=help_texts.RUN,
        usage="[INPUT ...] [--files-from FILE] --output OUT [OPTION ...]",
    ),
    "plan": CommandEntry(
        summary="say how long a run would take, and how much there is to read",
        add_options=options.add_plan_options,
        description=help_texts.PLAN,
        epilog=help_texts.PLAN_EXAMPLES,
        usage="[INPUT ...] [--files-from FILE] [OPTION ...]",
    ),
    "demo": CommandEntry(
        summary="make sample documents and read them",
        add_options=options.add_demo_options,
        description=help_texts.DEMO,
    ),
    "watch": CommandEntry(
        summary="follow a batch from another place",
        add_options=options.add_watch_options,
        description=help_texts.WATCH,
        epilog=help_texts.WATCH_EXAMPLES,
    ),
    "export": CommandEntry(
        summary="write all text of an output to one file",
        add_options=options.add_export_options,
        description=help_texts.EXPORT,
        epilog=help_texts.EXPORT_EXAMPLES,
    ),
    "dashboard": CommandEntry(
        summary="serve a web page that shows batches",
        add_options=options.add_dashboard_options,
        description=help_texts.DASHBOARD,
        epilog=help_texts.DASHBOARD_EXAMPLES,
    ),
    "report": CommandEntry(
        summary="write a page about an output that people can read",
        add_options=options.add_report_options,
        description=help_texts.REPORT,
        epilog=help_texts.REPORT_EXAMPLES,
    ),
    "merge": CommandEntry(
        summary="put the shards of a batch together",
        add_options=options.add_merge_options,
        description=help_texts.MERGE,
        epilog=help_texts.MERGE_EXAMPLES,
    ),
    "doctor": CommandEntry(
        summary="say what is installed and answers here",
        add_options=options.add_doctor_options,
        description=help_texts.DOCTOR,
        epilog=help_texts.EXIT_CODES,
    ),
    "completion": CommandEntry(
        summary="print what lets a shell complete words",
        add_options=options.add_completion_options,
        description=help_texts.COMPLETION,
        epilog=help_texts.COMPLETION_EXAMPLES,
    ),
    "man": CommandEntry(
        summary="print the manual page",
        add_options=options.add_man_options,
        description=help_texts.MAN,
        epilog=help_texts.MAN_EXAMPLES,
    ),
}


def program() -> str:
    """Return how the user called this program, for commands to copy."""
    name = os.path.basename(sys.argv[0]) if sys.argv else ""
    return "python -m pdfbatch" if name == "__main__.py" else "pdfbatch"


def make_parser(prog: str, only: str | None = None) -> "tuple[CommandParser, dict[str, CommandParser]]":
    """Return the parser, and those of the commands by their names. With ``only``, the others have no options yet."""
    parser = CommandParser(prog=prog, description=help_texts.DESCRIPTION, epilog=help_texts.MAIN)
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    added = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        made = added.add_parser(
            name,
            help=command.summary,
            usage=command.usage and f"{prog} {name} {command.usage}",
            description=command.description,
            epilog=command.epilog,
        )
        if only in (None, name):
            command.add_options(made)
            options.add_config_option(made)
    return parser, dict(added.choices)


class CommandParser(argparse.ArgumentParser):
    """Keep the line breaks of the help texts, and accept no abbreviated options."""

    description: str | None

    def __init__(self, **settings: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **settings)
        self.words: Sequence[str] = ()

    @property
    def actions(self) -> list[argparse.Action]:
        """All that can be given. Argparse has no public name for it."""
        return self._actions

    def format_help(self) -> str:
        """Return the help, its first words as wide as the terminal."""
        if self.description:
            width = max(20, min(100, get_terminal_size().columns) - 2)
            self.description = fill(" ".join(self.description.split()), width)
        return super().format_help()

    def error(self, message: str) -> Never:
        """Exit with a message that a terminal may show, whatever the arguments are, and what may have been meant."""
        if choice := _CHOICE.search(message):
            message += suggest(choice["given"], re.findall(r"[\w+-]+", choice["known"]))
        unknown = {word.partition("=")[0] for word in self.words if word.startswith("--") and len(word) > 2}
        known = set(_OPTION.findall(self.format_help()))
        for word in sorted(unknown - known):
            if found := get_close_matches(word, known, n=1):
                message += f"; {word}: did you mean {found[0]}?"
        super().error(escape_unprintable(message))


def suggest(word: str, known: Iterable[str]) -> str:
    """Return a question for the known word that is most like a mistyped one, empty where none is."""
    found = get_close_matches(word.lower(), list(known), n=1)
    return f": did you mean {found[0]}?" if found else ""


class _Version(argparse.Action):
    """Print the version."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        sys.stdout.write(f"pdfbatch {__version__}\n")
        parser.exit()
