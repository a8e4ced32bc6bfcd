"""Where the dashboard finds the status of batches: in Redis, or in sinks of this process."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from pdfbatch.figures import Figures
from pdfbatch.report import BatchStatus
from pdfbatch.sinks import (
    DEFAULT_PREFIX,
    MemorySink,
    StoredStatus,
    check_url,
    connect,
    read_figures,
    read_status,
    recent_batches,
)

if TYPE_CHECKING:
    from redis import Redis

MOST_BATCHES = 1_000
STALE_SECONDS = 15.0
_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchView:
    """What the dashboard shows of a batch. ``heartbeat_at`` is in seconds since the epoch, ``None`` where it is not known."""

    status: BatchStatus
    is_stale: bool = False
    heartbeat_at: float | None = None
    figures: Figures | None = None

    @property
    def shown_state(self) -> str:
        """``stale``, or the batch's own state."""
        return "stale" if self.is_stale else str(self.status.state)


class StatusSource(Protocol):
    """A place with the status of batches. Its methods may wait for a server; they are called in threads, also side by side.

    Both raise ``StatusUnavailableError`` when the server cannot be reached.
    """

    def list_batches(self) -> Sequence[BatchView]:
        """Return the recent batches, a thousand at most, without figures."""
        ...

    def find_batch(self, batch_id: str) -> BatchView | None:
        """Return a batch with its figures, ``None`` when there is none of this id."""
        ...


@dataclass(frozen=True, slots=True)
class MemorySource:
    """Batches of this process: what their ``MemorySink`` has kept."""

    sinks: Sequence[MemorySink]

    def list_batches(self) -> Sequence[BatchView]:
        """Return the batch of each sink that has had one."""
        statuses = (sink.status for sink in self.sinks)
        return [BatchView(status=status, heartbeat_at=status.updated_at) for status in statuses if status is not None]

    def find_batch(self, batch_id: str) -> BatchView | None:
        """Return the batch of a sink."""
        for sink in self.sinks:
            status = sink.status
            if status is not None and status.batch_id == batch_id:
                figures = Figures.from_dict(sink.figures.as_dict())  # a copy: the batch goes on
                return BatchView(status=status, heartbeat_at=status.updated_at, figures=figures)
        return None


@dataclass(slots=True)
class RedisSource:
    """Batches whose status is in Redis (``RedisSink``). A connection is made when something is read."""

    url: str = field(repr=False)
    stale_seconds: float = STALE_SECONDS
    key_prefix: str = DEFAULT_PREFIX
    _stack: ExitStack = field(default_factory=ExitStack, init=False, repr=False)
    _opened: "Redis | None" = field(default=None, init=False, repr=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        check_url(self.url)

    def list_batches(self) -> Sequence[BatchView]:
        """Return the recent batches."""
        found = recent_batches(
            self._client(), limit=MOST_BATCHES, key_prefix=self.key_prefix, stale_seconds=self.stale_seconds
        )
        return [_view(batch) for batch in found]

    def find_batch(self, batch_id: str) -> BatchView | None:
        """Return a batch with its figures."""
        client, prefix = self._client(), self.key_prefix
        found = read_status(client, batch_id, key_prefix=prefix, stale_seconds=self.stale_seconds)
        return None if found is None else _view(found, read_figures(client, batch_id, key_prefix=prefix))

    def close(self) -> None:
        """Close the connection."""
        self._stack.close()

    def _client(self) -> "Redis":
        """Return the client, which is made when it is first needed: one of a cluster asks for its nodes at once."""
        with self._lock:
            if self._opened is None:
                self._opened = self._stack.enter_context(connect(self.url, timeout_seconds=_TIMEOUT_SECONDS))
            return self._opened


def _view(batch: StoredStatus, figures: Figures | None = None) -> BatchView:
    return BatchView(status=batch.status, is_stale=batch.is_stale, heartbeat_at=batch.heartbeat_at, figures=figures)
