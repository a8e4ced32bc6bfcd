"""A sink that keeps the status of each batch in Redis, for dashboards and ``pdfbatch watch``."""

import json
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import KW_ONLY, dataclass, field
from functools import partial
from typing import TYPE_CHECKING, cast

from pdfbatch.errors import UsageError
from pdfbatch.figures import Figures
from pdfbatch.model import DocumentResult
from pdfbatch.report import BatchStatus, utc
from pdfbatch.sinks.callables import NullSink
from pdfbatch.sinks.redis.addresses import safe_address
from pdfbatch.sinks.redis.client import (
    DEFAULT_URL,
    Client,
    ClusterClient,
    Transaction,
    check_url,
    connect,
    translate_errors,
)
from pdfbatch.sinks.redis.keys import DEFAULT_PREFIX, StatusKeys
from pdfbatch.sinks.redis.sender import Pace, Sender

if TYPE_CHECKING:
    from redis import Redis


WEEK_SECONDS = 7 * 86_400
_KEPT_IN_INDEX = 1_000


@dataclass(slots=True, eq=False)
class RedisSink(NullSink):
    """Keep the latest status of a batch under ``batch:processing:{batch_id}``, as JSON, and beside it its figures.

    ``url`` is one of a server, a cluster or sentinels, see ``connect``; ``client`` is a redis-py client to use instead
    (``Redis``, ``RedisCluster``), with its own timeouts; the sink does not close it. Without ``show_paths``, documents are
    named by their ids only. Keys expire ``expire_seconds`` after the last change. While a batch is running,
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
    show_paths: bool = True
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
        with ExitStack() as stack:
            found = list[Client]()

            def deliver(status: BatchStatus) -> None:
                if not found:  # a cluster is asked for its nodes at once, and may not answer yet
                    client = stack.enter_context(connect(self.url)) if self.client is None else self.client
                    found.append(cast("Client", client))
                self._write(found[0], figures, status)

            yield deliver

    def _write(self, client: Client, figures: Figures, status: BatchStatus) -> None:
        """Write the status and publish it in one transaction, and note it in the index."""
        now, keys = time.time(), StatusKeys(self.key_prefix)
        name, text = keys.status(status.batch_id), _to_json(status, now, show_paths=self.show_paths)
        stored = json.dumps(figures.as_dict(show_paths=self.show_paths))
        with translate_errors(self.server):
            if isinstance(client, ClusterClient):  # of which no transaction reaches beyond one node
                with _ask_again_for_nodes(client):
                    node = client.get_redis_connection(client.get_node_from_key(name))
                    with _transaction(node, name) as transaction:
                        self._put_status(transaction, name, text)
                    with client.pipeline() as pipeline:
                        pipeline.set(keys.figures(status.batch_id), stored, ex=self.expire_seconds)
                        self._put_index(pipeline, keys.index, status.batch_id, now)
                        pipeline.execute()
                return
            with _transaction(client, name) as transaction:
                self._put_status(transaction, name, text)
                transaction.set(keys.figures(status.batch_id), stored, ex=self.expire_seconds)
                self._put_index(transaction, keys.index, status.batch_id, now)

    def _put_status(self, pipeline: Transaction, name: str, text: str) -> None:
        pipeline.set(name, text, ex=self.expire_seconds)
        pipeline.publish(name, text)

    def _put_index(self, pipeline: Transaction, index: str, batch_id: str, now: float) -> None:
        pipeline.zadd(index, {batch_id: now})
        pipeline.zremrangebyscore(index, "-inf", now - self.expire_seconds)
        pipeline.zremrangebyrank(index, 0, -_KEPT_IN_INDEX - 1)
        pipeline.expire(index, self.expire_seconds)


@contextmanager
def _transaction(client: Client, name: str) -> Generator[Transaction]:
    """Yield a transaction and execute it at the end.

    A server that did not answer may still hold an older write, which must not overwrite a newer one when it wakes up. So each
    write waits for the answer to a WATCH first: of two pending transactions the server carries out only one.
    """
    with client.pipeline() as transaction:
        transaction.watch(name)
        transaction.multi()
        yield transaction
        transaction.execute()


@contextmanager
def _ask_again_for_nodes(client: ClusterClient) -> Generator[None]:
    """Let a cluster's client find out where keys are by now, when a node has gone or has given a key away."""
    try:
        yield
    except Exception:
        with suppress(Exception):  # the next attempt says why
            client.nodes_manager.initialize()
        raise


def _to_json(status: BatchStatus, now: float, *, show_paths: bool) -> str:
    """Return the status as JSON, with the time of sending as its heartbeat."""
    data = status.as_dict()
    if not show_paths:
        data = {name: _without_paths(value) for name, value in data.items()} | {"output": None}
    return json.dumps({**data, "updated_at": data["updated_at"] or utc(now), "heartbeat_at": utc(now)})


def _without_paths(value: object) -> object:
    """Return a list of documents without their paths, and without messages, which name them; else the value."""
    if not isinstance(value, list):
        return value
    entries = cast("list[dict[str, object]]", value)
    return [
        {name: "" if name in ("file_path", "message") else each for name, each in entry.items()} for entry in entries
    ]
