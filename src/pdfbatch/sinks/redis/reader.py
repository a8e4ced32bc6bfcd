"""Read from Redis: one batch's status, the recent batches, and each change of a batch until it ends."""

import json
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, cast

from pdfbatch.errors import StatusUnavailableError
from pdfbatch.report import BatchState, BatchStatus
from pdfbatch.sinks.redis.client import Changes, Client, translate_errors
from pdfbatch.sinks.redis.keys import DEFAULT_PREFIX, StatusKeys

if TYPE_CHECKING:
    from redis import Redis

STALE_SECONDS = 30.0
_SERVER = "Redis"
# No batch has more of anything; a number with thousands of digits fits on no line.
_MOST_COUNT = 10**15
_END_OF_DATES = 253_402_300_800.0  # the year 10000


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredStatus:
    """A status as it was found in Redis.

    ``data`` is the stored object. ``is_stale`` says that the batch has not ended but sends no heartbeat any more: its process
    was killed, or cannot reach Redis. It compares the clocks of both machines.
    """

    data: Mapping[str, object]
    is_stale: bool = False

    @property
    def is_over(self) -> bool:
        """Whether no further change is to be expected: the batch has ended, or is stale."""
        return self.is_stale or self.status.state.ended

    @property
    def shown_state(self) -> str:
        """``stale``, or the batch's own state."""
        return "stale" if self.is_stale else str(self.status.state)

    @property
    def status(self) -> BatchStatus:
        """The snapshot. Values that ``data`` lacks are 0 or empty."""
        started, updated = (_seconds(self.data, name) for name in ("started_at", "updated_at"))
        return BatchStatus(
            batch_id=_text(self.data, "batch_id"),
            project_uuid=_text(self.data, "project_uuid") or None,
            executor=_text(self.data, "executor"),
            workers=_count(self.data, "workers"),
            limits_enforced=_text(self.data, "limits_enforced").lower() != "false",
            state=BatchState(_text(self.data, "status")),
            total_documents=_count(self.data, "total_documents"),
            successful=_count(self.data, "successful"),
            failed=_count(self.data, "failed"),
            partial=_count(self.data, "partial"),
            empty=_count(self.data, "empty"),
            skipped=_count(self.data, "skipped"),
            duplicates=_count(self.data, "duplicates"),
            pages=_count(self.data, "pages"),
            ocr_pages=_count(self.data, "ocr_pages"),
            other_language_pages=_count(self.data, "other_language_pages"),
            failed_pages=_count(self.data, "failed_pages"),
            started_at=started,
            updated_at=updated,
            elapsed_seconds=0.0 if started is None or updated is None else max(0.0, updated - started),
        )

    @property
    def heartbeat_at(self) -> float | None:
        """Time of the last heartbeat, in seconds since the epoch."""
        beat = _seconds(self.data, "heartbeat_at")
        return _seconds(self.data, "updated_at") if beat is None else beat

    def as_dict(self) -> dict[str, object]:
        """Return the stored object and the key ``stale``."""
        return {**self.data, "stale": self.is_stale}


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
    return _parse(stored, stale_seconds, now)


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
            stored = cast("list[object]", server.mget(names)) if names else []
    except (_OtherKindError, UnicodeDecodeError):
        return []
    batches = [batch for text in stored if (batch := _parse(text, stale_seconds, now)) is not None]
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
            known = _with_staleness(last.data, stale_seconds, None)
            try:
                last = read() or known
            except StatusUnavailableError:
                if known.is_stale:
                    raise
                last = known


def _wait(changes: Changes, seconds: float) -> None:
    """Return as soon as something was published, after ``seconds`` at the latest."""
    until = time.monotonic() + seconds
    try:
        with translate_errors(_SERVER):
            changes.get_message(timeout=seconds)
    except StatusUnavailableError:  # not permitted, or the connection was lost: the caller reads the key instead
        time.sleep(max(0.0, until - time.monotonic()))


def _parse(stored: object, stale_seconds: float, now: float | None) -> StoredStatus | None:
    """Return the status in a stored value; ``None`` for what is not one, because somebody else may use the same key.

    The only way by which anything comes in from Redis: whatever stands there, the values of a status are of their kinds.
    """
    if not isinstance(stored, (str, bytes)):
        return None
    try:
        data: object = json.loads(stored)
    except (ValueError, RecursionError):  # no JSON, no UTF-8, a number of thousands of digits, too many brackets
        return None
    if not isinstance(data, dict):
        return None
    found = cast("dict[str, object]", data)
    return _with_staleness(found, stale_seconds, now) if _text(found, "status") in set(BatchState) else None


def _with_staleness(data: Mapping[str, object], stale_seconds: float, now: float | None) -> StoredStatus:
    """Return the status, stale if it should be at ``now``."""
    fresh = StoredStatus(data=data)
    if fresh.is_over:
        return fresh
    beat = fresh.heartbeat_at
    present = time.time() if now is None else now
    return StoredStatus(data=data, is_stale=beat is None or present - beat > stale_seconds)


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


def _count(data: Mapping[str, object], name: str) -> int:
    value = data.get(name)
    return value if type(value) is int and 0 <= value <= _MOST_COUNT else 0


def _text(data: Mapping[str, object], name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""


def _seconds(data: Mapping[str, object], name: str) -> float | None:
    """Return a moment as seconds since the epoch; ``None`` for what is none, or cannot be shown as a date again."""
    try:
        seconds = datetime.fromisoformat(_text(data, name)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    return seconds if 0 <= seconds < _END_OF_DATES else None
