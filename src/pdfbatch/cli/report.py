"""``pdfbatch report``: write a page about an output that people can read."""

from pdfbatch.cli.arguments import Arguments
from pdfbatch.cli.exit_codes import ExitCode
from pdfbatch.cli.streams import write_error
from pdfbatch.common import without_credentials
from pdfbatch.sinks import escape_unprintable


def report(arguments: Arguments) -> ExitCode:
    """Write the page and print where it is."""
    from pdfbatch.outputs import write_html_report  # noqa: PLC0415 (loaded when used)

    address = write_html_report(arguments.output, arguments.html)
    if not arguments.quiet:
        write_error(f"{escape_unprintable(without_credentials(address))}\n")
    return ExitCode.OK
