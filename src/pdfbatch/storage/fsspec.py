"""The edge to fsspec: a typed view of the little that is used of it, and how a URL is opened. Loads fsspec when called."""

import re
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Protocol, TypeGuard, cast

from pdfbatch.errors import DependencyError
from pdfbatch.settings import Limits, RetryPolicy
from pdfbatch.storage.errors import redacted

_PROTOCOL = re.compile(r"(?:^|::)([a-z][a-z0-9+.-]*)(?=://|::|$)", re.IGNORECASE)
_S3 = frozenset({"s3", "s3a"})
# Whole objects appear by one PUT. On all else a file is written under a temporary name and then renamed.
_OBJECT_STORES = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oss", "oci", "memory"})

# How often one request is made, and how long all of it may take: one layer, so that a storage in trouble is not
# asked a hundred times, and enough of it that half a minute of trouble costs no document.
REQUEST_RETRY = RetryPolicy(attempts=9)
DEADLINE_SECONDS = Limits().storage_timeout
# A connection that says nothing is given up after this share of the time, so that another one can be tried.
_SILENCE = 1 / 3
_CONNECT_SECONDS = 10.0
_CONNECTIONS = 128
# How we call ourselves: botocore else puts a long name together for each request, which is a sixth of what a request costs it.
_USER_AGENT = "pdfbatch"

# The name under which options hold a file system that was given ready.
_READY = "filesystem"

Options = Mapping[str, object]


class FileSystem(Protocol):
    """What is used of ``fsspec.AbstractFileSystem``."""

    @property
    def protocol(self) -> str | tuple[str, ...]: ...
    def info(self, path: str) -> dict[str, object]: ...
    def ls(self, path: str, detail: bool) -> list[dict[str, object]]: ...
    def find(self, path: str) -> list[str]: ...
    def exists(self, path: str) -> bool: ...
    def isdir(self, path: str) -> bool: ...
    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **options: object) -> bytes: ...
    def pipe_file(self, path: str, value: bytes, **options: object) -> object: ...
    def mv(self, path1: str, path2: str) -> object: ...
    def rm_file(self, path: str) -> object: ...
    def rm(self, path: str, recursive: bool) -> object: ...
    def makedirs(self, path: str, exist_ok: bool) -> object: ...
    def invalidate_cache(self, path: str | None = None) -> object: ...
    def unstrip_protocol(self, name: str) -> str: ...
    def _strip_protocol(self, path: str) -> str: ...


def open_url(url: str, options: Options, *, seconds: float = DEADLINE_SECONDS) -> tuple[FileSystem, str]:
    """The file system of a URL (``a://b::c://d`` chains too), and the path on it. Listings are never cached.

    S3 connections that say nothing for a third of ``seconds`` are given up.

    Raises ``DependencyError`` when the package for the URL's protocol is not installed or the protocol is unknown, and
    whatever the file system raises when it is opened (an archive is opened at once).
    """
    if (ready := options.get(_READY)) is not None:
        return open_ready(cast("FileSystem", ready), url, seconds=seconds)
    import fsspec.core  # noqa: PLC0415 (160 ms that local batches are spared)

    url_to_fs = cast("Callable[..., tuple[FileSystem, str]]", fsspec.core.url_to_fs)  # pyright: ignore[reportUnknownMemberType] (untyped)
    with _named_after(url):
        filesystem, path = url_to_fs(
            url, **_settings(options, seconds, is_s3=protocol_of(url) in _S3 and "::" not in url)
        )
    return _quick(filesystem), path


def load_for(url: str) -> None:
    """Import all that opening a URL will import. Raises ``DependencyError`` as ``open_url`` does."""
    import fsspec  # noqa: PLC0415 (as above)

    with _named_after(url):
        for name in _PROTOCOL.findall(url):
            fsspec.get_filesystem_class(name.lower())  # pyright: ignore[reportUnknownMemberType] (untyped)


@contextmanager
def _named_after(url: str) -> Generator[None]:
    """What fsspec raises about the protocol of a URL, in our words."""
    try:
        yield
    except ImportError as error:
        raise DependencyError(f"{redacted(url)}: {_how_to_install(url, error)}") from error
    except ValueError as error:
        if "Protocol not known" not in str(error):
            raise
        raise DependencyError(f"{redacted(url)}: fsspec knows no protocol '{protocol_of(url)}'") from error


