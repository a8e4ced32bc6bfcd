"""Calls of remote storages: each ends by its deadline, is tried again where that may help, and fails in our words.

This is the one layer that repeats a request; the libraries' own repetitions are off (``pdfbatch.storage.fsspec``).
"""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar, cast

from pdfbatch import retry
from pdfbatch.errors import Cause, DocumentError, UsageError
from pdfbatch.settings import RetryPolicy
from pdfbatch.storage.errors import redacted, storage_error
from pdfbatch.storage.fsspec import DEADLINE_SECONDS, REQUEST_RETRY, FileSystem, open_ready, open_url

T = TypeVar("T")

# A body may take a second more for each so many bytes.
_BYTES_PER_SECOND = 1 << 20
# A listing is many requests, of which the client bounds each; what it may take as a whole is so many deadlines.
_LISTING_DEADLINES = 20


class CancelToken:
    """Ends calls under way from another thread: they fail as ``cancelled``, and so does every later one."""

    def __init__(self) -> None:
        self._recalled = threading.Event()
        self._under_way = set[Future[Any]]()
        self._lock = threading.Lock()

    @property
    def recalled(self) -> bool:
        """Whether the calls were ended."""
        return self._recalled.is_set()

    def recall(self) -> None:
        """End all calls. Callable from any thread, more than once."""
        self._recalled.set()
        with self._lock:
            under_way = list(self._under_way)
        for future in under_way:
            future.cancel()

    def sleep(self, seconds: float) -> None:
        """Sleep, unless or until the calls are ended."""
        self._recalled.wait(seconds)

    def wait(self, future: "Future[T]", seconds: float) -> T:
        """The result of a future. Raises ``TimeoutError``, and ``CancelledError`` when the calls are ended."""
        with self._lock:
            self._under_way.add(future)
        try:
            if self._recalled.is_set():
                raise CancelledError
            return future.result(timeout=seconds)
        finally:
            future.cancel()
            with self._lock:
                self._under_way.discard(future)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPolicy:
    """What a remote call may take: ``seconds`` with all its tries, of which ``retry`` bounds the number and the waits.

    ``used_seconds`` of them are over. File systems are opened by ``seconds`` alone: fsspec keeps one for each setting, and
    each of S3 has a client of some megabytes.
    """

    retry: RetryPolicy = REQUEST_RETRY
    seconds: float = DEADLINE_SECONDS
    used_seconds: float = 0.0
    recall: CancelToken = field(default_factory=CancelToken, repr=False, compare=False)

    def called(
        self, target: "Location", function: Callable[["BoundedFileSystem", str], T], *, size_bytes: int = 0
    ) -> T:
        """What ``function`` gives for the file system and path of a target; ``size_bytes`` travel on the way.

        Opening a file system is not bounded: it connects with some (sftp), and reads the directory of an archive.
        Raises ``DocumentError`` with a storage cause, or ``cancelled``, and ``UsageError`` as it comes.
        """
        seconds = self.seconds - self.used_seconds + size_bytes / _BYTES_PER_SECOND
        deadline = _Deadline(self.recall, seconds, time.monotonic() + seconds)
        address, options = target.address, target.options

        def once() -> T:
            try:
                filesystem, path = target.opened(self.seconds)
                return function(BoundedFileSystem(filesystem, deadline), path)
            except (DocumentError, UsageError):
                raise
            except CancelledError as error:
                raise DocumentError(f"{redacted(address)}: the call was given up", cause=Cause.CANCELLED) from error
            except Exception as error:  # whatever library is behind the URL
                raise storage_error(error, address, options) from error

        return retry.call(once, self.retry, budget_seconds=seconds, sleep=self.recall.sleep)


def terms(policy: RetryPolicy | None = None, seconds: float | None = None) -> CallPolicy:
    """CallPolicy, with the usual ones for what is not given."""
    return CallPolicy(retry=policy or REQUEST_RETRY, seconds=DEADLINE_SECONDS if seconds is None else seconds)


@dataclass(frozen=True, slots=True)
class Location:
    """What a call is about: a URL with its options, and a name below it. ``filesystem`` is used when it is given ready."""

    url: str
    options: Mapping[str, object] = field(default_factory=dict[str, object], repr=False)
    filesystem: FileSystem | None = None
    name: str = ""

    @property
    def address(self) -> str:
        """What to call it in a message."""
        return f"{self.url.rstrip('/')}/{self.name}" if self.name else self.url

    def opened(self, seconds: float) -> tuple[FileSystem, str]:
        """The file system and the path on it."""
        if self.filesystem is None:
            filesystem, root = open_url(self.url, self.options, seconds=seconds)
        else:
            filesystem, root = open_ready(self.filesystem, self.url, seconds=seconds)
        return filesystem, f"{root.rstrip('/')}/{self.name}" if self.name else root


