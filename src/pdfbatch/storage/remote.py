"""Write to any file system that fsspec can reach."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast

from pdfbatch.common import without_credentials
from pdfbatch.errors import DocumentError, OutputError, UsageError
from pdfbatch.settings import RetryPolicy
from pdfbatch.storage import s3listing
from pdfbatch.storage.calls import BoundedFileSystem, CallPolicy, Location, run_in_thread
from pdfbatch.storage.fsspec import DEADLINE_SECONDS, REQUEST_RETRY, FileSystem, is_object_store, is_s3
from pdfbatch.storage.s3listing import ListingPage
from pdfbatch.storage.temporary_names import PREFIX, is_abandoned, is_ours, temporary_name

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

T = TypeVar("T")

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
            raise OutputError(f"The output {without_credentials(self.url)} cannot be written: {error}") from error
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

        On S3 the listing is read page by page, so that no output is too large to be listed.
        """
        found = self._list(below.rpartition("/")[0])
        return (name for name in found if name.startswith(below) and not is_ours(name.rpartition("/")[2]))

    def sweep(self) -> int:
        """Remove what dead writers on this host left behind, and return how many files that were.

        On an object store only probes can be left. S3 is asked for names that begin as theirs do; other object stores are
        not searched, because they would have to list the whole output.
        """
        if self._call("", _is_never_swept):
            return 0
        stale = [name for name in self._list("", PREFIX) if is_abandoned(name.rpartition("/")[2])]
        for name in stale:
            self.delete(name)
        return len(stale)

    def _list(self, folder: str, beginning: str = "") -> Iterator[str]:
        """Yield every name below a folder, relative to the root; where listings have pages, only those with that beginning."""
        prefix = f"{folder}/" if folder else ""
        read_page = partial(self._read_page, folder, beginning)
        return (prefix + name for run in s3listing.runs(read_page) for name, _, _ in run)

    def _read_page(self, folder: str, beginning: str, token: str, most: int) -> ListingPage:
        return self._call(folder, partial(_read_page, token=token, most=most, beginning=beginning))

    def _call(self, name: str, function: Callable[[BoundedFileSystem, str], T], *, size_bytes: int = 0) -> T:
        filesystem = cast("FileSystem | None", self.filesystem)
        location = Location(self.url, self.options, filesystem, name.rstrip("/"))
        return CallPolicy(retry=self.retry, seconds=self.seconds).call(location, function, size_bytes=size_bytes)


def _read(filesystem: FileSystem, path: str) -> bytes:
    return filesystem.cat_file(path, **(_ONE_GET if is_s3(filesystem) else {}))


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


def _is_never_swept(filesystem: BoundedFileSystem, path: str) -> bool:
    return is_object_store(filesystem) and not s3listing.has_pages(filesystem, path)


def _remove(filesystem: FileSystem, path: str) -> None:
    with suppress(FileNotFoundError):
        filesystem.rm_file(path)


def _remove_below(filesystem: FileSystem, path: str) -> None:
    with suppress(FileNotFoundError):
        filesystem.rm(path, recursive=True)


def _read_page(filesystem: BoundedFileSystem, path: str, token: str, most: int, beginning: str) -> ListingPage:
    """Return some of the files below a folder; all of them where listings have no pages."""
    if s3listing.has_pages(filesystem, path):
        return s3listing.page_below(filesystem, path, token, most, beginning)
    filesystem.invalidate_cache(path)
    root = path.strip("/")
    try:
        found = filesystem.find(path)
    except FileNotFoundError:
        return ListingPage([])
    return ListingPage([(name.strip("/")[len(root) :].lstrip("/"), False, None) for name in found])


def _folder(path: str) -> str:
    return path.rpartition("/")[0]
