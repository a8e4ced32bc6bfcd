"""``pdfbatch export``: write all text of an output to one file."""

from pdfbatch.cli.arguments import Arguments
from pdfbatch.cli.exit_codes import ExitCode
from pdfbatch.cli.streams import write_error
from pdfbatch.common import without_credentials
from pdfbatch.sinks import escape_unprintable, format_count


def export(arguments: Arguments) -> ExitCode:
    """Write the file and print its number of rows."""
    from pdfbatch.outputs import export as export_documents  # noqa: PLC0415 (loaded when used)
    from pdfbatch.outputs import export_pages  # noqa: PLC0415 (as above)

    write = export_pages if arguments.by_page else export_documents
    count = write(arguments.output, arguments.target)
    if not arguments.quiet:
        write_error(f"{format_count(count, 'row')} in {escape_unprintable(without_credentials(arguments.target))}\n")
    return ExitCode.OK
