"""Reaching a Redis server: the only place that loads redis-py. Credentials stay out of everything that is shown."""

from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol, Self, cast
from urllib.parse import urlsplit

from pdfbatch.errors import DependencyError, StatusUnavailableError, UsageError

if TYPE_CHECKING:
    from redis import Redis

DEFAULT_URL = "redis://localhost:6379/0"

_MISSING = "Redis needs the package redis: pip install 'pdfbatch[redis]'"
_SCHEMES = ("redis://", "rediss://", "unix://")


class Client(Protocol):
    """What is used of ``redis.Redis``, whose own types differ from version to version."""

    def get(self, name: str) -> object: ...
    def mget(self, keys: list[str]) -> object: ...
    def zrevrange(self, name: str, start: int, end: int) -> object: ...
    def pipeline(self) -> "Transaction": ...
    def pubsub(self, *, ignore_subscribe_messages: bool) -> "Changes": ...


class Transaction(Protocol):
    """What is used of ``redis.client.Pipeline``."""

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
    """What is used of ``redis.client.PubSub``."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def subscribe(self, *channels: str) -> object: ...
    def get_message(self, *, timeout: float) -> object: ...


@contextmanager
def connected(url: str, *, timeout_seconds: float = 1.0) -> "Generator[Redis]":
    """A client of our own, closed at the end; it reaches out with the first command, not before.

    ``timeout_seconds`` bounds each connection attempt and each answer; nothing is tried again inside redis-py. Options in the
    URL's query (``socket_timeout`` ...) have the last word. Raises ``DependencyError`` without redis-py, ``UsageError`` when
    the URL is not one of Redis.
    """
    client = _client(url, timeout_seconds)
    try:
        yield client
    finally:
        client.close()


def check(url: str) -> None:
    """Raise what ``connected`` would raise, without reaching out, and without loading redis-py (a tenth of a second) for a URL
    that has no options in it.
    """
    if find_spec("redis") is None:
        raise DependencyError(_MISSING)
    try:
        parts = urlsplit(url)
        _ = parts.scheme == "unix" or parts.port
    except ValueError:  # of the port; its message may quote the password
        raise _not_a_url(url) from None
    if not url.startswith(_SCHEMES):
        raise _not_a_url(url)
    if parts.query:
        _client(url, 1.0)


@contextmanager
def translated(server: str) -> Generator[None]:
    """Errors of redis-py become ``StatusUnavailableError``, which names the server."""
    from redis.exceptions import RedisError  # noqa: PLC0415 (an extra, loaded when used)

    try:
        yield
    except (RedisError, OSError) as error:
        raise StatusUnavailableError(f"{server}: {error or type(error).__name__}") from error


def server_address(url: str) -> str:
    """Return scheme, host, port and database of a Redis URL, even of a malformed one: no user, no password, no options.

    ``pdfbatch.urls.without_credentials`` would keep the user and harmless options, and trusts a URL to be well-formed.
    """
    try:
        parts = urlsplit(url)
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        return "redis"
    if "@" in f"{parts.path}{parts.query}{parts.fragment}":  # a password that was not percent-encoded
        return parts.scheme
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"


def _client(url: str, timeout_seconds: float) -> "Redis":
    try:
        from redis import Redis  # noqa: PLC0415 (an extra, loaded when used)
        from redis.backoff import NoBackoff  # noqa: PLC0415
        from redis.retry import Retry  # noqa: PLC0415
    except ImportError as error:
        raise DependencyError(_MISSING) from error
    once = Retry(NoBackoff(), 0)
    from_url = cast("_FromUrl", Redis.from_url)  # pyright: ignore[reportUnknownMemberType] (its **kwargs have no types)
    try:
        return from_url(url, socket_timeout=timeout_seconds, socket_connect_timeout=timeout_seconds, retry=once)
    except (ValueError, TypeError):  # its message may quote the password
        raise _not_a_url(url) from None


def _not_a_url(url: str) -> UsageError:
    wanted = "redis://[user:password@]host[:port][/db], rediss://... or unix:///path"
    return UsageError(f"{server_address(url)}: not a URL of Redis, such as {wanted} (percent-encoded)")


class _FromUrl(Protocol):
    def __call__(self, url: str, **settings: object) -> "Redis": ...
