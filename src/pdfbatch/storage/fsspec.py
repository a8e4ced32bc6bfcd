"""Open URLs with fsspec, behind a typed view of the few methods that are used. Loads fsspec when called."""

import re
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Protocol, TypeGuard, cast

from pdfbatch.common import SafeLogger, redact_text, without_credentials
from pdfbatch.errors import DependencyError, UsageError
from pdfbatch.settings import Limits, RetryPolicy
from pdfbatch.storage.object_store import (
    ObjectStore,
    is_given_up,
    open_object_store,
    preload_obstore,
    why_not_obstore,
)
from pdfbatch.storage.object_store_options import STORES

log: SafeLogger = SafeLogger(__name__)

_PROTOCOL = re.compile(r"(?:^|::)([a-z][a-z0-9+.-]*)(?=://|::|$)", re.IGNORECASE)
_S3 = frozenset({"s3", "s3a"})
# The package that a protocol needs, and the extra that installs it. fsspec says it only when it has failed to load it.
_NEEDS = {
    **dict.fromkeys(("http", "https"), ("aiohttp", "http")),
    **dict.fromkeys(("s3", "s3a"), ("s3fs", "s3")),
    **dict.fromkeys(("gs", "gcs"), ("gcsfs", "gcs")),
    **dict.fromkeys(("az", "abfs", "abfss", "adl"), ("adlfs", "azure")),
    **dict.fromkeys(("sftp", "ssh"), ("paramiko", "sftp")),
}
# Whole objects appear by one PUT. On all else a file is written under a temporary name and then renamed.
_OBJECT_STORES = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oss", "oci", "memory"})

# How often one request is tried, and how long all tries may take. Only one layer retries, so that a storage in trouble is
# not asked a hundred times; nine tries with their waits outlast half a minute of trouble.
REQUEST_RETRY = RetryPolicy(attempts=9)
DEADLINE_SECONDS = Limits().storage_timeout
# A connection that sends nothing is closed after this share of the deadline, so that another one can be tried.
_SILENCE = 1 / 3
_CONNECT_SECONDS = 10.0
_CONNECTIONS = 128

# The key under which options hold a file system that the caller has opened.
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


def open_url(
    url: str, options: Options, *, seconds: float = DEADLINE_SECONDS, name: str = ""
) -> tuple[FileSystem, str]:
    """Return the file system of a URL (``a://b::c://d`` chains too), and the path of a ``name`` below it there.

    Object stores are reached through obstore where it is installed and knows the options, all else through fsspec. Listings
    are never cached. An S3 connection that sends nothing for a third of ``seconds`` is closed.

    Raises ``DependencyError`` when the package for the URL's protocol is not installed, ``UsageError`` when the protocol is
    unknown, and whatever the file system raises when it is opened (an archive is opened at once).
    """
    if (ready := options.get(_READY)) is not None:
        return _with_name(open_ready(cast("FileSystem", ready), url, seconds=seconds), name)
    if (found := open_object_store(url, options, seconds=seconds, name=name)) is not None:
        return cast("FileSystem", found[0]), found[1]
    import fsspec.core  # noqa: PLC0415 (slow to load, and local batches do not need it)

    url_to_fs = cast("Callable[..., tuple[FileSystem, str]]", fsspec.core.url_to_fs)  # pyright: ignore[reportUnknownMemberType] (untyped)
    with _translate_protocol_errors(url):
        filesystem, path = url_to_fs(
            url, **_add_settings(options, seconds, is_s3=protocol_of(url) in _S3 and "::" not in url)
        )
    return _with_name((_tune(filesystem), path), name)


def _with_name(opened: tuple[FileSystem, str], name: str) -> tuple[FileSystem, str]:
    filesystem, root = opened
    return filesystem, f"{root.rstrip('/')}/{name}" if name else root


def preload(url: str, options: Options) -> None:
    """Import what opening a URL will import. Raises ``DependencyError`` as ``open_url`` does."""
    if protocol_of(url) in STORES and not why_not_obstore(url, options):
        preload_obstore()
    else:
        _import_file_system(url)


def _import_file_system(url: str) -> None:
    import fsspec  # noqa: PLC0415 (as above)

    with _translate_protocol_errors(url):
        for name in _PROTOCOL.findall(url):
            fsspec.get_filesystem_class(name.lower())  # pyright: ignore[reportUnknownMemberType] (untyped)


def check_protocol(url: str, options: Options) -> None:
    """Raise ``DependencyError`` when a package for a URL is not installed, ``UsageError`` when its protocol is unknown.

    Each protocol is looked up once; the libraries of the common ones are not loaded for that. For an object store say once
    what keeps it from being reached through obstore.
    """
    if options.get(_READY) is not None:
        return
    protocol, reason = protocol_of(url), ""
    if protocol in STORES and "::" not in url:
        reason = why_not_obstore(url, options)
        if not reason:
            return
    for name in _PROTOCOL.findall(url):
        if name not in _checked:
            try:
                _check_one(name.lower(), url)
            except DependencyError as error:
                if not reason:
                    raise
                raise DependencyError(f"{error}; obstore is not used because of {reason}") from None
            _checked.add(name)
    if reason and not is_given_up(url):  # said only of a way that can be gone
        _say_once(protocol, reason)


def check_bucket(url: str) -> None:
    """Raise ``UsageError`` for a URL of an object store that is nothing else: it would stand for all buckets of an account."""
    protocol, _, rest = url.partition("://")
    if protocol.lower() in STORES and not rest.strip("/"):
        raise UsageError(f"{url}: the URL names no bucket, as {protocol}://bucket/folder/ does")


