"""The reader's side: one batch's status, the recent batches, and a batch followed as it goes."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

from pdfbatch.errors import StatusUnavailableError
from pdfbatch.report import BatchState, BatchStatus
from pdfbatch.sinks.redis.client import Changes, Client, translated
from pdfbatch.sinks.redis.keys import DEFAULT_PREFIX, StatusKeys

if TYPE_CHECKING:
    from redis import Redis

STALE_SECONDS = 30.0
_SERVER = "Redis"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredStatus:
    """A status as it was found in Redis, and what to think of it.

    ``data`` is the stored object. ``stale`` says that a batch that has not ended gives no sign of life any more: its process
    has died, or cannot reach Redis. That is judged by the clocks of both machines.
    """

    data: Mapping[str, object]
    stale: bool = False

    @property
    def over(self) -> bool:
        """Whether there is nothing to wait for: the batch has ended, or its heart has stopped."""
        return self.stale or self.status.state.ended

    @property
    def shown_state(self) -> str:
        """``stale``, or else the batch's own state."""
        return "stale" if self.stale else str(self.status.state)

    @property
    def status(self) -> BatchStatus:
        """The snapshot; what is missing in ``data`` is 0 or empty."""
        started, updated = (_seconds(self.data, name) for name in ("started_at", "updated_at"))
        return BatchStatus(
            batch_id=_text(self.data, "batch_id"),
            project_uuid=_text(self.data, "project_uuid") or None,
            executor=_text(self.data, "executor"),
            workers=_count(self.data, "workers"),
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
            failed_pages=_count(self.data, "failed_pages"),
            started_at=started,
            updated_at=updated,
            elapsed_seconds=0.0 if started is None or updated is None else max(0.0, updated - started),
        )

    @property
    def heartbeat_at(self) -> float | None:
        """The last sign of life, in seconds since the epoch."""
        beat = _seconds(self.data, "heartbeat_at")
        return _seconds(self.data, "updated_at") if beat is None else beat

    def as_dict(self) -> dict[str, object]:
        """The stored object and ``stale``."""
        return {**self.data, "stale": self.stale}


def read_status(
    client: "Redis",
    batch_id: str,
    *,
    key_prefix: str = DEFAULT_PREFIX,
    stale_seconds: float = STALE_SECONDS,
    now: float | None = None,
) -> StoredStatus | None:
    """A batch's status; ``None`` when there is none, because it has expired or never was.

    A batch under way whose last sign of life is older than ``stale_seconds`` at ``now`` (seconds since the epoch, the present
    by default) is stale. Raises ``StatusUnavailableError``.
    """
    with translated(_SERVER):
        stored = cast("Client", client).get(StatusKeys(key_prefix).status(batch_id))
    return _understood(stored, stale_seconds, now)


def recent_batches(
    client: "Redis",
    *,
    limit: int = 20,
    key_prefix: str = DEFAULT_PREFIX,
    stale_seconds: float = STALE_SECONDS,
    now: float | None = None,
) -> list[StoredStatus]:
    """The batches that gave a sign of life last, ``limit`` of them at most; the one that began last comes first.

    Needs no ``KEYS`` and no ``SCAN``. Raises ``StatusUnavailableError``.
    """
    keys, server = StatusKeys(key_prefix), cast("Client", client)
    with translated(_SERVER):
        found = cast("list[bytes | str]", server.zrevrange(keys.index, 0, limit - 1))
        names = [keys.status(one.decode() if isinstance(one, bytes) else one) for one in found]
        stored = cast("list[object]", server.mget(names)) if names else []
    batches = [batch for text in stored if (batch := _understood(text, stale_seconds, now)) is not None]
    return sorted(batches, key=lambda batch: batch.status.started_at or float("inf"), reverse=True)


def follow(
    client: "Redis",
    batch_id: str,
    *,
    key_prefix: str = DEFAULT_PREFIX,
    stale_seconds: float = STALE_SECONDS,
    poll_seconds: float = 1.0,
) -> Iterator[StoredStatus]:
    """A batch's status, and each change of it as it comes, until the batch has ended or is stale; nothing if there is none.

    Changes are heard on the channel; where that is denied or was lost, the key is read every ``poll_seconds``. A server that
    goes away meanwhile may come back, with or without what it knew, until the batch would be stale. Raises
    ``StatusUnavailableError`` when it cannot be reached at first, or does not come back.
    """
    batch = _Batch(client=client, batch_id=batch_id, key_prefix=key_prefix, stale_seconds=stale_seconds)
    last, shown = batch.read(), None
    with cast("Client", client).pubsub(ignore_subscribe_messages=True) as changes:
        _subscribe(changes, StatusKeys(key_prefix).status(batch_id))
        while last is not None:
            if last != shown:
                yield last
            if last.over:
                return
            shown = last
            _wait(changes, poll_seconds)
            last = batch.after(last)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """A batch that is followed."""

    client: "Redis"
    batch_id: str
    key_prefix: str
    stale_seconds: float

    def read(self) -> StoredStatus | None:
        return read_status(self.client, self.batch_id, key_prefix=self.key_prefix, stale_seconds=self.stale_seconds)

    def after(self, last: StoredStatus) -> StoredStatus:
        """What is known by now: without news the last status, judged again."""
        judged = _judged(last.data, self.stale_seconds, None)
        try:
            return self.read() or judged
        except StatusUnavailableError:
            if judged.stale:
                raise
            return judged


def _subscribe(changes: Changes, channel: str) -> None:
    with suppress(StatusUnavailableError), translated(_SERVER):
        changes.subscribe(channel)


def _wait(changes: Changes, seconds: float) -> None:
    """Return as soon as something was published, at the latest after so many seconds."""
    until = time.monotonic() + seconds
    try:
        with translated(_SERVER):
            changes.get_message(timeout=seconds)
    except StatusUnavailableError:  # not permitted, or the connection was lost: reading the key goes on
        time.sleep(max(0.0, until - time.monotonic()))


def _understood(stored: object, stale_seconds: float, now: float | None) -> StoredStatus | None:
    """What somebody else wrote under such a key is no status."""
    if not isinstance(stored, (str, bytes)):
        return None
    try:
        data: object = json.loads(stored)
    except ValueError:
        return None
    if not isinstance(data, dict):
        return None
    found = cast("dict[str, object]", data)
    return _judged(found, stale_seconds, now) if _text(found, "status") in set(BatchState) else None


def _judged(data: Mapping[str, object], stale_seconds: float, now: float | None) -> StoredStatus:
    fresh = StoredStatus(data=data)
    if fresh.over:
        return fresh
    beat = fresh.heartbeat_at
    present = time.time() if now is None else now
    return StoredStatus(data=data, stale=beat is None or present - beat > stale_seconds)


def _count(data: Mapping[str, object], name: str) -> int:
    value = data.get(name)
    return value if isinstance(value, int) else 0


def _text(data: Mapping[str, object], name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""


def _seconds(data: Mapping[str, object], name: str) -> float | None:
    try:
        return datetime.fromisoformat(_text(data, name)).timestamp()
    except (ValueError, OverflowError):
        return None
