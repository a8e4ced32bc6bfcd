"""List what is below a URL: a prefix of an object store, a folder in an archive."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TypeVar

from pdfbatch.common import SafeLogger
from pdfbatch.errors import Cause, DocumentError
from pdfbatch.settings import RetryPolicy
from pdfbatch.storage.calls import BoundedFileSystem, CallPolicy, Location
from pdfbatch.storage.fingerprints import Fingerprint
from pdfbatch.storage.fsspec import REQUEST_RETRY, Options, lists_versions
from pdfbatch.storage.object_listing import Names, is_object_listing, list_objects
from pdfbatch.storage.tree import Listed

T = TypeVar("T")

log: SafeLogger = SafeLogger(__name__)


@dataclass(frozen=True, slots=True)
class RemoteTree:
    """What is below a folder ``root`` of a URL ``protocol://root::archive``.

    It is listed as a whole where a storage is one of objects, else by one request for each folder.

    Listings raise ``DocumentError`` once the tries of ``retry`` are used up, ``DependencyError`` without the package.
    """

    protocol: str
    root: str
    archive: str = ""
    options: Options = field(default_factory=dict[str, object], repr=False)
    retry: RetryPolicy = REQUEST_RETRY
    begun: Iterator[Names] | None = field(default=None, repr=False, compare=False)

    def begin(self) -> "RemoteTree | None":
        """Ask for the first files, and return a tree to be walked once, which has them already.

        ``None`` where none are there, or the storage lists folder by folder.
        """
        files = self.files()
        try:
            first = None if files is None else next(files, None)
        except DocumentError as error:
            if error.cause is Cause.STORAGE_NOT_FOUND:
                return None
            raise
        return None if files is None or first is None else replace(self, begun=chain((first,), files))

    def address(self, path: str) -> str:
        """Return the URL of a path below the root."""
        parts = (self.root.rstrip("/"), path) if self.root.strip("/") else (self.root + path,)
        return f"{self.protocol}://{'/'.join(part for part in parts if part)}{self.archive}"

    def scan(self, folder: str) -> Iterator[Sequence[Listed]]:
        """Yield the names in a folder."""
        yield self._call(folder, _list_folder)

    def files(self, after: str = "") -> Iterator[Names] | None:
        """Return all files below the root, page by page, in the order of their paths, from ``after`` a path on.

        ``None`` where the storage lists folder by folder.
        """
        if self.begun is not None and not after:
            return self.begun
        location, policy = Location(self.address(""), self.options), CallPolicy(retry=self.retry)
        if not after and not is_object_listing(location, policy):  # once begun that way, it goes on that way
            return None
        return list_objects(location, policy, after=after, is_exact=True)

    def identity(self, folder: str) -> object:
        """Return the path itself, because links of remote systems are not followed."""
        return folder

    def is_folder(self) -> bool:
        """Return whether the root is a folder, or the beginning of other names."""
        return self._call("", lambda filesystem, path: filesystem.isdir(path))

    def is_file(self) -> bool:
        """Return whether the root is a single object."""
        return self._call("", lambda filesystem, path: filesystem.is_file(path))

    def _call(self, folder: str, function: Callable[[BoundedFileSystem, str], T]) -> T:
        return CallPolicy(retry=self.retry).call(Location(self.address(folder), self.options), function)


def _list_folder(filesystem: BoundedFileSystem, path: str) -> list[Listed]:
    """Return the entries of a folder, without the folder itself, which an object store may list among them."""
    tells_version = lists_versions(filesystem.inner)
    names: list[Listed] = []
    for info in filesystem.ls(path, detail=True):
        name, is_folder = str(info["name"]), info.get("type") == "directory"
        if name.strip("/") != path.strip("/"):
            found = Fingerprint.of_info(info) if tells_version and not is_folder else None
            names.append((name.strip("/").rpartition("/")[2], is_folder, found))
        elif is_folder and name.endswith("/"):
            log.warning(
                "%s: keys with an empty name between two slashes are not looked at", filesystem.unstrip_protocol(name)
            )
    return names
