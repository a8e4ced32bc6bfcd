"""Finding documents below a URL: prefixes, folders in archives, glob patterns."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from pdfbatch import fingerprints
from pdfbatch.filesystem import REQUEST_RETRY, FileSystem, Options, lists_versions
from pdfbatch.listing import Listed
from pdfbatch.remotecalls import Target, Terms
from pdfbatch.settings import RetryPolicy

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RemoteTree:
    """What is below a folder ``root`` of a URL ``protocol://root::archive``, one listing for each folder.

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

    def scan(self, folder: str) -> Iterator[Listed]:
        """The names in a folder."""
        return iter(self._call(folder, _names))

    def identity(self, folder: str) -> object:
        """Its path: links of remote systems are not followed."""
        return folder

    def is_folder(self) -> bool:
        """Whether the root is a folder, or the beginning of other names."""
        return self._call("", lambda filesystem, path: filesystem.isdir(path))

    def is_file(self) -> bool:
        """Whether the root is a single object."""
        return self._call("", lambda filesystem, path: filesystem.exists(path) and not filesystem.isdir(path))

    def _call(self, folder: str, function: Callable[[FileSystem, str], T]) -> T:
        return Terms(retry=self.retry).called(Target(self.address(folder), self.options), function)


def _names(filesystem: FileSystem, path: str) -> list[Listed]:
    """The entries of a folder; an object store may list the folder itself among them."""
    tells_version = lists_versions(filesystem)
    return [
        (name.rpartition("/")[2], is_folder, fingerprints.of_info(info) if tells_version and not is_folder else None)
        for info in filesystem.ls(path, detail=True)
        for name, is_folder in [(str(info["name"]).strip("/"), info.get("type") == "directory")]
        if name != path.strip("/")
    ]
