"""Read from Redis: one batch's status, the recent batches, and each change of a batch until it ends."""

import json
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, cast

from pdfbatch.errors import StatusUnavailableError
from pdfbatch.figures import Figures
from pdfbatch.sinks.redis.client import Changes, Client, ClusterClient, translate_errors
from pdfbatch.sinks.redis.keys import DEFAULT_PREFIX, StatusKeys
from pdfbatch.sinks.redis.stored import StoredStatus, judge_staleness, parse_status

if TYPE_CHECKING:
    from redis import Redis

STALE_SECONDS = 15.0
_SERVER = "Redis"


def read_status(
    client: "Redis",
    batch_id: str,
    *,
    key_prefix: str = DEFAULT_PREFIX,
    stale_seconds: float = STALE_SECONDS,
    now: float | None = None,
) -> StoredStatus | None:
    """Return a batch's status; ``None`` when there is none, or none any more.

    A running batch whose last heartbeat is older than ``stale_seconds`` at ``now`` (seconds since the epoch, by default the
    present) is stale. Raises ``StatusUnavailableError``.
    """
    if not _is_encodable(batch_id):
        return None
    try:
        with translate_errors(_SERVER), _refuse_other_kinds():
            stored = cast("Client", client).get(StatusKeys(key_prefix).status(batch_id))
    except (_OtherKindError, UnicodeDecodeError):  # the client decodes, and it is no text
        return None
    return parse_status(stored, stale_seconds, now)


def read_figures(client: "Redis", batch_id: str, *, key_prefix: str = DEFAULT_PREFIX) -> Figures:
    """Return the figures of a batch; empty ones when there are none. Raises ``StatusUnavailableError``."""
    if not _is_encodable(batch_id):
        return Figures()
    try:
        with translate_errors(_SERVER), _refuse_other_kinds():
            stored = cast("Client", client).get(StatusKeys(key_prefix).figures(batch_id))
        return Figures.from_dict(json.loads(cast("str | bytes", stored or b"{}")))
    except (_OtherKindError, ValueError, TypeError, RecursionError):  # somebody else's value under this key
        return Figures()


def recent_batches(
    client: "Redis",
    *,
    limit: int = 20,
    key_prefix: str = DEFAULT_PREFIX,
    stale_seconds: float = STALE_SECONDS,
    now: float | None = None,
) -> list[StoredStatus]:
    """Return the batches with the latest heartbeats, ``limit`` at most, the one that started last first.

    Uses neither ``KEYS`` nor ``SCAN``. Raises ``StatusUnavailableError``.
    """
    keys, server = StatusKeys(key_prefix), cast("Client", client)
    try:
        with translate_errors(_SERVER), _refuse_other_kinds():
            found = cast("list[object]", server.zrevrange(keys.index, 0, limit - 1))
            names = [keys.status(name) for one in found if (name := _decode(one)) is not None]
            stored = _get_all(server, names) if names else []
    except (_OtherKindError, UnicodeDecodeError):
        return []
    batches = [batch for text in stored if (batch := parse_status(text, stale_seconds, now)) is not None]
    return sorted(batches, key=lambda batch: batch.status.started_at or float("inf"), reverse=True)


def follow(
    client: "Redis",
    batch_id: str,
    *,
    key_prefix: str = DEFAULT_PREFIX,
    stale_seconds: float = STALE_SECONDS,
    poll_seconds: float = 1.0,
) -> Iterator[StoredStatus]:
    """Yield a batch's status and each change of it, until the batch has ended or is stale; nothing if there is none.

    Subscribes to the batch's channel and reads the key every ``poll_seconds`` where that is not permitted or the connection
    was lost. A server that goes away may come back, with or without its data, until the batch would be stale. Raises
    ``StatusUnavailableError`` when the server cannot be reached at first, or does not come back.
    """
    if not _is_encodable(batch_id):
        return
    read = partial(read_status, client, batch_id, key_prefix=key_prefix, stale_seconds=stale_seconds)
    last, shown = read(), None
    with cast("Client", client).pubsub(ignore_subscribe_messages=True) as changes:
        with suppress(StatusUnavailableError), translate_errors(_SERVER):
            changes.subscribe(StatusKeys(key_prefix).status(batch_id))
        while last is not None:
            if last != shown:
                yield last
            if last.is_over:
                return
            shown = last
            _wait(changes, poll_seconds)
            # Without news the last status stays, but may have become stale.
            known = judge_staleness(last.data, stale_seconds, None)
            try:
                last = read() or known
            except StatusUnavailableError:
                if known.is_stale:
                    raise
                last = known


def _get_all(server: Client, names: list[str]) -> list[object]:
    """Return the values of keys; those of a cluster lie on many nodes."""
    found = server.mget_nonatomic(names) if isinstance(server, ClusterClient) else server.mget(names)
    return cast("list[object]", found)


def _wait(changes: Changes, seconds: float) -> None:
    """Return as soon as something was published, after ``seconds`` at the latest."""
    until = time.monotonic() + seconds
    try:
        with translate_errors(_SERVER):
            changes.get_message(timeout=seconds)
    except StatusUnavailableError:  # not permitted, or the connection was lost: the caller reads the key instead
        time.sleep(max(0.0, until - time.monotonic()))


def _decode(name: object) -> str | None:
    """Return the id of a batch; ``None`` for bytes that are no text."""
    try:
        return name.decode() if isinstance(name, bytes) else name if isinstance(name, str) else None
    except UnicodeDecodeError:
        return None


def _is_encodable(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, as in an argument that is no UTF-8
        return False
    return True


@contextmanager
def _refuse_other_kinds() -> Generator[None]:
    """Turn the answer that a key holds no text (a list, a set) into ``_OtherKindError``."""
    from redis.exceptions import ResponseError  # noqa: PLC0415 (an extra, loaded when used)

    try:
        yield
    except ResponseError as error:
        if str(error).startswith("WRONGTYPE"):
            raise _OtherKindError from error
        raise


class _OtherKindError(Exception):
    """A key of ours holds something of somebody else's."""
