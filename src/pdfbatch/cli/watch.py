"""``pdfbatch watch``: how the batches go whose status is in Redis, seen from anywhere."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from pdfbatch.cli.arguments import Arguments
from pdfbatch.cli.exit_codes import ExitCode, complain
from pdfbatch.cli.json_lines import JsonLines
from pdfbatch.cli.style import Style, paint_for
from pdfbatch.errors import StatusUnavailableError
from pdfbatch.report import BatchState, utc
from pdfbatch.sinks import (
    DEFAULT_URL,
    ProgressBarSink,
    StoredStatus,
    clock,
    connected,
    follow,
    one_line,
    progress,
    read_status,
    recent_batches,
)

if TYPE_CHECKING:
    from redis import Redis

VARIABLE = "PDFBATCH_REDIS"
_TIMEOUT_SECONDS = 5.0

Show = Callable[[StoredStatus], None]


def watch(arguments: Arguments) -> ExitCode:
    """Show one batch, or the recent ones, and follow what is under way."""
    url = arguments.redis or os.environ.get(VARIABLE) or DEFAULT_URL
    try:
        with connected(url, timeout_seconds=_TIMEOUT_SECONDS) as client:
            if arguments.batch_id is None:
                return _recent(client, arguments)
            return _one(client, arguments, arguments.batch_id)
    except StatusUnavailableError as error:
        complain(f"no status can be read: {error} (--redis, or the variable {VARIABLE}, says where Redis is)")
        return ExitCode.STORAGE


def _recent(client: "Redis", arguments: Arguments) -> ExitCode:
    batches = recent_batches(client)
    if not batches:
        complain("Redis knows of no batch: start one with 'pdfbatch run ... --redis URL', or look at another URL")
        return ExitCode.USAGE
    _list(batches, arguments)
    running = next((batch for batch in batches if not batch.over), None)
    if running is None or arguments.once:
        return ExitCode.OK
    return _followed(client, arguments, running.status.batch_id)


def _one(client: "Redis", arguments: Arguments, batch_id: str) -> ExitCode:
    batch = read_status(client, batch_id)
    if batch is None:
        complain(f"Redis knows of no batch {batch_id!r}, or not any more; 'pdfbatch watch' lists those that it knows")
        return ExitCode.USAGE
    if not arguments.once:
        return _followed(client, arguments, batch_id)
    _conclude(batch, arguments)
    return ExitCode.OK


def _followed(client: "Redis", arguments: Arguments, batch_id: str) -> ExitCode:
    """Show every change until there is nothing more to wait for."""
    last = None
    with closing(ProgressBarSink(stream=sys.stdout, transient=True)) as bar:
        show: Show = _json if arguments.json else partial(_move, bar)
        for last in follow(client, batch_id):
            show(last)
    if last is None:
        return ExitCode.USAGE
    if not arguments.json:
        _conclude(last, arguments)
    return ExitCode.OK if last.status.state is BatchState.COMPLETED else ExitCode.DOCUMENTS_FAILED


def _move(bar: ProgressBarSink, batch: StoredStatus) -> None:
    bar.update(batch.status)


def _json(batch: StoredStatus) -> None:
    JsonLines(stream=sys.stdout).line("status", batch.as_dict())


def _list(batches: Sequence[StoredStatus], arguments: Arguments) -> None:
    if arguments.json:
        for batch in batches:
            _json(batch)
    else:
        _write(table(batches, paint_for(sys.stdout)))


def _conclude(batch: StoredStatus, arguments: Arguments) -> None:
    if arguments.json:
        _json(batch)
    else:
        _write(sentence(batch, paint_for(sys.stdout)))


def table(batches: Sequence[StoredStatus], paint: Style) -> Iterator[str]:
    """Batches as lines, one below the other."""
    names = [one_line(batch.status.batch_id) for batch in batches]
    widest = max(map(len, names), default=5)
    yield paint.bold(f"{'batch':<{widest}}  {'state':<10}  {'began (UTC)':<16}  {'documents':>21}  {'failed':>9}")
    for name, batch in zip(names, batches, strict=True):
        status = batch.status
        began = (utc(status.started_at) or "").replace("T", " ")[:16]
        count = f"{status.processed:,}/{status.total_documents:,}"
        state = _painted(batch, paint, f"{batch.shown_state:<10}")
        yield f"{name:<{widest}}  {state}  {began:<16}  {count:>21}  {status.failed:>9,}"


def sentence(batch: StoredStatus, paint: Style) -> Iterator[str]:
    """A batch as one line, and what to think of one whose heart has stopped."""
    name = one_line(batch.status.batch_id)
    time = clock(batch.status.elapsed_seconds)
    yield f"{paint.bold(name)} {_painted(batch, paint)} after {time}: {progress(batch.status)}"
    if batch.stale:
        seen = utc(batch.heartbeat_at) or "ever"
        yield f"No sign of life since {seen}: its process has ended without a word, or cannot reach Redis."


def _painted(batch: StoredStatus, paint: Style, words: str = "") -> str:
    words = words or batch.shown_state
    if batch.stale or batch.status.state is BatchState.FAILED:
        return paint.bad(words)
    return paint.good(words) if batch.status.state is BatchState.COMPLETED else words


def _write(lines: Iterator[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()
