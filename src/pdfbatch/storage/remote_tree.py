"""Finding documents below a URL: prefixes, folders in archives, glob patterns."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from pdfbatch.settings import RetryPolicy
from pdfbatch.storage import fingerprints, s3listing
from pdfbatch.storage.calls import BoundedFileSystem, CallPolicy, Location
from pdfbatch.storage.fsspec import REQUEST_RETRY, Options, lists_versions
from pdfbatch.storage.s3listing import Page
from pdfbatch.storage.tree import Listed

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RemoteTree:
    """What is below a folder ``root`` of a URL ``protocol://root::archive``, one listing for each folder; of S3, one for each
    page of it.

    Listings raise ``DocumentError`` once the tries of ``retry`` are used up, ``DependencyError`` without the package.
    """

    protocol: str
    root: str
    archive: str = ""
    options: Options = field(default_factory=dict[str, object], repr=False)
    retry: RetryPolicy = REQUEST_RETRY

    def address(self, path: str) -> str:
        """The URL of a path below the root."""
        parts = (self.root.rstrip("/"), path) if self.root.strip("/") else (self.root + path,)
        return f"{self.protocol}://{'/'.join(part for part in parts if part)}{self.archive}"

    def scan(self, folder: str) -> Iterator[Sequence[Listed]]:
        """The names in a folder, page by page."""
        return s3listing.runs(partial(self._page, folder))

    def identity(self, folder: str) -> object:
        """Its path: links of remote systems are not followed."""
        return folder

    def is_folder(self) -> bool:
        """Whether the root is a folder, or the beginning of other names."""
        return self._call("", _is_folder)

    def is_file(self) -> bool:
        """Whether the root is a single object."""
        return self._call("", lambda filesystem, path: filesystem.exists(path) and not _is_folder(filesystem, path))

    def _page(self, folder: str, token: str, most: int) -> Page:
        return self._call(folder, partial(_page, token=token, most=most))

    def _call(self, folder: str, function: Callable[[BoundedFileSystem, str], T]) -> T:
        return CallPolicy(retry=self.retry).called(Location(self.address(folder), self.options), function)


def _page(filesystem: BoundedFileSystem, path: str, token: str, most: int) -> Page:
    """Some entries of a folder; all of them where there are no pages."""
    if s3listing.has_pages(filesystem, path):
        return s3listing.page(filesystem, path, token, most)
    return Page(_names(filesystem, path))


def _is_folder(filesystem: BoundedFileSystem, path: str) -> bool:
    return s3listing.is_folder(filesystem, path) if s3listing.has_pages(filesystem, path) else filesystem.isdir(path)


def _names(filesystem: BoundedFileSystem, path: str) -> list[Listed]:
    """The entries of a folder; an object store may list the folder itself among them."""
    tells_version = lists_versions(filesystem)
    return [
        (name.rpartition("/")[2], is_folder, fingerprints.of_info(info) if tells_version and not is_folder else None)
        for info in filesystem.ls(path, detail=True)
        for name, is_folder in [(str(info["name"]).strip("/"), info.get("type") == "directory")]
        if name != path.strip("/")
    ]
