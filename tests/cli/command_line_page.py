"""Make ``docs/reference/command-line.md`` of the parser: ``python -m tests.cli.command_line_page``."""

from argparse import SUPPRESS, Action
from collections.abc import Iterator
from pathlib import Path

from pdfbatch.cli.commands import COMMANDS, CommandParser, make_parser
from pdfbatch.cli.config import variable_of

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "command-line.md"
BEGINNING = """\
# Command line

Made from the commands themselves; `pdfbatch COMMAND --help` and `pdfbatch man` say the same.
[Use the command line](../how-to/command-line.md) shows how,
[Keep options in a file or in variables](../how-to/configure.md) what the variables are for, and
[Exit codes](exit-codes.md) how a command ends. `pdfbatch` alone shows its help and exits with 2;
`pdfbatch help COMMAND` is `pdfbatch COMMAND --help`, `pdfbatch version` is `pdfbatch --version`.

An option without a value can be taken back: `--no-resume`, `--annotations`. `none` removes a limit. Sizes have units of 1024
(`800M`, `1.5G`), times are seconds or have a unit (`90s`, `5m`, `2h`), a share is a number or per cent.
"""


def page() -> str:
    """Return the page as it should be."""
    return "\n".join([BEGINNING.rstrip(), *_commands()]) + "\n"


def _commands() -> Iterator[str]:
    _, parsers = make_parser("pdfbatch")
    for name, (texts, _) in COMMANDS.items():
        yield from ("", f"## `pdfbatch {name}`", "", " ".join(texts.description.split()), "")
        if name == "plan":
            yield from ("It takes the options of [`run`](#pdfbatch-run), of which none is required, and these:", "")
        yield from ("| option | variable | meaning |", "| --- | --- | --- |")
        others = {str(action.option_strings) for action in parsers["run"].actions} if name == "plan" else set[str]()
        yield from (
            _row(name, parsers[name], action)
            for action in parsers[name].actions
            if action.help not in (None, SUPPRESS)
            and action.dest != "help"
            and str(action.option_strings) not in others
        )


def _row(command: str, parser: CommandParser, action: Action) -> str:
    value = action.metavar or ("\\|".join(map(str, action.choices)) if action.choices else "")
    words = ", ".join(f"`{name}`" for name in action.option_strings) or f"`{value or action.dest}`"
    if action.option_strings and value and action.nargs != 0:
        words += f" `{value}`"
    long = next((name.removeprefix("--") for name in action.option_strings if name.startswith("--")), "")
    variable = f"`{variable_of(command, long)}`" if long else ""
    text = (str(action.help) % {"default": action.default, "prog": parser.prog}).replace("|", "\\|").replace("*", "\\*")
    return f"| {words} | {variable} | {text}{'; required' if action.required and long else ''} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
