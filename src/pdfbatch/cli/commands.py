"""The commands, and the parser of their words."""

import argparse
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from shutil import get_terminal_size
from textwrap import fill
from typing import Any, Never

from pdfbatch import __version__
from pdfbatch.cli import help_texts, options
from pdfbatch.cli.help_texts import CommandHelp
from pdfbatch.sinks import escape_unprintable

_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
_CHOICE = re.compile(r"invalid choice: '(?P<given>[^']*)' \(choose from (?P<known>.*)\)")


COMMANDS: dict[str, tuple[CommandHelp, Callable[[argparse.ArgumentParser], None]]] = {
    "run": (help_texts.RUN, options.add_run_options),
    "plan": (help_texts.PLAN, options.add_plan_options),
    "demo": (help_texts.DEMO, options.add_demo_options),
    "watch": (help_texts.WATCH, options.add_watch_options),
    "export": (help_texts.EXPORT, options.add_export_options),
    "dashboard": (help_texts.DASHBOARD, options.add_dashboard_options),
    "report": (help_texts.REPORT, options.add_report_options),
    "merge": (help_texts.MERGE, options.add_merge_options),
    "doctor": (help_texts.DOCTOR, options.add_doctor_options),
    "completion": (help_texts.COMPLETION, options.add_completion_options),
    "man": (help_texts.MAN, options.add_man_options),
}
"""What the help says of each command, and what adds its options to a parser."""


def program() -> str:
    """Return how the user called this program, for commands to copy."""
    name = os.path.basename(sys.argv[0]) if sys.argv else ""
    return "python -m pdfbatch" if name == "__main__.py" else "pdfbatch"


def make_parser(prog: str, only: str | None = None) -> "tuple[CommandParser, dict[str, CommandParser]]":
    """Return the parser, and those of the commands by their names. With ``only``, the others have no options yet."""
    parser = CommandParser(prog=prog, description=help_texts.DESCRIPTION, epilog=help_texts.MAIN)
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    added = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (texts, add_options) in COMMANDS.items():
        made = added.add_parser(
            name,
            help=texts.summary,
            usage=texts.usage and f"{prog} {name} {texts.usage}",
            description=texts.description,
            epilog=texts.epilog,
        )
        if only in (None, name):
            add_options(made)
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