def _say_once(protocol: str, reason: str) -> None:
    """Say why URLs of a protocol go through fsspec. One bucket of many is said when it comes, by ``object_store``."""
    if (protocol, reason) not in _said:
        _said.add((protocol, reason))
        library = _NEEDS[protocol][0]
        log.warning("%s:// goes through %s, which is slower than obstore: %s", protocol, library, reason)


_said: set[tuple[str, str]] = set()
_checked: set[str] = {"file", "local", "memory"}


def _check_one(protocol: str, url: str) -> None:
    need = _NEEDS.get(protocol)
    if need is not None and find_spec(need[0]) is not None:
        return
    _import_file_system(url)


def _missing(protocol: str, url: str, error: ImportError) -> DependencyError:
    module, extra = _NEEDS.get(protocol, ("", ""))
    where = f"{without_credentials(url)}: "
    if extra and find_spec(module) is None:
        advice = f"pip install {module} (or 'pdfbatch[{extra}]')"
        return DependencyError(f"{where}{protocol}:// needs the package {module}, which is not installed: {advice}")
    return DependencyError(
        f"{where}{protocol}:// needs a package that is missing or broken: {redact_text(str(error), url)}"
    )


def _unknown(url: str) -> UsageError:
    from difflib import get_close_matches  # noqa: PLC0415 (for an error only)

    from fsspec.registry import known_implementations, registry  # noqa: PLC0415 (as above)

    known = {*cast("Mapping[str, object]", known_implementations), *cast("Mapping[str, object]", registry)}
    names = [name.lower() for name in _PROTOCOL.findall(url)]
    name = next((name for name in names if name not in known), protocol_of(url))
    likely = get_close_matches(name, [*_NEEDS, *sorted(known)], 1, 0.6)
    advice = f"did you mean {likely[0]}://?" if likely else "known are https, s3, gs, az, sftp and others of fsspec"
    return UsageError(f"{without_credentials(url)}: there is no protocol {name!r}; {advice}")


@contextmanager
def _translate_protocol_errors(url: str) -> Generator[None]:
    """Turn what fsspec raises about the protocol of a URL into ``DependencyError`` or ``UsageError``."""
    try:
        yield
    except ImportError as error:
        names = [name.lower() for name in _PROTOCOL.findall(url)] or [protocol_of(url)]
        lacking = [name for name in names if name in _NEEDS and find_spec(_NEEDS[name][0]) is None]
        raise _missing((lacking or names)[0], url, error) from error
    except ValueError as error:
        if "Protocol not known" not in str(error):
            raise
        raise _unknown(url) from error


def open_ready(filesystem: FileSystem, url: str, *, seconds: float = DEADLINE_SECONDS) -> tuple[FileSystem, str]:
    """Return a file system that the caller has opened, and the path of a URL on it.

    The caller's object is not changed: for S3, a second one with the same options is made, whose own retries are off.
    """
    opened = filesystem
    if is_s3(filesystem):
        given = cast("Mapping[str, object]", getattr(filesystem, "storage_options", {}))
        make = cast("Callable[..., FileSystem]", type(filesystem))
        opened = _tune(make(**_add_settings(given, seconds, is_s3=True)))
    # fsspec's own name for what every file system implements
    return opened, opened._strip_protocol(url)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def is_file_system(value: object) -> TypeGuard[FileSystem]:
    """Return whether a value is an fsspec file system, without loading fsspec to find out."""
    return all(hasattr(value, name) for name in ("unstrip_protocol", "cat_file", "invalidate_cache"))


def with_filesystem(address: str, filesystem: FileSystem) -> tuple[str, Options]:
    """Return the URL of an address on a file system that the caller has opened, and options that hold that file system."""
    url = address if "://" in address else filesystem.unstrip_protocol(address)
    return url, {_READY: filesystem}


def _tune(filesystem: FileSystem) -> FileSystem:
    """Turn off the retries of an S3 file system; leave any other as it is."""
    if is_s3(filesystem):
        vars(filesystem)["retries"] = 1  # of s3fs, for each of its objects
    return filesystem


def protocol_of(url: str) -> str:
    """Return the first protocol of a URL: ``zip`` for ``zip://a.pdf::s3://bucket/b.zip``."""
    return url.partition("://")[0].lower()


def is_process_local(url: str) -> bool:
    """Return whether only this process sees what is behind the URL (``memory://``)."""
    return "memory" in (name.lower() for name in _PROTOCOL.findall(url))


def protocols(filesystem: FileSystem) -> frozenset[str]:
    """Return the names of a file system's protocol."""
    names = filesystem.protocol
    return frozenset({names} if isinstance(names, str) else names)


def is_object_store(filesystem: FileSystem) -> bool:
    """Return whether an object appears whole or not at all, and folders need not be made."""
    return bool(protocols(filesystem) & _OBJECT_STORES)


def is_s3(filesystem: FileSystem) -> bool:
    """Return whether it is one of s3fs."""
    return bool(protocols(filesystem) & _S3) and not isinstance(filesystem, ObjectStore)


def lists_versions(filesystem: FileSystem) -> bool:
    """Return whether a listing gives the same size and etag of each object as ``info`` does."""
    return is_s3(filesystem) or isinstance(filesystem, ObjectStore)


def _add_settings(options: Options, seconds: float, *, is_s3: bool) -> dict[str, object]:
    """Return the options with the library's own retries off: ``pdfbatch.storage.calls`` is the one layer that retries.

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
            "max_pool_connections": _CONNECTIONS,
            **given,
        }
    return settings
