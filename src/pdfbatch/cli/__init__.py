"""The command line. Light to import: what a command needs is loaded when it runs."""

import sys
from collections.abc import Sequence

from pdfbatch.cli.arguments import Arguments, parse
from pdfbatch.cli.exit_codes import guarded

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the words say (those of this process when none are given) and return the exit code.

    Raises ``SystemExit`` for ``--help``, ``--version`` and words that are not understood, as argparse does.
    """
    arguments = parse(sys.argv[1:] if argv is None else argv)
    return guarded(lambda: _done(arguments))


def _done(arguments: Arguments) -> int:
    if arguments.command == "demo":
        from pdfbatch.cli.demo import demo  # noqa: PLC0415 (loaded when used)

        return demo(arguments)
    if arguments.command == "export":
        from pdfbatch.cli.export import export  # noqa: PLC0415 (loaded when used)

        return export(arguments)
    if arguments.command == "watch":
        from pdfbatch.cli.watch import watch  # noqa: PLC0415 (loaded when used)

        return watch(arguments)
    from pdfbatch.cli.run import run  # noqa: PLC0415 (loaded when used)

    return run(arguments)
