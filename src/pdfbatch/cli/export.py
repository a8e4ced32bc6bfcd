"""``pdfbatch export``: all text of an output in one file."""

import sys

from pdfbatch.cli.arguments import Arguments
from pdfbatch.cli.exit_codes import ExitCode
from pdfbatch.storage.errors import redacted


def export(arguments: Arguments) -> ExitCode:
    """Write the file, and say how many rows it has."""
    from pdfbatch.outputs import export as exporting  # noqa: PLC0415 (loaded when used)

    write = exporting.export_pages if arguments.pages else exporting.export
    count = write(arguments.output, arguments.target)
    if not arguments.quiet:
        rows = "row" if count == 1 else "rows"
        sys.stderr.write(f"{count:,} {rows} in {redacted(arguments.target)}\n")
    return ExitCode.OK
