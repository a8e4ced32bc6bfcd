"""``pdfbatch man``: print the manual page, made from the options as they are."""

from argparse import SUPPRESS, Action
from collections.abc import Iterator
from textwrap import wrap

from pdfbatch import __version__
from pdfbatch.cli import help_texts
from pdfbatch.cli.arguments import Arguments
from pdfbatch.cli.commands import COMMANDS, CommandParser, make_parser
from pdfbatch.cli.exit_codes import ExitCode
from pdfbatch.cli.streams import write_output

_VARIABLES = (
    ("PDFBATCH_OPTION", "the value of an option of run and plan, such as PDFBATCH_WORKERS for --workers"),
    ("PDFBATCH_COMMAND_OPTION", "that of an option of another command, such as PDFBATCH_DASHBOARD_PORT"),
    ("PDFBATCH_CONFIG", "a TOML file with values of options"),
    ("PDFBATCH_REDIS", "where Redis is, for all commands"),
    ("PDFBATCH_ENDPOINT_URL, PDFBATCH_PROFILE", "where S3 is, and whose credentials to use, for all commands"),
    ("PDFBATCH_REDIS_PREFIX", "what the names of keys in Redis begin with"),
    ("PDFBATCH_TESSERACT", "the tesseract program to use"),
    ("NO_COLOR, FORCE_COLOR", "no colours at all, or colours also where nobody looks"),
)


def man(arguments: Arguments) -> ExitCode:  # noqa: ARG001 (every command takes them)
    """Print the page in the language of troff."""
    write_output(man_page())
    return ExitCode.OK


def man_page() -> str:
    """Return the page. It has no date, so that the same version always has the same page."""
    return "".join(f"{line}\n" for line in _lines())


def _lines() -> Iterator[str]:
    parser, commands = make_parser("pdfbatch")
    yield f'.TH PDFBATCH 1 "" "pdfbatch {__version__}" "User Commands"'
    yield ".SH NAME"
    yield from _text(f"pdfbatch - {help_texts.DESCRIPTION[:1].lower()}{help_texts.DESCRIPTION[1:].rstrip('.')}")
    yield from (".SH SYNOPSIS", ".B pdfbatch", r"\fICOMMAND\fR [\fIOPTION\fR ...]")
    for name in COMMANDS:
        yield from (".br", f".B pdfbatch {name}", _synopsis(commands[name]))
    yield from (".SH DESCRIPTION", *_text(help_texts.DESCRIPTION), ".PP", *_text(help_texts.OPTIONS_ELSEWHERE))
    yield ".SH OPTIONS"
    yield from _list_options(parser)
    yield ".SH COMMANDS"
    for name, (texts, _) in COMMANDS.items():
        yield from (f'.SS "pdfbatch {name}"', *_text(texts.description))
        yield from _list_options(commands[name])
    yield ".SH ENVIRONMENT"
    for name, text in _VARIABLES:
        yield from (".TP", f".B {_escape(name)}", *_text(text))
    yield from (".SH EXIT STATUS", ".nf", *map(_escape, help_texts.EXIT_CODES.splitlines()[1:]), ".fi")
    yield from (".SH EXAMPLES", ".nf", *map(_escape, _examples(str(help_texts.RUN.epilog))), ".fi")


def _synopsis(parser: CommandParser) -> str:
    words = list[str]()
    for action in parser.actions:
        if not action.option_strings:
            word = _heading(action) + (" ..." if action.nargs == "*" else "")
            words.append(f"[{word}]" if action.nargs in ("*", "?") else word)
    return " ".join([*words, r"[\fIOPTION\fR ...]"])


def _list_options(parser: CommandParser) -> Iterator[str]:
    for action in parser.actions:
        if action.help in (None, SUPPRESS) or action.dest == "command":
            continue
        text = str(action.help) % {"default": action.default}
        yield from (".TP", _heading(action), *_text(text))


def _heading(action: Action) -> str:
    value = action.metavar or ("|".join(map(str, action.choices)) if action.choices else "")
    shown = rf" \fI{_escape(str(value))}\fR" if value and action.nargs != 0 else ""
    if not action.option_strings:
        return rf"\fI{_escape(str(value or action.dest))}\fR"
    return ", ".join(rf"\fB{_escape(name)}\fR" for name in action.option_strings) + shown


def _examples(epilog: str) -> list[str]:
    """Return the examples of a help text, which are its first block."""
    return epilog.partition("\n\n")[0].splitlines()[1:]


def _text(text: str) -> list[str]:
    """Return running text, in lines that are short enough for those who read the source."""
    return [_escape(line) for line in wrap(" ".join(text.split()), 72, break_on_hyphens=False)]


def _escape(text: str) -> str:
    """Return text as troff shows it: no line is a request, and hyphens can be copied."""
    plain = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{plain}" if plain[:1] in (".", "'") else plain
