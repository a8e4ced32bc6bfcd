"""``file:`` URLs, as they stand in configurations, and as pathlib, browsers and catalogues write them."""

import os
from urllib.parse import unquote_to_bytes

from pdfbatch.checks import show_value
from pdfbatch.errors import UsageError

_SCHEME = "file:"
_PROTOCOLS = frozenset(
    [
        "s3",
        "s3a",
        "gs",
        "gcs",
        "az",
        "abfs",
        "abfss",
        "adl",
        "http",
        "https",
        "sftp",
        "ssh",
        "ftp",
        "hdfs",
        "webhdfs",
        "zip",
        "memory",
    ]
)


def is_file_url(address: str) -> bool:
    """Return whether an address is a ``file:`` URL: ``file:///a.pdf``, ``FILE://localhost/a.pdf``, ``file:/a.pdf``."""
    return address[:6].lower() == "file:/"


def path_of_file_url(url: str) -> str:
    """Return the path that a ``file:`` URL means.

    A name that exists as it is written wins, because a name may have a ``%`` in it; else its escapes are decoded, and then what
    a browser adds (``#page=2``, ``?raw``) is left out if only that gives a name that exists. Where nothing exists, it is the
    decoded name.
    """
    if os.path.lexists(url):  # a folder may be called "file:"
        return url
    rest = url[len(_SCHEME) :]
    written = rest.removeprefix("//")
    for path in _readings(written):
        if os.path.lexists(path):
            return path
    return _decode(_without_host(written)) if "%" in written else written


def find_meant_url(path: str) -> str | None:
    """Return the URL that is meant by a path such as ``s3:/bucket/key``, with one slash; ``None`` for what may be a path."""
    protocol, colon, rest = path.partition(":/")
    if not colon or rest.startswith("/") or protocol.lower() not in _PROTOCOLS or os.path.lexists(f"{protocol}:"):
        return None
    return f"{protocol}://{rest}"


def check_local_path(path: str) -> None:
    """Raise ``UsageError`` for a path to write to, or to read results from, that is meant as a URL."""
    if (meant := find_meant_url(path)) is not None:
        raise UsageError(f"{show_value(path)} is no URL: did you mean {show_value(meant)}?")


def _readings(written: str) -> list[str]:
    """Return the paths that may be meant, the most literal first."""
    place = _without_host(written)
    shorter = [place.partition("#")[0], place.partition("#")[0].partition("?")[0]]
    return [written, place, _decode(place), *shorter, *map(_decode, shorter)]


def _without_host(path: str) -> str:
    """Leave out the name of this machine."""
    host, slash, rest = path.partition("/")
    return slash + rest if host.lower() in ("localhost", "127.0.0.1") and slash else path


def _decode(path: str) -> str:
    """Decode escapes, as bytes of a name; one that would end the name is left as it is."""
    decoded = unquote_to_bytes(os.fsencode(path)) if _is_encodable(path) else path.encode("utf-8", "surrogatepass")
    return path if b"\0" in decoded else os.fsdecode(decoded)


def _is_encodable(path: str) -> bool:
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return False
    return True
