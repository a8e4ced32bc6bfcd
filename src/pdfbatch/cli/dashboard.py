"""``pdfbatch dashboard``: serve a web page that shows the batches whose status is in Redis."""

from pdfbatch.cli.arguments import Arguments
from pdfbatch.cli.exit_codes import ExitCode
from pdfbatch.cli.redis_keys import redis_prefix
from pdfbatch.cli.streams import write_output
from pdfbatch.sinks import DEFAULT_URL


def dashboard(arguments: Arguments) -> ExitCode:
    """Print the address and serve until a signal comes."""
    from pdfbatch.dashboard import RedisSource, serve  # noqa: PLC0415 (an extra, loaded when used)

    serve(
        RedisSource(arguments.redis or DEFAULT_URL, key_prefix=redis_prefix()),
        host=arguments.host,
        port=arguments.port,
        token=arguments.token or None,
        on_start=lambda address: write_output(f"{address}\n"),
    )
    return ExitCode.OK
