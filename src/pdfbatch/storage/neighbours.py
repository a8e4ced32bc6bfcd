"""Learn versions of objects that were named one by one from listings: one request for hundreds, as for a prefix."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from pdfbatch.errors import DocumentError
from pdfbatch.model import Document
from pdfbatch.storage.calls import CallPolicy, Location
from pdfbatch.storage.fingerprints import Fingerprint
from pdfbatch.storage.fsspec import protocol_of
from pdfbatch.storage.object_listing import is_object_listing, list_page
from pdfbatch.storage.object_store import is_given_up
from pdfbatch.storage.object_store_options import STORES
from pdfbatch.storage.remote_documents import options_of, url_of

_ASKED_SINGLY = 8
"""So many objects of a folder are asked for one by one, before a listing may be worth its request."""
_MAX_DOUBLED = 10
_MAX_FOLDERS, _MAX_FOUND = 64, 20_000


@dataclass(slots=True)
class _Folder:
    """What is known of a folder: versions by name, and how many were asked for since the last listing, and found in it."""

    location: Location
    lock: threading.Lock = field(default_factory=threading.Lock)
    found: dict[str, Fingerprint] = field(default_factory=dict[str, Fingerprint])
    missed: int = 0
    hits: int = 0
    doubled: int = 0
    was_listed: bool = False


@dataclass(slots=True, kw_only=True)
class NeighbourVersions:
    """Versions of objects, from listings of their folders. Usable from several threads.

    A folder is listed when some of its objects have been asked for, later from an object on. Where a listing tells of few
    that are asked for, because they are few among many, ever more are asked for singly before the next.
    """

    policy: CallPolicy
    _folders: dict[str, _Folder | None] = field(default_factory=dict[str, "_Folder | None"])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, document: Document) -> Fingerprint | None:
        """Return the version of a document; ``None`` where it has to be asked for by itself."""
        url = url_of(document)
        address, _, name = url.rpartition("/")
        if "::" in url or not name or protocol_of(url) not in STORES:
            return None
        folder = self._folder(f"{address}/", options_of(document))
        if folder is None or folder.location.options != options_of(document):
            return None
        with folder.lock:  # others wait for the listing, which takes no longer than a request of their own
            if (known := folder.found.pop(name, None)) is not None:
                folder.hits += 1
                return known
            folder.missed += 1
            if folder.missed < _ASKED_SINGLY << folder.doubled:
                return None
            self._list(folder, name)
            return folder.found.pop(name, None)

    def _folder(self, address: str, options: Mapping[str, object]) -> _Folder | None:
        with self._lock:
            if address not in self._folders:
                if len(self._folders) >= _MAX_FOLDERS:
                    del self._folders[next(iter(self._folders))]
                location = Location(address, options)
                try:
                    is_listed = is_object_listing(location, self.policy) and not is_given_up(address)
                except DocumentError:
                    is_listed = False
                self._folders[address] = _Folder(location) if is_listed else None
            return self._folders[address]

    def _list(self, folder: _Folder, name: str) -> None:
        """List a page of a folder: the first, which may be all of it, or the one that begins with a name."""
        after = name[:-1] if folder.was_listed else ""
        if folder.was_listed:
            worth = folder.hits >= _ASKED_SINGLY
            folder.doubled = 0 if worth else min(folder.doubled + 1, _MAX_DOUBLED)
        folder.was_listed, folder.hits = True, 0
        # After a listing that was of use the next one comes at once: one that goes through the folder has come to its end.
        folder.missed = (_ASKED_SINGLY << folder.doubled) - 1 if folder.doubled == 0 else 0
        if len(folder.found) > _MAX_FOUND:
            folder.found.clear()
        try:
            folder.found.update(list_page(folder.location, self.policy, after=after))
        except DocumentError:  # it may be read and not listed
            folder.doubled, folder.missed = _MAX_DOUBLED, 0
