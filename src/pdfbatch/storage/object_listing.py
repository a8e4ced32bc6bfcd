"""List object stores page by page, so that a bucket with any number of objects gives its first names at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter

from pdfbatch.storage.calls import BoundedFileSystem, CallPolicy, Location
from pdfbatch.storage.fingerprints import Fingerprint
from pdfbatch.storage.object_store import ObjectStore, is_given_up
from pdfbatch.storage.threads import run_in_thread

Names = Sequence[tuple[str, Fingerprint]]

_NAMES_TOGETHER = 1000


def is_object_listing(location: Location, policy: CallPolicy) -> bool:
    """Return whether ``list_objects`` is the way to list a location: below it there are keys, and no folders."""
    if is_given_up(location.url):  # for a key without a name in obstore, perhaps, which no folder shows
        return True
    return policy.call(location, lambda filesystem, _: isinstance(filesystem.inner, ObjectStore))


def list_objects(location: Location, policy: CallPolicy, *, after: str = "", is_exact: bool = False) -> Iterator[Names]:
    """Yield the objects below a location, by their path from there, in the order of their keys, page by page.

    Only those that come ``after`` a name. ``is_exact`` leaves out keys that stand for folders. The next page is asked for
    while the last quarter of one is gone through. A page that fails is asked for again; when a bucket turns out to be one for
    fsspec, fsspec lists the rest of it, as a whole.
    """
    listing = _Listing(after, is_exact)
    page = policy.call(location, listing.read_page)
    while page:
        early = len(page) * 3 // 4
        yield page[:early]
        following = run_in_thread(partial(policy.call, location, listing.read_page))
        yield page[early:]
        page = following.result()


def list_page(location: Location, policy: CallPolicy, *, after: str = "") -> Names:
    """Return the first objects below a location that come ``after`` a name, as many as one request gives."""
    return policy.call(location, _Listing(after, is_exact=True).read_page)


@dataclass(slots=True)
class _Listing:
    """How far a listing has come."""

    after: str
    is_exact: bool
    pages: Iterator[Names] | None = None

    def read_page(self, filesystem: BoundedFileSystem, path: str) -> Names:
        """Return the names of the next page; none when it was the last. After an error the same page comes again."""
        if self.pages is None:
            self.pages = self._open(filesystem, path)
        pages = self.pages
        try:
            page = filesystem.read_page(pages)
        except BaseException:
            self.pages = None
            raise
        if page:
            self.after = page[-1][0]
        return page

    def _open(self, filesystem: BoundedFileSystem, path: str) -> Iterator[Names]:
        if isinstance(filesystem.inner, ObjectStore):
            return filesystem.inner.list_pages(path, self.after, is_exact=self.is_exact)
        return self._rest(filesystem.find_details(path), path)

    def _rest(self, found: Mapping[str, Mapping[str, object]], path: str) -> Iterator[Names]:
        root, after = path.strip("/"), self.after.encode()
        names = [(name.strip("/")[len(root) :].lstrip("/"), info) for name, info in found.items() if name[-1:] != "/"]
        rest = sorted(
            ((name.encode(), name, info) for name, info in names if name and name.encode() > after), key=itemgetter(0)
        )
        for start in range(0, len(rest), _NAMES_TOGETHER):
            yield [(name, Fingerprint.of_info(info)) for _, name, info in rest[start : start + _NAMES_TOGETHER]]
