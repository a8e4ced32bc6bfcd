"""Where text goes: a local folder, or any URL that fsspec can reach."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from pdfbatch.ports import Locality
from pdfbatch.settings import RetryPolicy
from pdfbatch.storage.errors import redacted
from pdfbatch.storage.fsspec import DEADLINE_SECONDS, REQUEST_RETRY, FileSystem, is_process_local, load_for, protocols
from pdfbatch.storage.local import Flush, LocalStorage

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

    from pdfbatch.storage.remote import RemoteStorage


@dataclass(frozen=True, slots=True, repr=False)
class Storage:
    """An output: a local path (``out/``, ``file:///out``) or an fsspec URL (``s3://bucket/text``) with its options.

    ``options`` go to fsspec as they are (``{"key": ..., "secret": ..., "endpoint_url": ...}``); they appear in no
    representation, message or log, but they do travel in a pickle, as a worker needs them. ``filesystem`` is used instead
    when it is given; ``url`` then is a path on it. It is pickled as fsspec does it, by its class and options, and opened
    anew in the worker, never with its connections.

    ``retry`` bounds tries and waits of one remote call (nine tries by default), ``seconds`` all of them together; a write
    has a second more for each MiB. What exceeds them fails as ``storage_unavailable``. A local call is not repeated.

    ``flush``: ``"always"`` brings each local file to the disk before it gets its name, so that a power failure leaves it
    whole or absent, for some milliseconds of waiting a file; ``"never"`` promises that for a killed process only.
    """

    url: str
    options: Mapping[str, object] = field(default_factory=dict[str, object], hash=False)
    filesystem: "AbstractFileSystem | None" = None
    retry: RetryPolicy = field(default=REQUEST_RETRY, kw_only=True)
    seconds: float = field(default=DEADLINE_SECONDS, kw_only=True)
    flush: Flush = field(default="always", kw_only=True)

    def __post_init__(self) -> None:
        """Make a local path absolute: a worker may have another working directory."""
        url = os.fspath(self.url)
        if self.filesystem is None and (path := _local_path(url)) is not None:
            url = os.path.abspath(os.path.expanduser(path))
        object.__setattr__(self, "url", url)

    def __repr__(self) -> str:
        return f"Storage({redacted(self.url)!r})"

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of this machine."""
        return self.filesystem is None and _local_path(self.url) is not None

    @property
    def locality(self) -> Locality:
        """This machine for a folder, this process for ``memory://`` (workers must then be threads), else remote."""
        if self.is_local:
            return Locality.MACHINE
        if self.filesystem is not None:
            in_memory = "memory" in protocols(cast("FileSystem", self.filesystem))
        else:
            in_memory = is_process_local(self.url)
        return Locality.PROCESS if in_memory else Locality.REMOTE

    def load(self) -> None:
        """Import what reaches the place (for S3 that takes half a second), and do not reach for it.

        Raises ``DependencyError`` when the package for the URL's protocol is not installed or the protocol is unknown.
        """
        if not self.is_local:
            self._place()
            load_for(self.url)

    def check(self) -> None:
        """Make the place, write a probe and remove it, and sweep what killed writers left there.

        Raises ``OutputError`` naming the place and the reason: not a folder, read-only, no such bucket, access denied,
        package not installed.
        """
        self._place().check()

    def sweep(self) -> int:
        """Remove temporary files that killed writers left behind, and return how many. Call it before a batch."""
        return self._place().sweep()

    def uri(self, name: str) -> str:
        """The full address of a name, without secrets; of the place itself for an empty one."""
        return self._place().uri(_checked(name) if name else "")

    def write(self, name: str, data: bytes) -> None:
        """Store bytes under a relative name, whole or not at all. Raises ``DocumentError`` with a storage cause."""
        self._place().write(_checked(name), data)

    def read(self, name: str) -> bytes:
        """The bytes under a name. Raises ``DocumentError`` with a storage cause."""
        return self._place().read(_checked(name))

    def delete(self, name: str) -> None:
        """Remove a name, or everything below it when it ends in ``/``; what is not there is fine."""
        self._place().delete(_checked(name))

    def names(self, below: str = "") -> Iterable[str]:
        """All relative names that begin with ``below``, as they are now, by one listing."""
        return self._place().names(_checked(below) if below else "")

    def _place(self) -> "LocalStorage | RemoteStorage":
        if self.is_local:
            return LocalStorage(root=self.url, flush=self.flush)
        from pdfbatch.storage.remote import RemoteStorage  # noqa: PLC0415 (tenacity and fsspec, which a folder spares)

        return RemoteStorage(
            url=self.url, options=self.options, filesystem=self.filesystem, retry=self.retry, seconds=self.seconds
        )


def _local_path(url: str) -> str | None:
    if url.lower().startswith("file://"):
        return url[len("file://") :]
    return None if "://" in url else url


def _checked(name: str) -> str:
    """The name, if it stays below the root: keys do, so this is a second lock."""
    parts = name.removesuffix("/").split("/")
    if any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts):
        raise ValueError(f"Not a name below the output: {name!r}")
    return name
