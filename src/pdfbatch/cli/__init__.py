"""The command line. Light to import: each command loads what it needs when it runs."""

import sys
from collections.abc import Sequence

from pdfbatch.cli.arguments import Arguments, parse
from pdfbatch.cli.exit_codes import run_guarded

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command of ``argv`` (by default of this process) and return its exit code.

    Raises ``SystemExit`` for ``--help``, ``--version`` and wrong arguments, as argparse does.
    """
    arguments = sys.argv[1:] if argv is None else argv
    return run_guarded(lambda: _run_command(parse(arguments)), is_program=argv is None)


def _run_command(arguments: Arguments) -> int:
    match arguments.command:
        case "demo":
            from pdfbatch.cli.demo import demo  # noqa: PLC0415 (loaded when used)

            return demo(arguments)
        case "doctor":
            from pdfbatch.cli.doctor import doctor  # noqa: PLC0415 (loaded when used)

            return doctor(arguments)
        case "export":
            from pdfbatch.cli.export import export  # noqa: PLC0415 (loaded when used)

            return export(arguments)
        case "merge":
            from pdfbatch.cli.merge import merge  # noqa: PLC0415 (loaded when used)

            return merge(arguments)
        case "watch":
            from pdfbatch.cli.watch import watch  # noqa: PLC0415 (loaded when used)

            return watch(arguments)
        case "run":
            from pdfbatch.cli.run import run  # noqa: PLC0415 (loaded when used)

            return run(arguments)
