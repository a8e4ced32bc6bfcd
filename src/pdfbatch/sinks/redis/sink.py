"""A sink that keeps the status of each batch in Redis, for dashboards and ``pdfbatch watch``."""

import json
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from dataclasses import KW_ONLY, dataclass, field
from functools import partial
from typing import TYPE_CHECKING, cast

from pdfbatch.errors import UsageError
from pdfbatch.figures import Figures
from pdfbatch.model import DocumentResult
from pdfbatch.report import BatchStatus, utc
from pdfbatch.sinks.callables import NullSink
from pdfbatch.sinks.redis.client import DEFAULT_URL, Client, check_url, connect, safe_address, translate_errors
from pdfbatch.sinks.redis.keys import DEFAULT_PREFIX, StatusKeys
from pdfbatch.sinks.redis.sender import Pace, Sender

if TYPE_CHECKING:
    from redis import Redis


WEEK_SECONDS = 7 * 86_400
_KEPT_IN_INDEX = 1_000


@dataclass(slots=True, eq=False)
class RedisSink(NullSink):
    """Keep the latest status of a batch under ``batch:processing:{batch_id}``, as JSON, and beside it its figures.

    ``url`` is ``redis://``, ``rediss://`` or ``unix://``; ``client`` is a redis-py client to use instead, with its own
    timeouts; the sink does not close it. Keys expire ``expire_seconds`` after the last change. While a batch is running,
    ``heartbeat_at`` changes every ``heartbeat_seconds`` at least. If the last state of a batch cannot be delivered, the sink
    continues to try in the background for ``linger_seconds``, while the process lives.

    ``update`` returns in microseconds: one daemon thread sends the latest status, four times a second at most. A server that
    is down or does not answer costs one WARNING for the whole batch and nothing else; when it is back, the state arrives
    within seconds. ``close`` waits for the last state, 2.5 seconds at most. The sink can serve one batch after another.

    Raises ``DependencyError`` without the package ``redis`` (extra ``redis``), ``UsageError`` for what is no URL of Redis.
    """

    url: str = field(default=DEFAULT_URL, repr=False)
    _: KW_ONLY
    client: "Redis | None" = field(default=None, repr=False)
    key_prefix: str = DEFAULT_PREFIX
    expire_seconds: int = WEEK_SECONDS
    heartbeat_seconds: float = 5.0
    linger_seconds: float = 300.0
    server: str = field(init=False)
    _figures: Figures = field(default_factory=Figures, init=False, repr=False)
    _sender: Sender | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.expire_seconds < 1 or self.heartbeat_seconds <= 0 or self.linger_seconds < 0:
            raise UsageError("expire_seconds and heartbeat_seconds must be above 0, linger_seconds not below")
        if self.client is None:
            check_url(self.url)
        self.server = safe_address(self.url) if self.client is None else "the given Redis client"

    def update(self, status: BatchStatus) -> None:
        """Hand the snapshot to the thread."""
        if self._sender is not None and self._sender.accepts(status):
            self._figures.note_pages(status.pages, status.ocr_pages, time.time())
            self._sender.offer(status)
            return
        if self._sender is not None:
            self._sender.retire(status)
        self._figures = Figures()
        self._figures.note_pages(status.pages, status.ocr_pages, time.time())
        pace = Pace(heartbeat_seconds=self.heartbeat_seconds, linger_seconds=self.linger_seconds)
        self._sender = Sender(status, partial(self._connect, self._figures), pace)

    def document(self, result: DocumentResult) -> None:
        """Add the document to the figures, which are sent with the next snapshot."""
        self._figures.add(result, time.time())

    def close(self) -> None:
        """Wait a moment for the last snapshot to arrive."""
        if self._sender is not None:
            self._sender.close()

    @contextmanager
    def _connect(self, figures: Figures) -> "Generator[Callable[[BatchStatus], None]]":
        with connect(self.url) if self.client is None else nullcontext(self.client) as client:
            yield partial(self._write, cast("Client", client), figures)

    def _write(self, client: Client, figures: Figures, status: BatchStatus) -> None:
        """Write the status, publish it, and note it in the index, in one transaction."""
        # A server that did not answer may still hold an older write, which must not overwrite a newer one when it wakes up.
        # So each write waits for the answer to a WATCH first: of two pending transactions the server carries out only one.
        now, keys = time.time(), StatusKeys(self.key_prefix)
        name, text = keys.status(status.batch_id), _to_json(status, now)
        with translate_errors(self.server), client.pipeline() as transaction:
            transaction.watch(name)
            transaction.multi()
            transaction.set(name, text, ex=self.expire_seconds)
            transaction.set(keys.figures(status.batch_id), json.dumps(figures.as_dict()), ex=self.expire_seconds)
            transaction.publish(name, text)
            transaction.zadd(keys.index, {status.batch_id: now})
            transaction.zremrangebyscore(keys.index, "-inf", now - self.expire_seconds)
            transaction.zremrangebyrank(keys.index, 0, -_KEPT_IN_INDEX - 1)
            transaction.expire(keys.index, self.expire_seconds)
            transaction.execute()


def _to_json(status: BatchStatus, now: float) -> str:
    """Return the status as JSON, with the time of sending as its heartbeat."""
    data = status.as_dict()
    return json.dumps({**data, "updated_at": data["updated_at"] or utc(now), "heartbeat_at": utc(now)})
