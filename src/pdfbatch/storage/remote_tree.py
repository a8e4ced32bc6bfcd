"""List what is below a URL: a prefix of an object store, a folder in an archive."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from pdfbatch.settings import RetryPolicy
from pdfbatch.storage import s3listing
from pdfbatch.storage.calls import BoundedFileSystem, CallPolicy, Location
from pdfbatch.storage.fingerprints import Fingerprint
from pdfbatch.storage.fsspec import REQUEST_RETRY, Options, lists_versions
from pdfbatch.storage.s3listing import ListingPage
from pdfbatch.storage.tree import Listed

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RemoteTree:
    """What is below a folder ``root`` of a URL ``protocol://root::archive``: one request lists a folder, or a page of it on S3.

    Listings raise ``DocumentError`` once the tries of ``retry`` are used up, ``DependencyError`` without the package.
    """

    protocol: str
    root: str
    archive: str = ""
    options: Options = field(default_factory=dict[str, object], repr=False)
    retry: RetryPolicy = REQUEST_RETRY

    def address(self, path: str) -> str:
        """Return the URL of a path below the root."""
        parts = (self.root.rstrip("/"), path) if self.root.strip("/") else (self.root + path,)
        return f"{self.protocol}://{'/'.join(part for part in parts if part)}{self.archive}"

    def scan(self, folder: str) -> Iterator[Sequence[Listed]]:
        """Yield the names in a folder, page by page."""
        return s3listing.runs(partial(self._read_page, folder))

    def identity(self, folder: str) -> object:
        """Return the path itself, because links of remote systems are not followed."""
        return folder

    def is_folder(self) -> bool:
        """Return whether the root is a folder, or the beginning of other names."""
        return self._call("", _is_folder)

    def is_file(self) -> bool:
        """Return whether the root is a single object."""
        return self._call("", lambda filesystem, path: filesystem.exists(path) and not _is_folder(filesystem, path))

    def _read_page(self, folder: str, token: str, most: int) -> ListingPage:
        return self._call(folder, partial(_read_page, token=token, most=most))

    def _call(self, folder: str, function: Callable[[BoundedFileSystem, str], T]) -> T:
        return CallPolicy(retry=self.retry).call(Location(self.address(folder), self.options), function)


def _read_page(filesystem: BoundedFileSystem, path: str, token: str, most: int) -> ListingPage:
    """Return some of the entries of a folder; all of them where listings have no pages."""
    if s3listing.has_pages(filesystem, path):
        return s3listing.page(filesystem, path, token, most)
    return ListingPage(_list_folder(filesystem, path))


def _is_folder(filesystem: BoundedFileSystem, path: str) -> bool:
    return s3listing.is_folder(filesystem, path) if s3listing.has_pages(filesystem, path) else filesystem.isdir(path)


def _list_folder(filesystem: BoundedFileSystem, path: str) -> list[Listed]:
    """Return the entries of a folder, without the folder itself, which an object store may list among them."""
    tells_version = lists_versions(filesystem)
    return [
        (name.rpartition("/")[2], is_folder, Fingerprint.of_info(info) if tells_version and not is_folder else None)
        for info in filesystem.ls(path, detail=True)
        for name, is_folder in [(str(info["name"]).strip("/"), info.get("type") == "directory")]
        if name != path.strip("/")
    ]
