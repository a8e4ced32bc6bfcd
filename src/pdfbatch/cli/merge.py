"""``pdfbatch merge``: put the shards of a batch together, and print how the whole went."""

import sys

from pdfbatch.cli.arguments import Arguments
from pdfbatch.cli.exit_codes import ExitCode
from pdfbatch.cli.failures import FailureCollector
from pdfbatch.cli.json_lines import JsonLines
from pdfbatch.cli.run import report_exit_code
from pdfbatch.cli.streams import write_error
from pdfbatch.cli.style import style_for
from pdfbatch.cli.summary import merge_lines
from pdfbatch.shards import merge_shards


def merge(arguments: Arguments) -> ExitCode:
    """Merge the shards, and return the exit code that one run over all documents would have."""
    report = merge_shards(arguments.output, batch_id=arguments.batch_id, shards=arguments.shards)
    if arguments.json:
        JsonLines(stream=sys.stdout).write("summary", report.summary())
    if not arguments.quiet:
        lines = merge_lines(report, FailureCollector(), style_for(sys.stderr))
        write_error("".join(f"{line}\n" for line in lines))
    return report_exit_code(report, arguments.fail_on)
