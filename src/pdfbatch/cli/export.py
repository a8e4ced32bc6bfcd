"""``pdfbatch export``: all text of an output in one file."""

import sys

from pdfbatch.cli.arguments import Arguments
from pdfbatch.cli.exit_codes import ExitCode
from pdfbatch.urls import without_credentials


def export(arguments: Arguments) -> ExitCode:
    """Write the file, and say how many rows it has."""
    from pdfbatch.outputs import export as export_documents  # noqa: PLC0415 (loaded when used)
    from pdfbatch.outputs import export_pages  # noqa: PLC0415 (as above)

    write = export_pages if arguments.pages else export_documents
    count = write(arguments.output, arguments.target)
    if not arguments.quiet:
        rows = "row" if count == 1 else "rows"
        sys.stderr.write(f"{count:,} {rows} in {without_credentials(arguments.target)}\n")
    return ExitCode.OK
