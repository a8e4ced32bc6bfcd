"""``pdfbatch completion``: print what lets a shell complete words."""

from pdfbatch.cli.arguments import Arguments
from pdfbatch.cli.commands import CommandParser, make_parser
from pdfbatch.cli.exit_codes import ExitCode
from pdfbatch.cli.streams import write_output
from pdfbatch.errors import DependencyError

_FILES = ("INPUT", "OUTPUT", "OUT", "DIR", "FILE", "TARGET")


def completion(arguments: Arguments) -> ExitCode:
    """Print the script for a shell, made from the options as they are."""
    try:
        import shtab  # noqa: PLC0415 (loaded when used)
    except ImportError:
        raise DependencyError("Completion needs shtab: pip install 'pdfbatch[cli]'") from None
    parser, commands = make_parser("pdfbatch")
    for each in (parser, *commands.values()):
        _mark_files(each, shtab.FILE)
    write_output(f"{shtab.complete(parser, arguments.shell)}\n")
    return ExitCode.OK


def _mark_files(parser: CommandParser, complete: object) -> None:
    for action in parser.actions:
        if action.metavar in _FILES:
            action.complete = complete  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
