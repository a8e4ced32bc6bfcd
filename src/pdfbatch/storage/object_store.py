"""Reach S3, Google Cloud Storage and Azure Blob Storage through obstore, a native client, where its settings are known.

``pdfbatch.storage.object_store_options`` maps the options of fsspec's libraries to those settings. What cannot be mapped, and
what obstore cannot name or reach, goes through fsspec.

obstore's threads do not survive a fork. So a store is made in the process that uses it, and a fork of a process that has used
one goes through fsspec.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pdfbatch.common import SafeLogger
from pdfbatch.storage.fingerprints import Fingerprint
from pdfbatch.storage.object_store_errors import NotForObstoreError, ObjectStoreError, translate_error
from pdfbatch.storage.object_store_network import UnmappableError
from pdfbatch.storage.object_store_options import (
    STORES,
    StoreSettings,
    environment_marks,
    map_options,
    split_store_url,
)
from pdfbatch.storage.threads import run_in_thread

if TYPE_CHECKING:
    from obstore import GetResult
    from obstore.store import AzureStore, GCSStore, S3Store

    Store = AzureStore | GCSStore | S3Store

T = TypeVar("T")

log: SafeLogger = SafeLogger(__name__)

# S3 sends so many names at one time. Half of them are handed on together: the next request is made before they are used up.
_NAMES_TOGETHER = 500
# A connection that sends nothing is closed after this share of the deadline, so that another one can be tried.
_SILENCE = 1 / 3
_CONNECT_SECONDS = 5.0
# A deadline is kept to that; and no client is made for less than this.
_CLOSE_SECONDS = 0.5
_SHORTEST_SECONDS = 0.25
_MIB = 1 << 20
# A body of so many bytes comes as one piece.
_WHOLE_BYTES = _MIB + 1
_LARGEST_PUT_BYTES = 5 << 30
# What obstore refuses as a path, or reads as another one.
_ODD_KEY = re.compile(r"[\0-\x1f\x7f]|//|(?:^|/)\.{1,2}(?:/|$)|^/|\?(?:versionId|versionid|generation)=|#\d+$")


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """A bucket, with those methods of fsspec's file systems that are used of an object store. Paths are ``bucket/key``.

    Nothing is tried twice here. A call ends by itself some time after ``seconds``; whoever cannot wait for it leaves it alone.
    """

    protocol: str
    bucket: str
    settings: StoreSettings = field(repr=False)
    seconds: float
    _stores: dict[int, "Store"] = field(default_factory=dict[int, "Store"], repr=False, compare=False)
    _shorter: dict[float, "ObjectStore"] = field(default_factory=dict[float, "ObjectStore"], repr=False, compare=False)

    def within(self, seconds: float) -> "ObjectStore":
        """Return this store with a deadline that is not longer than ``seconds``: its own, or that of a half, a quarter ..."""
        shorter = self.seconds
        while shorter > seconds + _CLOSE_SECONDS and shorter > _SHORTEST_SECONDS:
            shorter /= 2
        if shorter == self.seconds:
            return self
        return self._shorter.setdefault(shorter, replace(self, seconds=shorter, _stores={}, _shorter={}))

    def info(self, path: str) -> dict[str, object]:
        """Return the facts of an object; of a folder, if there is one of that name, that it is one."""
        try:
            return self._ask(path)
        except FileNotFoundError:
            if self.isdir(path):
                return {"type": "directory", "size": 0}
            raise

    def is_object(self, path: str) -> bool:
        """Return whether there is an object of that name, by one request."""
        try:
            self._ask(path)
        except FileNotFoundError:
            return False
        return True

    def _ask(self, path: str) -> dict[str, object]:
        """Return the facts of an object."""
        obstore = _load()
        try:
            return _facts(self._call(obstore.head, _key(path)))
        except ObjectStoreError as error:
            if error.status in (400, 403) and not error.code_name:  # an answer to HEAD has no body that could say why
                self._call(obstore.get, _key(path), options={"range": (0, 1)})
            raise

    def exists(self, path: str) -> bool:
        """Return whether there is something."""
        try:
            self.info(path)
        except FileNotFoundError:
            return False
        return True

    def isdir(self, path: str) -> bool:
        """Return whether there are names below a path; a bucket that is there is a folder without them, too."""
        obstore = _load()
        prefix = _key(path).strip("/")
        pages = iter(self._call(obstore.list, prefix or None, chunk_size=1))
        try:
            found = self._translate(lambda: next(pages, None))
        except FileNotFoundError:
            return False
        return found is not None or not prefix

    def ls(self, path: str, detail: bool = True) -> list[dict[str, object]]:
        """Return the entries of a folder, all together."""
        obstore = _load()
        del detail
        prefix = _key(path).strip("/")
        found = self._call(obstore.list_with_delimiter, prefix or None)
        folders = found["common_prefixes"]
        # The key that a console makes for a folder ends in a slash, which obstore leaves out.
        files = [one for one in found["objects"] if one["size"] or one["path"] not in {prefix, *folders}]
        names: list[dict[str, object]] = [{"name": f"{self.bucket}/{one}", "type": "directory"} for one in folders]
        return [*names, *({**_facts(one), "name": f"{self.bucket}/{one['path']}"} for one in files)]

    def find(self, path: str) -> list[str]:
        """Return the paths of all objects below a folder."""
        return [f"{path.rstrip('/')}/{name}" for page in self.list_pages(path) for name, _ in page]

    def list_pages(
        self, path: str, after: str = "", *, is_exact: bool = False
    ) -> Iterator[Sequence[tuple[str, Fingerprint]]]:
        """Yield the names of all objects below a folder, by their path from there and in the order of their keys.

        Only those that come ``after`` a name. With ``is_exact`` keys that stand for folders (by a slash at their end, which
        obstore leaves out) are looked for and left out.
        """
        obstore = _load()
        prefix = _key(path).strip("/")
        start = len(prefix) + 1 if prefix else 0
        offset = f"{prefix}/{after}" if prefix and after else after
        pages = iter(self._call(obstore.list, prefix or None, chunk_size=_NAMES_TOGETHER, offset=offset or None))
        while page := self._translate(lambda: next(pages, None)):
            found = [one for one in page if len(one["path"]) > start]
            if is_exact:
                found = self._without_folders(found)
            if found:
                yield [(one["path"][start:], Fingerprint.of_info(_facts(one))) for one in found]

    def open_body(self, path: str, start: int, end: int | None) -> tuple[bool, Iterator[bytes]]:
        """Ask for an object, or a range of it: return whether it is a range, and the pieces of the body."""
        answer, is_range, least = self._get(path, start, end)
        return is_range, self._read_pieces(answer, least)

    def _get(self, path: str, start: int, end: int | None) -> "tuple[GetResult, bool, int]":
        """Ask for an object, or a range of it: return the answer, whether it is a range, and how large its pieces should be."""
        obstore = _load()
        options: dict[str, Any] = {}
        if end is not None:
            options["range"] = (start, end)
        elif start:
            options["range"] = {"offset": start}
        size = _MIB << 10 if end is None else end - start
        answer: GetResult = self._call(obstore.get, _key(path), size_bytes=size, options=options)
        # Each piece costs a hand-over between threads. Of a large body nobody should wait long for the next one.
        return answer, bool(options), size if size <= _WHOLE_BYTES else 1

    def _read_pieces(self, answer: "GetResult", least: int) -> Iterator[bytes]:
        """Return the pieces of a body, each of so many bytes at least, but for the last."""
        pieces = iter(answer.stream(min_chunk_size=least))
        return iter(partial(self._translate, lambda: next(pieces, b"")), b"")

    def peek(self, path: str, most: int) -> tuple[dict[str, object], bytes | None] | None:
        """Return the facts of an object and, if it has ``most`` bytes or fewer, its bytes: by one request.

        Return ``None`` when that says nothing: the object is not there, or empty.
        """
        try:
            answer, _, least = self._get(path, 0, most + 1)
        except FileNotFoundError:
            return None
        except ObjectStoreError as error:
            if error.status == 416:
                return None
            raise
        facts = _facts(answer.meta)
        if cast("int", facts["size"]) > most:
            return facts, None
        data = bytearray()
        for piece in self._read_pieces(answer, least):
            data += piece
            if len(data) > most:
                break
        return facts, bytes(data)

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **_: object) -> bytes:
        """Read an object, or a range of its bytes."""
        return b"".join(self.open_body(path, start or 0, end)[1])

    def pipe_file(self, path: str, value: bytes, **_: object) -> None:
        """Write an object by one PUT."""
        obstore = _load()
        self._call(obstore.put, _key(path), value, size_bytes=len(value), use_multipart=False)

    def put_file(self, lpath: str, rpath: str, **_: object) -> None:
        """Write a file, by one PUT if the storage takes it that way. Waits in another thread, so that Ctrl-C is heard."""
        obstore = _load()
        size = os.path.getsize(lpath)
        put = partial(obstore.put, use_multipart=size >= _LARGEST_PUT_BYTES)
        run_in_thread(lambda: self._call(put, _key(rpath), Path(lpath), size_bytes=size)).result()

    def rm_file(self, path: str) -> None:
        """Remove an object."""
        self._remove([_key(path)])

    def rm(self, path: str, recursive: bool) -> None:
        """Remove what is below a folder."""
        del recursive
        for page in self.list_pages(path):
            self._remove([f"{_key(path).strip('/')}/{name}".lstrip("/") for name, _ in page])

    def invalidate_cache(self, path: str | None = None) -> None:
        """Do nothing: listings are not kept."""

    def unstrip_protocol(self, name: str) -> str:
        """Return the URL of a path."""
        return f"{self.protocol}://{name}"

    def _strip_protocol(self, path: str) -> str:
        return path.partition("://")[2]

    def _remove(self, keys: list[str]) -> None:
        obstore = _load()
        with suppress(FileNotFoundError):
            self._call(obstore.delete, keys)

    def _without_folders(self, found: "list[Any]") -> "list[Any]":
        """Leave out what stands for a folder: an object without bytes that is not there under the name without a slash."""
        empty = [one["path"] for one in found if not one["size"]]
        if not empty:
            return found
        with ThreadPoolExecutor(16) as threads:
            there = dict(zip(empty, threads.map(self._is_object, empty), strict=True))
        return [one for one in found if there.get(one["path"], True)]

    def _is_object(self, key: str) -> bool:
        obstore = _load()
        try:
            self._call(obstore.head, key)
        except FileNotFoundError:
            return False
        except ObjectStoreError:  # whatever it is, it will be said when it is read
            return True
        return True

    def _call(self, function: Callable[..., T], *arguments: object, size_bytes: int = 0, **options: Any) -> T:
        return self._translate(lambda: function(self._store(size_bytes), *arguments, **options))

    def _store(self, size_bytes: int) -> "Store":
        """Return the client for a call that transfers so many bytes: a large body may take longer."""
        more = 0 if size_bytes <= _MIB else (size_bytes // _MIB).bit_length()
        store = self._stores.get(more)
        if store is None:  # two threads may make it at the same time: one of them is kept
            store = self._stores.setdefault(more, self._make_store((1 << more) - 1))
        return store

    def _make_store(self, more_seconds: int) -> "Store":
        silence = self.seconds * _SILENCE
        client = {
            "connect_timeout": f"{int(min(silence, _CONNECT_SECONDS) * 1e6)}us",
            "read_timeout": f"{int((silence + more_seconds) * 1e6)}us",
            "timeout": f"{int((self.seconds + more_seconds) * 1e6)}us",
            **self.settings.client,
        }
        make = cast("Callable[..., Store]", getattr(_load().store, self.settings.kind))
        return make(self.bucket, client_options=client, retry_config={"max_retries": 0}, **self.settings.store)

    def _translate(self, call: Callable[[], T]) -> T:
        """Call a function, and raise ``FileNotFoundError`` or ``ObjectStoreError`` for what obstore raises."""
        try:
            return call()
        except FileNotFoundError as error:
            raise FileNotFoundError(2, str(translate_error(error))) from None
        except Exception as error:  # noqa: BLE001 (obstore's own, and built-in ones)
            reason = self._reason_for_fsspec(error)
            if reason:
                _give_up((self.protocol, self.bucket), reason)
                raise NotForObstoreError(f"obstore cannot do this: {reason}") from None
            raise translate_error(error) from None
        except BaseException as error:
            if type(error).__name__ != "PanicException":
                raise
            raise ObjectStoreError("obstore failed in itself", is_final=True) from None

    def _reason_for_fsspec(self, error: Exception) -> str:
        name, said = type(error).__name__, str(error)
        if name == "InvalidPathError" or (name == "ValueError" and "parse path" in said):
            return "it holds a key that obstore has no name for"
        if "inner: BareRedirect" in said or "<Region>" in said or "PermanentRedirect" in said:
            return "it is in another region"
        if "source: NotPartial" in said:
            return "its server gives no ranges of an object"
        return ""


def open_object_store(
    url: str, options: Mapping[str, object], *, seconds: float, name: str = ""
) -> tuple[ObjectStore, str] | None:
    """Return the store of a URL, and the path of a name below it; ``None`` where fsspec is the way to it."""
    protocol, bucket, key = split_store_url(url)
    if protocol not in STORES or not bucket:
        return None
    key = f"{key.rstrip('/')}/{name}" if key.strip("/") and name else name or key
    if (protocol, bucket) in _given_up or _ODD_KEY.search(key.rstrip("/")):
        return None
    store = _open((protocol, bucket), _Options(options), seconds, environment_marks(protocol), os.getpid())
    return None if store is None else (store, f"{bucket}/{key}")


def why_not_obstore(url: str, options: Mapping[str, object]) -> str:
    """Return what keeps a URL of an object store from being reached through obstore; empty when nothing does."""
    protocol, bucket, _ = split_store_url(url)
    if (protocol, bucket) in _given_up:
        return _given_up[protocol, bucket]
    return _find_obstacle(f"{protocol}://{bucket}", _Options(options), environment_marks(protocol))


def is_given_up(url: str) -> bool:
    """Return whether the bucket of a URL turned out to be one for fsspec."""
    return split_store_url(url)[:2] in _given_up


def preload_obstore() -> None:
    """Import obstore, which starts no thread."""
    _load()


def _load() -> Any:
    """Return obstore, whose overloaded types are beyond a checker."""
    import obstore  # noqa: PLC0415 (an extra)

    return obstore


class _Options(dict[str, object]):
    """Options of a URL that are told apart by what they hold."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(repr(self))


