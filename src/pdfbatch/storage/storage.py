"""The output that users name: a local folder, or any URL that fsspec can reach."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Literal, cast

from pdfbatch.checks import Check, check_fields, choice, instance_of, seconds, size
from pdfbatch.common import without_credentials
from pdfbatch.errors import Cause, DocumentError
from pdfbatch.ports import Locality
from pdfbatch.settings import RetryPolicy
from pdfbatch.storage.file_urls import check_local_path, is_file_url, path_of_file_url
from pdfbatch.storage.fsspec import (
    DEADLINE_SECONDS,
    REQUEST_RETRY,
    FileSystem,
    check_bucket,
    check_protocol,
    is_process_local,
    preload,
    protocols,
)
from pdfbatch.storage.local import Durability, LocalStorage

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

    from pdfbatch.storage.remote import RemoteStorage


def _address(value: object) -> object:
    text: object = os.fspath(cast("os.PathLike[str]", value)) if isinstance(value, (str, os.PathLike)) else None
    if not isinstance(text, str) or not text.strip():
        raise ValueError("give the path or URL of an output")
    return value  # pyright: ignore[reportUnknownVariableType] (a path of some kind)


def _storage_options(value: object) -> object:
    if not isinstance(value, Mapping) or not all(
        isinstance(name, str) for name in cast("Mapping[object, object]", value)
    ):
        raise ValueError("give a mapping of names to values, such as {'key': ..., 'secret': ...}")
    return value  # pyright: ignore[reportUnknownVariableType] (a path of some kind)


_CHECKS: Mapping[str, Check] = {
    "url": _address,
    "options": _storage_options,
    "retry": instance_of(RetryPolicy),
    "seconds": seconds(),
    "naming": choice("path", "id"),
    "layout": choice("files", "jsonl", "parquet"),
    "shard_bytes": size,
    "durability": choice("batch", "each", "none"),
}

Naming = Literal["path", "id"]
Layout = Literal["files", "jsonl", "parquet"]

SHARD_BYTES = 128 << 20


@dataclass(frozen=True, slots=True, repr=False, init=False)
class Storage:
    """An output: a local path (``out/``, ``file:///out``) or an fsspec URL (``s3://bucket/text``) with its options.

    ``options`` go to fsspec unchanged (``{"key": ..., "secret": ..., "endpoint_url": ...}``). They appear in no
    representation, message or log, but they do travel in a pickle, because a worker needs them. When ``filesystem`` is
    given, ``url`` is a path on it. fsspec pickles it by its class and options; a worker opens it anew, with connections of
    its own.

    ``retry`` bounds tries and waits of one remote call, ``seconds`` all of them together; a write gets one more second for
    each MiB. A call that exceeds them fails as ``storage_unavailable``. A local call is not repeated.

    ``names="path"``: files of a document that was found by a path, pattern or prefix are called after its path below that,
    those of a document with an id of its own after the id. ``"id"``: all are called after the id.

    ``layout="jsonl"`` and ``"parquet"`` write files (shards) of about ``shard_bytes`` with text and record of very many
    documents each, instead of two files for each document.

    ``durability`` is what a power failure can cost of a local output. ``"batch"``: nothing that the index or the report of a
    batch tells of; files are written through to the disk in groups, before either is written. ``"each"``: nothing that was
    written; each file waits for the disk before it gets its name. ``"none"``: anything; a killed process costs nothing in any
    case. A remote storage has its own guarantee, which is mostly that of ``"each"``.
    """

    url: str
    options: Mapping[str, object] = field(hash=False)
    filesystem: "AbstractFileSystem | None"
    retry: RetryPolicy
    seconds: float
    naming: Naming
    layout: Layout
    shard_bytes: int
    durability: Durability

    def __init__(
        self,
        url: "str | os.PathLike[str]",
        options: Mapping[str, object] | None = None,
        filesystem: "AbstractFileSystem | None" = None,
        *,
        retry: RetryPolicy = REQUEST_RETRY,
        seconds: float = DEADLINE_SECONDS,
        names: Naming = "path",
        layout: Layout = "files",
        shard_bytes: int = SHARD_BYTES,
        durability: Durability = "batch",
    ) -> None:
        """Check the settings, and make a local path absolute: a worker may have another working directory."""
        given: Mapping[str, object] = {} if options is None else options
        values: tuple[object, ...] = (
            cast("object", url),
            given,
            filesystem,
            retry,
            seconds,
            names,
            layout,
            shard_bytes,
            durability,
        )
        for field_of_it, value in zip(fields(self), values, strict=True):
            object.__setattr__(self, field_of_it.name, value)
        check_fields(self, _CHECKS, hidden=("options",))
        address = os.fspath(self.url)
        if self.filesystem is None and (path := _local_path(address)) is not None:
            check_local_path(path)
            address = os.path.abspath(os.path.expanduser(path))
        object.__setattr__(self, "url", address)

    def __repr__(self) -> str:
        return f"Storage({without_credentials(self.url)!r})"

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of this machine."""
        return self.filesystem is None and _local_path(self.url) is not None

    @property
    def locality(self) -> Locality:
        """``MACHINE`` for a folder, ``PROCESS`` for ``memory://`` (workers must then be threads), else ``REMOTE``."""
        if self.is_local:
            return Locality.MACHINE
        if self.filesystem is not None:
            in_memory = "memory" in protocols(cast("FileSystem", self.filesystem))
        else:
            in_memory = is_process_local(self.url)
        return Locality.PROCESS if in_memory else Locality.REMOTE

    def load(self) -> None:
        """Import the libraries that reach the output, without connecting to it.

        Raises ``DependencyError`` when the package for the URL's protocol is not installed, ``UsageError`` when the protocol is
        unknown.
        """
        if not self.is_local:
            self._adapter()
            preload(self.url, self._all_options)

    def check(self) -> None:
        """Make the folder, write a probe and remove it, and sweep what killed writers left there.

        Raises ``OutputError`` naming the output and the reason: not a folder, read-only, no such bucket, access denied;
        ``DependencyError`` when the package for the URL's protocol is not installed, ``UsageError`` for an unknown protocol.
        """
        if not self.is_local:
            check_bucket(self.url)
            check_protocol(self.url, self._all_options)
        self._adapter().check()

    def sweep(self) -> int:
        """Remove temporary files that killed writers left behind, and return how many. Call it before a batch."""
        return self._adapter().sweep()

    def sync(self, names: Iterable[str]) -> None:
        """Return when what is under these names survives a power failure, unless ``durability`` is ``"none"``."""
        adapter = self._adapter()
        if isinstance(adapter, LocalStorage):
            adapter.sync(list(map(_check_name, names)))

    def append(self, name: str, data: bytes) -> None:
        """Add lines at the end of a local file, in the place of an unfinished one. Raises ``DocumentError``."""
        adapter = self._adapter()
        if not isinstance(adapter, LocalStorage):
            raise DocumentError(f"{self.uri(name)}: nothing can be appended there", cause=Cause.STORAGE_UNAVAILABLE)
        adapter.append(_check_name(name), data)

    def uri(self, name: str) -> str:
        """Return the full address of a name, without credentials; of the output itself for an empty name."""
        return self._adapter().uri(_check_name(name) if name else "")

    def write(self, name: str, data: bytes) -> None:
        """Write bytes under a relative name, whole or not at all. Raises ``DocumentError`` with a storage cause."""
        self._adapter().write(_check_name(name), data)

    def read(self, name: str) -> bytes:
        """Read the bytes under a name. Raises ``DocumentError`` with a storage cause."""
        return self._adapter().read(_check_name(name))

    def delete(self, name: str) -> None:
        """Remove a name, or everything below it when it ends in ``/``. A name that does not exist is no error."""
        self._adapter().delete(_check_name(name))

    def names(self, below: str = "") -> Iterable[str]:
        """Return all relative names that begin with ``below``, by one fresh listing."""
        return self._adapter().names(_check_name(below) if below else "")

    def sizes(self, below: str = "") -> Iterable[tuple[str, int | None]]:
        """Return the same names, each with the length of its file; ``None`` where a storage does not tell it."""
        return self._adapter().sizes(_check_name(below) if below else "")

    @property
    def _all_options(self) -> Mapping[str, object]:
        return self.options if self.filesystem is None else {"filesystem": self.filesystem}

    def _adapter(self) -> "LocalStorage | RemoteStorage":
        if self.is_local:
            return LocalStorage(root=self.url, durability=self.durability)
        from pdfbatch.storage.remote import RemoteStorage  # noqa: PLC0415 (loads tenacity and fsspec, which a local folder does not need)

        return RemoteStorage(
            url=self.url, options=self.options, filesystem=self.filesystem, retry=self.retry, seconds=self.seconds
        )


def _local_path(url: str) -> str | None:
    if is_file_url(url):
        return path_of_file_url(url)
    return None if "://" in url else url


def _check_name(name: str) -> str:
    """Return the name. Raises ``ValueError`` when it could lead out of the root, which names made by ``output_key`` cannot."""
    parts = name.removesuffix("/").split("/")
    if any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts):
        raise ValueError(f"Not a name below the output: {name!r}")
    return name
