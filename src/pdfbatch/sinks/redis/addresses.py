"""Addresses of Redis: a URL of a server, of a cluster, or of sentinels, taken apart without loading redis-py."""

from dataclasses import dataclass
from enum import Enum
from urllib.parse import SplitResult, unquote, urlsplit

from pdfbatch.errors import UsageError

_DEFAULT_PORT, _SENTINEL_PORT = 6379, 26379


class Mode(Enum):
    """What a URL leads to."""

    SERVER = "server"
    CLUSTER = "cluster"
    SENTINEL = "sentinel"


_SCHEMES = {
    "redis": (Mode.SERVER, False),
    "rediss": (Mode.SERVER, True),
    "unix": (Mode.SERVER, False),
    "redis+cluster": (Mode.CLUSTER, False),
    "rediss+cluster": (Mode.CLUSTER, True),
    "redis+sentinel": (Mode.SENTINEL, False),
    "rediss+sentinel": (Mode.SENTINEL, True),
}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Address:
    """A URL of Redis in parts. ``plain_url`` is one that redis-py reads: of the first host, with user, password and options."""

    mode: Mode
    uses_tls: bool
    hosts: tuple[tuple[str, int], ...]
    plain_url: str
    safe: str
    service: str = ""
    database: int = 0
    has_options: bool = False

    def refuse(self) -> UsageError:
        """Return the error that says that redis-py does not take this URL."""
        return _not_a_url(self.safe)


def parse_address(url: str) -> Address:
    """Return a URL in parts. Raises ``UsageError``, without credentials, for what is no URL of Redis."""
    try:
        parts = urlsplit(url)
        scheme, separator, _ = url.partition("://")
        mode, uses_tls = _SCHEMES[scheme if separator else ""]
        if scheme == "unix":
            return Address(
                mode=mode,
                uses_tls=False,
                hosts=(),
                plain_url=url,
                safe=safe_address(url),
                has_options=bool(parts.query),
            )
        credentials, at, places = parts.netloc.rpartition("@")
        usual = _SENTINEL_PORT if mode is Mode.SENTINEL else _DEFAULT_PORT
        hosts = tuple(_parse_host(place, usual) for place in places.split(","))
        service, database = _parse_path(parts, mode)
    except (ValueError, KeyError):  # a bad port; the message may quote the password
        raise _not_a_url(safe_address(url)) from None
    if mode is Mode.SERVER:
        plain_url = url
    else:
        options = f"?{parts.query}" if parts.query else ""
        plain_url = f"{'rediss' if uses_tls else 'redis'}://{credentials}{at}localhost{options}"
    return Address(
        mode=mode,
        uses_tls=uses_tls,
        hosts=hosts,
        plain_url=plain_url,
        safe=safe_address(url),
        service=service,
        database=database,
        has_options=bool(parts.query),
    )


def safe_address(url: str) -> str:
    """Return the server of a URL without user, password and options, so that anybody may see it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "redis"
    if "@" in f"{parts.path}{parts.query}{parts.fragment}":  # a password that was not percent-encoded
        return parts.scheme
    places = parts.netloc.rpartition("@")[2]
    try:
        for place in places.split(","):
            _parse_host(place, _DEFAULT_PORT)
    except ValueError:  # a bad port, which may be a part of a password
        return "redis"
    return f"{parts.scheme}://{places}{parts.path}"


def _parse_host(place: str, usual_port: int) -> tuple[str, int]:
    parts = urlsplit(f"//{place}")
    return parts.hostname or "localhost", parts.port or usual_port


def _parse_path(parts: SplitResult, mode: Mode) -> tuple[str, int]:
    """Return the service and the database that a URL names. Raises ``ValueError``."""
    words = [unquote(word) for word in parts.path.split("/") if word]
    if mode is Mode.SENTINEL:
        if not 1 <= len(words) <= 2:
            raise ValueError("a sentinel needs the name of a service")
        return words[0], int(words[1]) if len(words) == 2 else 0
    if mode is Mode.CLUSTER and words not in ([], ["0"]):
        raise ValueError("a cluster has one database")
    return "", 0


def _not_a_url(safe: str) -> UsageError:
    wanted = (
        "redis://[user:password@]host[:port][/db], rediss://..., unix:///path, redis+cluster://host:port or "
        "redis+sentinel://host:port,host:port/service"
    )
    safe = safe.removeprefix("://")  # of a name without a protocol
    return UsageError(f"{safe}: not a URL of Redis, such as {wanted} (percent-encoded)")
