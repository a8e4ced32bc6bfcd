"""``pdfbatch export``: write all text of an output to one file."""

import sys

from pdfbatch.cli.arguments import Arguments
from pdfbatch.cli.exit_codes import ExitCode
from pdfbatch.sinks import format_count
from pdfbatch.urls import without_credentials


def export(arguments: Arguments) -> ExitCode:
    """Write the file and print its number of rows."""
    from pdfbatch.outputs import export as export_documents  # noqa: PLC0415 (loaded when used)
    from pdfbatch.outputs import export_pages  # noqa: PLC0415 (as above)

    write = export_pages if arguments.pages else export_documents
    count = write(arguments.output, arguments.target)
    if not arguments.quiet:
        sys.stderr.write(f"{format_count(count, 'row')} in {without_credentials(arguments.target)}\n")
    return ExitCode.OK