# Buckets that are reached through fsspec, and why.
_given_up: dict[tuple[str, str], str] = {}
# The process that has used obstore.
_user: list[int] = []


def _give_up(place: tuple[str, str], reason: str) -> None:
    if place not in _given_up:
        _given_up[place] = reason
        log.warning("%s://%s goes through fsspec, which is slower: %s", *place, reason)


@lru_cache(maxsize=64)
def _find_obstacle(url: str, options: _Options, marks: tuple[str | None, ...]) -> str:
    del marks
    if find_spec("obstore") is None:
        return "the package obstore is not installed"
    try:
        map_options(url, options)
    except UnmappableError as error:
        return str(error)
    return ""


@lru_cache(maxsize=64)
def _open(
    place: tuple[str, str], options: _Options, seconds: float, marks: tuple[str | None, ...], pid: int
) -> ObjectStore | None:
    """Open a store. ``marks`` are what of the environment may change, such as credentials."""
    del marks
    if find_spec("obstore") is None:
        return None
    if _user and _user[0] != pid:
        _give_up(place, "this process is a fork of one that has used obstore")
        return None
    try:
        settings = map_options("://".join(place), options)
    except UnmappableError:  # said by ``check_protocol``
        return None
    _user[:] = [pid]
    return ObjectStore(place[0], settings.bucket, settings, seconds)


def _key(path: str) -> str:
    return path.partition("/")[2]


def _facts(meta: Any) -> dict[str, object]:
    """Return the facts of an object, under the names that the libraries of fsspec use."""
    return {"type": "file", "size": meta["size"], "ETag": meta["e_tag"], "LastModified": meta["last_modified"]}
