"""Write to any file system that fsspec can reach."""

import glob
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING, TypeVar, cast

from pdfbatch.common import without_credentials
from pdfbatch.errors import DocumentError, OutputError, UsageError
from pdfbatch.settings import RetryPolicy
from pdfbatch.storage.bodies import MemoryBody
from pdfbatch.storage.calls import BoundedFileSystem, CallPolicy, Location
from pdfbatch.storage.fingerprints import Fingerprint
from pdfbatch.storage.fsspec import DEADLINE_SECONDS, REQUEST_RETRY, FileSystem, is_object_store, is_s3
from pdfbatch.storage.object_listing import is_object_listing, list_objects
from pdfbatch.storage.object_store import ObjectStore
from pdfbatch.storage.temporary_names import PREFIX, is_abandoned, is_ours, temporary_name
from pdfbatch.storage.threads import run_in_thread

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

T = TypeVar("T")

_NO_LIMIT = 1 << 62

# s3fs splits a larger write into parts, which a kill would leave behind; one PUT takes up to 5 GB.
_ONE_PUT = {"chunksize": 5 << 30}
# s3fs would ask for the size first, to fetch parts of a large object concurrently; no file of an output is so large.
_ONE_GET = {"max_concurrency": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteStorage:
    """A URL. ``pdfbatch.ports.Output`` says what its methods promise; ``Storage`` has checked the names.

    It holds no connection: each call asks fsspec, which keeps one file system for each process and set of options.
    """

    url: str
    options: Mapping[str, object] = field(default_factory=dict[str, object], repr=False)
    filesystem: "AbstractFileSystem | None" = field(default=None, repr=False)
    retry: RetryPolicy = REQUEST_RETRY
    seconds: float = DEADLINE_SECONDS

    def check(self) -> None:
        """Make the folder where there are folders, write a probe and remove it, and sweep. Raises ``OutputError``."""
        probe = temporary_name()
        try:
            self._call("", _make_root)
            self.write(probe, b"pdfbatch")
        except (DocumentError, UsageError) as error:
            raise OutputError(
                f"The output {without_credentials(self.url)} cannot be written: {_without_probe(error, probe)}"
            ) from error
        sweeping = run_in_thread(self.sweep)  # concurrently: each takes at least one round trip
        with suppress(DocumentError):  # a caller who may write need not be allowed to delete, or to list
            self.delete(probe)
        with suppress(DocumentError):
            sweeping.result()

    def uri(self, name: str) -> str:
        """Return the URL of a name, without credentials."""
        return f"{without_credentials(self.url).rstrip('/')}/{name}"

    def write(self, name: str, data: bytes) -> None:
        """Write by one PUT, or under a temporary name and a rename where a file appears before it is whole."""
        self._call(name, lambda filesystem, path: _put(filesystem, path, data), size_bytes=len(data))

    def read(self, name: str) -> bytes:
        """Read the bytes under a name."""
        return self._call(name, _read)

    def delete(self, name: str) -> None:
        """Remove a name, or all that is below it when it ends in ``/``."""
        self._call(name, _remove_below if name.endswith("/") else _remove)

    def names(self, below: str = "") -> Iterator[str]:
        """Yield relative names that begin with ``below``, by one fresh listing, without those of files being written.

        An object store is listed page by page, so that no output is too large to be listed.
        """
        return (name for name, _ in self.sizes(below))

    def sizes(self, below: str = "") -> Iterator[tuple[str, int | None]]:
        """Yield the same names with the lengths of the files, which the listing tells."""
        found = self._list(below.rpartition("/")[0])
        return ((name, size) for name, size in found if name.startswith(below) and not is_ours(name.rpartition("/")[2]))

    def sweep(self) -> int:
        """Remove what dead writers on this host left behind, and return how many files that were.

        On an object store only probes can be left. Their names come early in a listing, so that it ends with the first other
        one; object stores that fsspec lists are not searched, because that would list the whole output.
        """
        if self._has_object_listing():
            below = list_objects(self._location(""), self._policy, after=PREFIX)
            names = (name for page in below for name, _ in page)
            stale = list(takewhile(is_ours, names))
        elif self._call("", lambda filesystem, _: is_object_store(filesystem)):
            return 0
        else:
            stale = [name for name, _ in self._list("")]
        stale = [name for name in stale if is_abandoned(name.rpartition("/")[2])]
        for name in stale:
            self.delete(name)
        return len(stale)

    def _list(self, folder: str) -> Iterator[tuple[str, int | None]]:
        """Yield every name below a folder, relative to the root, and the length of the file."""
        prefix = f"{folder}/" if folder else ""
        if self._has_object_listing():
            pages = list_objects(self._location(folder), self._policy)
            return ((prefix + name, found.size_bytes) for page in pages for name, found in page)
        return ((prefix + name, size) for name, size in self._call(folder, _find))

    def _has_object_listing(self) -> bool:
        return is_object_listing(self._location(""), self._policy)

    @property
    def _policy(self) -> CallPolicy:
        return CallPolicy(retry=self.retry, seconds=self.seconds)

    def _location(self, name: str) -> Location:
        return Location(self.url, self.options, cast("FileSystem | None", self.filesystem), name.rstrip("/"))

    def _call(self, name: str, function: Callable[[BoundedFileSystem, str], T], *, size_bytes: int = 0) -> T:
        return self._policy.call(self._location(name), function, size_bytes=size_bytes)


def _read(filesystem: BoundedFileSystem, path: str) -> bytes:
    if isinstance(filesystem.inner, ObjectStore):
        body = MemoryBody()
        filesystem.read_body(path, 0, None, body, _NO_LIMIT)  # which takes as long as bytes come
        return body.getvalue()
    return filesystem.cat_file(path, **(_ONE_GET if is_s3(filesystem.inner) else {}))


def _put(filesystem: FileSystem, path: str, data: bytes) -> None:
    if is_object_store(filesystem):
        filesystem.pipe_file(path, data, **(_ONE_PUT if is_s3(filesystem) else {}))
        return
    try:
        _write_and_rename(filesystem, path, data)
    except FileNotFoundError:  # the folder does not exist yet
        filesystem.makedirs(_folder(path), exist_ok=True)
        _write_and_rename(filesystem, path, data)


def _write_and_rename(filesystem: FileSystem, path: str, data: bytes) -> None:
    temporary = f"{_folder(path)}/{temporary_name()}"
    try:
        filesystem.pipe_file(temporary, data)
        filesystem.mv(temporary, path)
    except BaseException:
        with suppress(Exception):
            filesystem.rm_file(temporary)
        raise


def _make_root(filesystem: FileSystem, path: str) -> None:
    if not is_object_store(filesystem):  # there a missing bucket is an error, a missing folder is not
        filesystem.makedirs(path, exist_ok=True)


def _remove(filesystem: FileSystem, path: str) -> None:
    with suppress(FileNotFoundError):
        filesystem.rm_file(path)


def _remove_below(filesystem: BoundedFileSystem, path: str) -> None:
    if isinstance(filesystem.inner, ObjectStore) or not glob.has_magic(path):
        with suppress(FileNotFoundError):
            filesystem.rm(path, recursive=True)
        return
    for name in filesystem.find_details(
        path
    ):  # ``rm`` would take the path for a pattern, and remove what else it matches
        _remove(filesystem, name)


def _find(filesystem: BoundedFileSystem, path: str) -> list[tuple[str, int | None]]:
    """Return all files below a folder, by their path from there, with their lengths."""
    filesystem.invalidate_cache(path)
    root = path.strip("/")
    try:
        found = filesystem.find_details(path)
    except FileNotFoundError:
        return []
    return [
        (name.strip("/")[len(root) :].lstrip("/"), Fingerprint.of_info(info).size_bytes) for name, info in found.items()
    ]


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _without_probe(error: Exception, probe: str) -> str:
    """Return what an error says, without the name of a file that only we know."""
    return str(error).replace(f"/{probe}", "").replace(probe, "a file")