@dataclass(frozen=True, slots=True)
class _Deadline:
    """When a call must have ended."""

    recall: CancelToken
    seconds: float
    end: float

    def result(self, future: "Future[T]", deadlines: int = 1) -> T:
        """The result of a future, as long as there is time. Raises ``TimeoutError`` saying how long that was."""
        left = max(0.0, self.end - time.monotonic()) + (deadlines - 1) * self.seconds
        try:
            return self.recall.wait(future, left)
        except TimeoutError as error:
            raise error if str(error) else TimeoutError(f"no answer within {self.seconds * deadlines:.3g} s") from error


@dataclass(frozen=True, slots=True)
class BoundedFileSystem:
    """A file system of which every call ends by a deadline, whatever the server does.

    A call that is late is cancelled where the file system is asynchronous underneath (s3fs, gcsfs, adlfs, http). With any
    other it runs in a thread of its own, which is abandoned: it ends when its library lets it, and its result is dropped.
    """

    inner: FileSystem
    deadline: _Deadline

    @property
    def protocol(self) -> str | tuple[str, ...]:
        """The names of its protocol."""
        return self.inner.protocol

    def info(self, path: str) -> dict[str, object]:
        """The facts of an object."""
        return cast("dict[str, object]", self._result("info", path))

    def ls(self, path: str, detail: bool) -> list[dict[str, object]]:
        """The entries of a folder."""
        return self.deadline.result(self._begun("ls", path, detail=detail), _LISTING_DEADLINES)

    def call_s3(self, method: str, **parameters: object) -> dict[str, Any]:
        """The answer to a request of S3 (of s3fs only)."""
        return cast("dict[str, Any]", self._result("call_s3", method, **parameters))

    def find(self, path: str) -> list[str]:
        """All files below a folder."""
        return self.deadline.result(self._begun("find", path), _LISTING_DEADLINES)

    def exists(self, path: str) -> bool:
        """Whether there is something."""
        return cast("bool", self._result("exists", path))

    def isdir(self, path: str) -> bool:
        """Whether it is a folder."""
        return cast("bool", self._result("isdir", path))

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **options: object) -> bytes:
        """The bytes of an object, or some of them."""
        return cast("bytes", self._result("cat_file", path, start=start, end=end, **options))

    def pipe_file(self, path: str, value: bytes, **options: object) -> object:
        """Write an object."""
        return self._result("pipe_file", path, value, **options)

    def mv(self, path1: str, path2: str) -> object:
        """Rename a file."""
        return self._result("mv", path1, path2)

    def rm_file(self, path: str) -> object:
        """Remove a file."""
        return self._result("rm_file", path)

    def rm(self, path: str, recursive: bool) -> object:
        """Remove a folder."""
        return self.deadline.result(self._begun("rm", path, recursive=recursive), _LISTING_DEADLINES)

    def makedirs(self, path: str, exist_ok: bool) -> object:
        """Make a folder and those above it."""
        return self._result("makedirs", path, exist_ok=exist_ok)

    def invalidate_cache(self, path: str | None = None) -> object:
        """Forget listings; asks nobody."""
        return self.inner.invalidate_cache(path)

    def unstrip_protocol(self, name: str) -> str:
        """The URL of a path; asks nobody."""
        return self.inner.unstrip_protocol(name)

    def _strip_protocol(self, path: str) -> str:
        return self.inner._strip_protocol(path)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

    def _result(self, name: str, *arguments: object, **options: object) -> Any:
        return self.deadline.result(self._begun(name, *arguments, **options))

    def _begun(self, name: str, *arguments: object, **options: object) -> "Future[Any]":
        # fsspec puts a synchronous form of each coroutine on the object itself: then the coroutine is what would run. s3fs
        # has one of its own.
        if (name in vars(self.inner) or name == "call_s3") and getattr(self.inner, "async_impl", False):
            coroutine = cast("Callable[..., Any]", getattr(self.inner, f"_{name}"))
            loop = cast("asyncio.AbstractEventLoop", getattr(self.inner, "loop"))  # noqa: B009 (untyped)
            return asyncio.run_coroutine_threadsafe(coroutine(*arguments, **options), loop)
        method = cast("Callable[..., object]", getattr(self.inner, name))
        return in_thread(partial(method, *arguments, **options))


def in_thread(function: Callable[[], T]) -> "Future[T]":
    """Call a function in a thread that nobody need wait for."""
    future = Future[T]()

    def run() -> None:
        try:
            result = function()
        except BaseException as error:  # noqa: BLE001 (raised where the result is asked for)
            with suppress(Exception):  # it was given up
                future.set_exception(error)
        else:
            with suppress(Exception):
                future.set_result(result)

    threading.Thread(target=run, name="pdfbatch-storage-call", daemon=True).start()
    return future
