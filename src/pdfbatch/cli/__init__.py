"""The command line. Light to import: each command loads what it needs when it runs."""

import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from pdfbatch.cli.arguments import Arguments, parse
from pdfbatch.cli.exit_codes import run_guarded
from pdfbatch.cli.s3_variables import s3_variables

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command of ``argv`` (by default of this process) and return its exit code.

    Raises ``SystemExit`` for ``--help``, ``--version`` and wrong arguments, as argparse does.
    """
    arguments = sys.argv[1:] if argv is None else argv
    return run_guarded(lambda: _run_command(parse(arguments)), is_program=argv is None)


def _run_command(arguments: Arguments) -> int:
    # Each command is a function of the same name in the module of that name, which is loaded when it is used.
    module = import_module(f"pdfbatch.cli.{arguments.command}")
    command: Callable[[Arguments], int] = getattr(module, arguments.command)
    with s3_variables(arguments):
        return command(arguments)
