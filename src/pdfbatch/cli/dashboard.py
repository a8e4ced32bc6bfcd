"""``pdfbatch dashboard``: serve a web page that shows the batches whose status is in Redis."""

import os

from pdfbatch.cli.arguments import Arguments
from pdfbatch.cli.exit_codes import ExitCode
from pdfbatch.cli.redis_keys import redis_prefix
from pdfbatch.cli.streams import write_output
from pdfbatch.cli.watch import VARIABLE
from pdfbatch.sinks import DEFAULT_URL

TOKEN_VARIABLE = "PDFBATCH_DASHBOARD_TOKEN"  # noqa: S105 (a name, no secret)


def dashboard(arguments: Arguments) -> ExitCode:
    """Print the address and serve until a signal comes."""
    from pdfbatch.dashboard import RedisSource, serve  # noqa: PLC0415 (an extra, loaded when used)

    serve(
        RedisSource(arguments.redis or os.environ.get(VARIABLE) or DEFAULT_URL, key_prefix=redis_prefix()),
        host=arguments.host,
        port=arguments.port,
        token=arguments.token or os.environ.get(TOKEN_VARIABLE) or None,
        on_start=lambda address: write_output(f"{address}\n"),
    )
    return ExitCode.OK
