"""Connect to a Redis server. Only this module loads redis-py. No message that it makes holds credentials."""

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
    """The methods of ``redis.Redis`` that are used here; its own types differ from version to version."""

    def get(self, name: str) -> object: ...
    def mget(self, keys: list[str]) -> object: ...
    def zrevrange(self, name: str, start: int, end: int) -> object: ...
    def pipeline(self) -> "Transaction": ...
    def pubsub(self, *, ignore_subscribe_messages: bool) -> "Changes": ...


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
    """Yield a client and close it at the end. The client connects with its first command, not before.

    ``timeout_seconds`` limits each attempt to connect and each answer; redis-py retries nothing by itself. Options in the
    URL's query (``socket_timeout`` ...) override that. Raises ``DependencyError`` without redis-py, ``UsageError`` when
    the URL is not one of Redis.
    """
    client = _new_client(url, timeout_seconds)
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
    try:
        parts = urlsplit(url)
        _ = parts.scheme == "unix" or parts.port
    except ValueError:  # a bad port; the message may quote the password
        raise _not_a_url(url) from None
    if not url.startswith(_SCHEMES):
        raise _not_a_url(url)
    if parts.query:
        _new_client(url, 1.0)


@contextmanager
def translate_errors(server: str) -> Generator[None]:
    """Raise ``StatusUnavailableError``, which names the server, for errors of redis-py and of the operating system."""
    from redis.exceptions import RedisError  # noqa: PLC0415 (an extra, loaded when used)

    try:
        yield
    except (RedisError, OSError) as error:
        raise StatusUnavailableError(f"{server}: {error or type(error).__name__}") from error


def safe_address(url: str) -> str:
    """Return the server of a URL without user, password and options, so that anybody may see it."""
    try:
        parts = urlsplit(url)
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        return "redis"
    if "@" in f"{parts.path}{parts.query}{parts.fragment}":  # a password that was not percent-encoded
        return parts.scheme
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"


def _new_client(url: str, timeout_seconds: float) -> "Redis":
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
    except (ValueError, TypeError):  # the message may quote the password
        raise _not_a_url(url) from None


def _not_a_url(url: str) -> UsageError:
    wanted = "redis://[user:password@]host[:port][/db], rediss://... or unix:///path"
    return UsageError(f"{safe_address(url)}: not a URL of Redis, such as {wanted} (percent-encoded)")


class _FromUrl(Protocol):
    def __call__(self, url: str, **settings: object) -> "Redis": ...
