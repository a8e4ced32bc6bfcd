"""``pdfbatch watch``: show batches whose status is in Redis."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from pdfbatch.cli.arguments import Arguments
from pdfbatch.cli.exit_codes import ExitCode, print_error
from pdfbatch.cli.json_lines import JsonLines
from pdfbatch.cli.redis_keys import redis_prefix
from pdfbatch.cli.streams import write_output
from pdfbatch.cli.style import Style, style_for
from pdfbatch.errors import StatusUnavailableError
from pdfbatch.report import BatchState, utc
from pdfbatch.sinks import (
    DEFAULT_URL,
    ProgressBarSink,
    StoredStatus,
    connect,
    escape_unprintable,
    follow,
    format_activity,
    format_duration,
    format_progress,
    read_status,
    recent_batches,
)

if TYPE_CHECKING:
    from redis import Redis

VARIABLE = "PDFBATCH_REDIS"
_TIMEOUT_SECONDS = 5.0


def watch(arguments: Arguments) -> ExitCode:
    """Show one batch or the recent ones, and follow a running one to its end."""
    url = arguments.redis or DEFAULT_URL
    try:
        with connect(url, timeout_seconds=_TIMEOUT_SECONDS) as client:
            if arguments.batch_id is None:
                return _watch_recent(client, arguments)
            return _watch_one(client, arguments, arguments.batch_id)
    except StatusUnavailableError as error:
        print_error(f"cannot read any status: {error} (--redis or the variable {VARIABLE} says where Redis is)")
        return ExitCode.STORAGE


def _watch_recent(client: "Redis", arguments: Arguments) -> ExitCode:
    batches = recent_batches(client, key_prefix=redis_prefix())
    if not batches:
        print_error("Redis knows of no batch: start one with 'pdfbatch run ... --redis URL', or give another URL")
        return ExitCode.USAGE
    if arguments.json:
        for batch in batches:
            _print_json(batch)
    else:
        _print(table_lines(batches, style_for(sys.stdout)))
    running = next((batch for batch in batches if not batch.is_over), None)
    if running is None or arguments.once:
        return ExitCode.OK
    return _follow(client, arguments, running.status.batch_id)


def _watch_one(client: "Redis", arguments: Arguments, batch_id: str) -> ExitCode:
    batch = read_status(client, batch_id, key_prefix=redis_prefix())
    if batch is None:
        print_error(f"Redis knows of no batch {batch_id!r}, or no longer; 'pdfbatch watch' lists those that it knows")
        return ExitCode.USAGE
    if not arguments.once:
        return _follow(client, arguments, batch_id)
    if arguments.json:
        _print_json(batch)
    else:
        _print(batch_lines(batch, style_for(sys.stdout)))
    return ExitCode.OK


def _follow(client: "Redis", arguments: Arguments, batch_id: str) -> ExitCode:
    """Show every change until the batch is over."""
    last = None
    with closing(ProgressBarSink(stream=sys.stdout, transient=True)) as bar:
        for last in follow(client, batch_id, key_prefix=redis_prefix()):
            if arguments.json:
                _print_json(last)
            else:
                bar.update(last.status)
    if last is None:
        return ExitCode.USAGE
    if not arguments.json:
        _print(batch_lines(last, style_for(sys.stdout)))
    return ExitCode.OK if last.status.state is BatchState.COMPLETED else ExitCode.DOCUMENTS_FAILED


def table_lines(batches: Sequence[StoredStatus], style: Style) -> Iterator[str]:
    """Yield a table with one line per batch."""
    names = [escape_unprintable(batch.status.batch_id) for batch in batches]
    widest = max(map(len, names), default=5)
    yield style.bold(
        f"{'batch':<{widest}}  {'state':<10}  {'began (UTC)':<16}  {'documents':>21}  {'pages':>9}  {'failed':>9}"
    )
    for name, batch in zip(names, batches, strict=True):
        status = batch.status
        began = (utc(status.started_at) or "").replace("T", " ")[:16]
        count = f"{status.processed:,}/{status.total_documents:,}"
        state = _colour_state(batch, style, f"{batch.shown_state:<10}")
        yield f"{name:<{widest}}  {state}  {began:<16}  {count:>21}  {status.pages:>9,}  {status.failed:>9,}"


def batch_lines(batch: StoredStatus, style: Style) -> Iterator[str]:
    """Yield a batch as one line, and an explanation if it is stale."""
    name = escape_unprintable(batch.status.batch_id)
    workers = () if batch.is_over else batch.status.activities
    time = format_duration(batch.status.elapsed_seconds)
    state = _colour_state(batch, style, batch.shown_state)
    yield f"{style.bold(name)} {state} after {time}: {format_progress(batch.status)}"
    yield from (f"  {format_activity(activity)}" for activity in workers)
    if batch.is_stale:
        seen = utc(batch.heartbeat_at) or "ever"
        yield f"No heartbeat since {seen}: its process was killed, or cannot reach Redis."


def _colour_state(batch: StoredStatus, style: Style, text: str) -> str:
    if batch.is_stale or batch.status.state is BatchState.FAILED:
        return style.bad(text)
    return style.good(text) if batch.status.state is BatchState.COMPLETED else text


def _print(lines: Iterator[str]) -> None:
    write_output("".join(f"{line}\n" for line in lines))


def _print_json(batch: StoredStatus) -> None:
    JsonLines(stream=sys.stdout).write("status", batch.as_dict())