def open_ready(filesystem: FileSystem, url: str, *, seconds: float = DEADLINE_SECONDS) -> tuple[FileSystem, str]:
    """A file system that was given ready, and the path of a URL on it. It is left as it is: of an S3 one a sibling with the
    same options is used, whose own repetitions are off.
    """
    opened = _with_our_settings(filesystem, seconds)
    # fsspec's own name for what every file system implements
    return opened, opened._strip_protocol(url)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def is_file_system(value: object) -> TypeGuard[FileSystem]:
    """Whether a value is a ready fsspec file system, told without loading fsspec."""
    return all(hasattr(value, name) for name in ("unstrip_protocol", "cat_file", "invalidate_cache"))


def on_file_system(address: str, filesystem: FileSystem) -> tuple[str, Options]:
    """The URL of an address on a ready file system, and the options that lead there."""
    url = address if "://" in address else filesystem.unstrip_protocol(address)
    return url, {_READY: filesystem}


def _with_our_settings(filesystem: FileSystem, seconds: float) -> FileSystem:
    if not protocols(filesystem) & _S3:
        return filesystem
    given = cast("Mapping[str, object]", getattr(filesystem, "storage_options", {}))
    sibling = cast("Callable[..., FileSystem]", type(filesystem))(**_settings(given, seconds, is_s3=True))
    return _quick(sibling)


def _quick(filesystem: FileSystem) -> FileSystem:
    """An S3 file system without repetitions of its own, and with a session of ours; any other as it is."""
    if protocols(filesystem) & _S3:
        from pdfbatch.storage.s3session import s3_session  # noqa: PLC0415 (botocore)

        own = vars(filesystem)
        own["retries"] = 1
        if own.get("session", ...) is None:  # not yet connected, and none was given
            own["session"] = s3_session(own.get("kwargs") or {})
    return filesystem


def protocol_of(url: str) -> str:
    """The first protocol of a URL: ``zip`` for ``zip://a.pdf::s3://bucket/b.zip``."""
    return url.partition("://")[0].lower()


def is_process_local(url: str) -> bool:
    """Whether only this process sees what is behind the URL (``memory://``)."""
    return "memory" in (name.lower() for name in _PROTOCOL.findall(url))


def protocols(filesystem: FileSystem) -> frozenset[str]:
    """The names of a file system's protocol."""
    names = filesystem.protocol
    return frozenset({names} if isinstance(names, str) else names)


def is_object_store(filesystem: FileSystem) -> bool:
    """Whether an object appears whole or not at all, and folders need not be made."""
    return bool(protocols(filesystem) & _OBJECT_STORES)


def is_s3(filesystem: FileSystem) -> bool:
    """Whether it is one of s3fs."""
    return bool(protocols(filesystem) & _S3)


def lists_versions(filesystem: FileSystem) -> bool:
    """Whether a listing says of each object what ``info`` says: size and etag, in the same words."""
    return is_s3(filesystem)


def _settings(options: Options, seconds: float, *, is_s3: bool) -> dict[str, object]:
    """The options, with the library's own repetitions off: ``pdfbatch.storage.calls`` is the one layer that tries again.

    Left alone, s3fs and botocore try five times each: 25 requests for one write.
    """
    settings: dict[str, object] = {**options, "use_listings_cache": False}
    if is_s3:
        given = cast("Mapping[str, object]", options.get("config_kwargs") or {})
        silence = seconds * _SILENCE
        settings["config_kwargs"] = {
            "retries": {"total_max_attempts": 1},
            "connect_timeout": min(silence, _CONNECT_SECONDS),
            "read_timeout": silence,
            "signature_version": "s3v4",
            "user_agent": _USER_AGENT,
            "max_pool_connections": _CONNECTIONS,
            **given,
        }
    return settings


def _how_to_install(url: str, error: ImportError) -> str:
    is_s3 = protocol_of(url.rpartition("::")[2]) in _S3
    return "pip install 'pdfbatch[s3]'" if is_s3 else str(error)
