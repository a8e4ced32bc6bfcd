"""Connect to Redis: a server, a cluster or what sentinels name. Only this module loads redis-py. No message has credentials."""

from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol, Self, cast, runtime_checkable

from pdfbatch.errors import DependencyError, StatusUnavailableError
from pdfbatch.sinks.redis.addresses import Mode, parse_address

if TYPE_CHECKING:
    from redis import Redis

    from pdfbatch.sinks.redis.addresses import Address

DEFAULT_URL = "redis://localhost:6379/0"

_MISSING = "Redis needs the package redis: pip install redis"


class Client(Protocol):
    """The methods of ``redis.Redis`` that are used here; its own types differ from version to version."""

    def get(self, name: str) -> object: ...
    def mget(self, keys: list[str]) -> object: ...
    def zrevrange(self, name: str, start: int, end: int) -> object: ...
    def pipeline(self) -> "Transaction": ...
    def pubsub(self, *, ignore_subscribe_messages: bool) -> "Changes": ...


class NodesManager(Protocol):
    """What a cluster's client knows of its nodes."""

    def initialize(self) -> None: ...


@runtime_checkable
class ClusterClient(Protocol):
    """The methods that only ``redis.RedisCluster`` has and that are used here."""

    @property
    def nodes_manager(self) -> "NodesManager": ...
    def get_node_from_key(self, key: str) -> object: ...
    def pipeline(self) -> "Transaction": ...
    def get_redis_connection(self, node: object) -> Client: ...
    def mget_nonatomic(self, keys: list[str]) -> object: ...


class Transaction(Protocol):
    """The methods of ``redis.client.Pipeline`` that are used here."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def watch(self, name: str) -> object: ...
    def multi(self) -> None: ...
    def set(self, name: str, value: str, *, ex: int) -> object: ...
    def publish(self, channel: str, message: str) -> object: ...
    def zadd(self, name: str, mapping: dict[str, float]) -> object: ...
    def zremrangebyscore(self, name: str, min: str, max: float) -> object: ...  # noqa: A002 (redis-py's names)
    def zremrangebyrank(self, name: str, min: int, max: int) -> object: ...  # noqa: A002
    def expire(self, name: str, time: int) -> object: ...
    def execute(self) -> object: ...


class Changes(Protocol):
    """The methods of ``redis.client.PubSub`` that are used here."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def subscribe(self, *channels: str) -> object: ...
    def get_message(self, *, timeout: float) -> object: ...


@contextmanager
def connect(url: str, *, timeout_seconds: float = 1.0) -> "Generator[Redis]":
    """Yield a client and close it at the end. All but that of a cluster connect with their first command, not before.

    ``url`` is ``redis://``, ``rediss://`` (TLS) or ``unix://``; ``redis+cluster://`` and ``rediss+cluster://`` with one or more
    hosts of a cluster; ``redis+sentinel://`` and ``rediss+sentinel://`` with the hosts of sentinels, then the name of the
    service and the database: ``redis+sentinel://one:26379,two:26379/mymaster/0``.

    ``timeout_seconds`` limits each attempt to connect and each answer; redis-py retries nothing by itself. Options in the
    URL's query (``socket_timeout``, ``ssl_ca_certs``, ``sentinel_password`` ...) override that. Raises ``DependencyError``
    without redis-py, ``UsageError`` when the URL is not one of Redis, ``StatusUnavailableError`` when no host of a cluster
    answers.
    """
    client = _new_client(parse_address(url), timeout_seconds)
    try:
        yield client
    finally:
        client.close()


def check_url(url: str) -> None:
    """Raise what ``connect`` would raise, without connecting.

    redis-py, which is slow to load, is only loaded for a URL that has options in it.
    """
    if find_spec("redis") is None:
        raise DependencyError(_MISSING)
    address = parse_address(url)
    if address.has_options and address.mode is Mode.SERVER:
        _new_client(address, 1.0)


@contextmanager
def translate_errors(server: str) -> Generator[None]:
    """Raise ``StatusUnavailableError``, which names the server, for errors of redis-py and of the operating system."""
    from redis.exceptions import RedisClusterException, RedisError  # noqa: PLC0415 (an extra, loaded when used)

    try:
        yield
    except (RedisError, RedisClusterException, OSError) as error:
        raise StatusUnavailableError(f"{server}: {error or type(error).__name__}") from error


def _new_client(address: "Address", timeout_seconds: float) -> "Redis":
    try:
        from redis import Redis  # noqa: PLC0415 (an extra, loaded when used)
        from redis.backoff import NoBackoff  # noqa: PLC0415
        from redis.retry import Retry  # noqa: PLC0415
    except ImportError as error:
        raise DependencyError(_MISSING) from error
    usual: dict[str, Any] = {
        "socket_timeout": timeout_seconds,
        "socket_connect_timeout": timeout_seconds,
        "retry": Retry(NoBackoff(), 0),
    }
    try:
        if address.mode is Mode.CLUSTER:
            return _new_cluster(address, {**usual, **_options(address)})
        if address.mode is Mode.SENTINEL:
            return _new_sentinel(address, {**usual, **_options(address)})
        from_url = cast("Any", Redis.from_url)  # pyright: ignore[reportUnknownMemberType] (its **kwargs have no types)
        client: Redis = from_url(address.plain_url, **usual)
    except (ValueError, TypeError):  # the message may quote the password
        raise address.refuse() from None
    return client


def _options(address: "Address") -> dict[str, Any]:
    """Return user, password and options of a URL as settings of a connection."""
    from redis import connection  # noqa: PLC0415 (an extra, loaded when used)

    found = cast("Any", connection).parse_url(address.plain_url)
    return {name: value for name, value in found.items() if name not in _PLACE}


def _new_cluster(address: "Address", settings: dict[str, Any]) -> "Redis":
    from redis import cluster  # noqa: PLC0415 (an extra, loaded when used)

    library = cast("Any", cluster)
    nodes = [library.ClusterNode(host, port) for host, port in address.hosts]
    with translate_errors(address.safe):
        client: Redis = library.RedisCluster(startup_nodes=nodes, ssl=address.uses_tls, **settings)
    return client


def _new_sentinel(address: "Address", settings: dict[str, Any]) -> "Redis":
    from redis import sentinel  # noqa: PLC0415 (an extra, loaded when used)

    own = {name[9:]: settings.pop(name) for name in list(settings) if name.startswith("sentinel_")}
    shared = {name: settings[name] for name in settings if name.startswith(("socket_", "ssl_"))}
    if address.uses_tls:
        settings, shared = {**settings, "ssl": True}, {**shared, "ssl": True}
    sentinels = cast("Any", sentinel).Sentinel(address.hosts, sentinel_kwargs={**shared, **own}, **settings)
    client: Redis = sentinels.master_for(address.service, db=address.database)
    return client


_PLACE = ("host", "port", "db", "connection_class", "path")
