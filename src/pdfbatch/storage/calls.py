"""Bound each call to a remote storage: a deadline, cancellation, retries where they may help, and errors of our own.

This is the one layer that repeats a request; ``pdfbatch.storage.fsspec`` turns the libraries' own repetitions off.
"""

import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures import wait as wait_for_futures
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pdfbatch import retry
from pdfbatch.common import without_credentials
from pdfbatch.errors import Cause, DocumentError, UsageError
from pdfbatch.settings import RetryPolicy
from pdfbatch.storage.bodies import Body, Intake, read_body
from pdfbatch.storage.errors import storage_error
from pdfbatch.storage.fsspec import DEADLINE_SECONDS, REQUEST_RETRY, FileSystem, open_url
from pdfbatch.storage.object_store import ObjectStore
from pdfbatch.storage.threads import run_in_thread

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")

# A transfer gets one more second for each so many bytes: when it writes, of those that go; when it reads, of those that came.
_BYTES_PER_SECOND = 1 << 20
# A listing is many requests, each bounded by the client; as a whole it gets this many deadlines.
_LISTING_DEADLINES = 20
# Reads of so many bytes take no longer than the rest of a deadline.
_SMALL_BYTES = 1 << 20
# So often a wait for a body looks how much of it has come, and whether it was cancelled.
_LOOK_SECONDS = 0.25


class CancelToken:
    """Cancel all pending and future calls, from any thread: they fail as ``cancelled``."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self._pending = set[Future[Any]]()
        self._lock = threading.Lock()

    @property
    def is_cancelled(self) -> bool:
        """Whether ``cancel`` was called."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Cancel all calls. Callable from any thread, more than once."""
        self._cancelled.set()
        with self._lock:
            pending = list(self._pending)
        for future in pending:
            future.cancel()

    def sleep(self, seconds: float) -> None:
        """Sleep, but no longer than until the calls are cancelled."""
        self._cancelled.wait(seconds)

    def wait(self, future: "Future[T]", seconds: float) -> T:
        """Wait for the result of a future. Raises ``TimeoutError``, or ``CancelledError`` when the calls are cancelled."""
        with self._lock:
            self._pending.add(future)
        try:
            if (
                self._cancelled.is_set()
            ):  # only now: a cancellation from here on finds the future among the pending ones
                raise CancelledError
            return future.result(timeout=seconds)
        finally:
            future.cancel()
            with self._lock:
                self._pending.discard(future)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPolicy:
    """How long and how often a remote call may try: ``seconds`` for all tries together, ``retry`` for number and waits."""

    retry: RetryPolicy = REQUEST_RETRY
    seconds: float = DEADLINE_SECONDS
    cancel_token: CancelToken = field(default_factory=CancelToken, repr=False, compare=False)

    def call(
        self, location: "Location", function: Callable[["BoundedFileSystem", str], T], *, size_bytes: int = 0
    ) -> T:
        """Call ``function`` with the file system and the path of a location; it transfers about ``size_bytes``.

        Opening a file system is not bounded: it connects with some (sftp), and reads the directory of an archive.
        Raises ``DocumentError`` with a storage cause or ``cancelled``, and ``UsageError`` unchanged.
        """
        seconds = self.seconds + size_bytes / _BYTES_PER_SECOND
        deadline = _Deadline(self.cancel_token, seconds, time.monotonic() + seconds)
        address, options = location.address, location.options

        def call_once() -> T:
            try:
                filesystem, path = location.open(self.seconds)
                return function(BoundedFileSystem(filesystem, deadline), path)
            except (DocumentError, UsageError):
                raise
            except CancelledError as error:
                message = f"{without_credentials(address)}: the call was cancelled"
                raise DocumentError(message, cause=Cause.CANCELLED) from error
            except Exception as error:  # noqa: BLE001 (whatever library is behind the URL)
                found = storage_error(error, address, options)
            raise found  # here, so that a traceback shows nothing of what the library said but what is in it

        return retry.call(call_once, self.retry, budget_seconds=seconds, sleep=self.cancel_token.sleep)


@dataclass(frozen=True, slots=True)
class Location:
    """What a call is about: a URL with its options, and a name below it. ``filesystem`` is used where it is given ready."""

    url: str
    options: Mapping[str, object] = field(default_factory=dict[str, object], repr=False)
    filesystem: FileSystem | None = None
    name: str = ""

    @property
    def address(self) -> str:
        """The full URL, with its secrets."""
        return f"{self.url.rstrip('/')}/{self.name}" if self.name else self.url

    def open(self, seconds: float) -> tuple[FileSystem, str]:
        """Return the file system and the path on it."""
        options = self.options if self.filesystem is None else {"filesystem": self.filesystem}
        return open_url(self.url, options, seconds=seconds, name=self.name)


@dataclass(frozen=True, slots=True)
class _Deadline:
    """When a call must have ended."""

    cancel_token: CancelToken
    seconds: float
    end: float

    def wait(self, future: "Future[T]", deadlines: int = 1) -> T:
        """Wait for the result of a future while there is time. Raises ``TimeoutError`` saying how long that was."""
        left = max(0.0, self.end - time.monotonic()) + (deadlines - 1) * self.seconds
        try:
            return self.cancel_token.wait(future, left)
        except TimeoutError as error:
            raise error if str(error) else TimeoutError(f"no answer within {self.seconds * deadlines:.3g} s") from error

    def wait_for_body(self, future: "Future[T]", intake: Intake) -> T:
        """Wait for a future that reads a body: what has come gives it more time, what was announced does not."""
        granted = 0.0
        try:
            while True:
                until = self.end + granted
                done, _ = wait_for_futures((future,), max(0.0, min(until - time.monotonic(), _LOOK_SECONDS)))
                granted = intake.count / _BYTES_PER_SECOND
                if done or self.cancel_token.is_cancelled or time.monotonic() >= self.end + granted:
                    return self.cancel_token.wait(future, 0)
        except TimeoutError as error:
            if str(error):
                raise
            message = f"not read within {self.seconds + granted:.3g} s; {intake.count:,} bytes came"
            raise TimeoutError(message) from error
        finally:
            intake.close()


@dataclass(frozen=True, slots=True)
class BoundedFileSystem:
    """A file system of which every call ends by a deadline, whatever the server does.

    A late call is cancelled where the file system is asynchronous underneath (s3fs, gcsfs, adlfs, http). Any other call
    runs in a thread of its own, which is abandoned: it ends when its library lets it, and its result is dropped.
    """

    inner: FileSystem
    deadline: _Deadline

    @property
    def protocol(self) -> str | tuple[str, ...]:
        """The names of its protocol."""
        return self.inner.protocol

    def info(self, path: str) -> dict[str, object]:
        """Return the facts of an object."""
        return cast("dict[str, object]", self._call("info", path))

    def ls(self, path: str, detail: bool) -> list[dict[str, object]]:
        """List the entries of a folder."""
        return self.deadline.wait(self._start("ls", path, detail=detail), _LISTING_DEADLINES)

    def find(self, path: str) -> list[str]:
        """List all files below a folder."""
        return self.deadline.wait(self._start("find", path), _LISTING_DEADLINES)

    def find_details(self, path: str) -> dict[str, dict[str, object]]:
        """List all files below a folder, with their facts."""
        return self.deadline.wait(self._start("find", path, detail=True), _LISTING_DEADLINES)

    def read_page(self, pages: Iterator[Sequence[T]]) -> Sequence[T]:
        """Return the next page of a listing; an empty one at its end."""
        return self.deadline.wait(run_in_thread(lambda: next(pages, ())))

    def peek(self, path: str, most: int) -> tuple[dict[str, object], bytes | None] | None:
        """Return the facts of an object and, if it has ``most`` bytes or fewer, its bytes: by one request.

        Return ``None`` where a storage does not give both together.
        """
        if (store := self._store_for(most)) is not None:
            return store.peek(path, most)
        if not isinstance(self.inner, ObjectStore):
            return None
        return self.deadline.wait(run_in_thread(partial(self.inner.peek, path, most)))

    def exists(self, path: str) -> bool:
        """Return whether there is something."""
        return cast("bool", self._call("exists", path))

    def is_file(self, path: str) -> bool:
        """Return whether it is a single object, and no folder. What is no object takes an object store one request."""
        exists = self._call("is_object" if isinstance(self.inner, ObjectStore) else "exists", path)
        return bool(exists) and not self.isdir(path)

    def isdir(self, path: str) -> bool:
        """Return whether it is a folder."""
        return cast("bool", self._call("isdir", path))

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **options: object) -> bytes:
        """Read an object, or a range of its bytes."""
        return cast("bytes", self._call("cat_file", path, start=start, end=end, **options))

    def read_body(self, path: str, start: int, end: int | None, body: Body, most: int) -> Intake:
        """Read an object, or a range of its bytes, into ``body``, in pieces, and ``most`` bytes of it."""
        body.rewind()
        intake = Intake(body, most)
        if end is not None and (store := self._store_for(end - start)) is not None:
            cast("Callable[[], None]", read_body(cast("FileSystem", store), path, start, end, intake))()
            return intake
        reading = read_body(self.inner, path, start, end, intake)
        if isinstance(reading, Coroutine):
            future: Future[object] = self._run_in_loop(cast("Coroutine[Any, Any, object]", reading))
        else:
            future = run_in_thread(cast("Callable[[], object]", reading))
        self.deadline.wait_for_body(future, intake)
        return intake

    def pipe_file(self, path: str, value: bytes, **options: object) -> object:
        """Write an object."""
        if (store := self._store_for(len(value))) is not None:
            store.pipe_file(path, value)
            return None
        return self._call("pipe_file", path, value, **options)

    def mv(self, path1: str, path2: str) -> object:
        """Rename a file."""
        return self._call("mv", path1, path2)

    def rm_file(self, path: str) -> object:
        """Remove a file."""
        return self._call("rm_file", path)

    def rm(self, path: str, recursive: bool) -> object:
        """Remove a folder."""
        return self.deadline.wait(self._start("rm", path, recursive=recursive), _LISTING_DEADLINES)

    def makedirs(self, path: str, exist_ok: bool) -> object:
        """Make a folder and those above it."""
        return self._call("makedirs", path, exist_ok=exist_ok)

    def invalidate_cache(self, path: str | None = None) -> object:
        """Forget listings, without a request."""
        return self.inner.invalidate_cache(path)

    def unstrip_protocol(self, name: str) -> str:
        """Return the URL of a path, without a request."""
        return self.inner.unstrip_protocol(name)

    def _strip_protocol(self, path: str) -> str:
        return self.inner._strip_protocol(path)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] (fsspec's own name)

    def _store_for(self, size_bytes: int) -> ObjectStore | None:
        """Return the store for a call in this very thread, which ends by itself in time; ``None`` where another has to make it.

        It saves the way to another thread and back, a third of what a small call costs. The main thread has to hear of Ctrl-C.
        """
        if not isinstance(self.inner, ObjectStore) or size_bytes > _SMALL_BYTES:
            return None
        if threading.current_thread() is threading.main_thread():
            return None
        return self.inner.within(self.deadline.end - time.monotonic())

    def _call(self, name: str, *arguments: object, **options: object) -> Any:
        return self.deadline.wait(self._start(name, *arguments, **options))

    def _start(self, name: str, *arguments: object, **options: object) -> "Future[Any]":
        # fsspec puts a synchronous form of each coroutine on the object itself: a method found there would only wait for
        # the coroutine of the same name with an underscore, which can be cancelled.
        if (
            not isinstance(self.inner, ObjectStore)
            and name in vars(self.inner)
            and getattr(self.inner, "async_impl", False)
        ):
            coroutine = cast("Callable[..., Any]", getattr(self.inner, f"_{name}"))
            return self._run_in_loop(coroutine(*arguments, **options))
        method = cast("Callable[..., object]", getattr(self.inner, name))
        return run_in_thread(partial(method, *arguments, **options))

    def _run_in_loop(self, coroutine: Coroutine[Any, Any, T]) -> "Future[T]":
        """Run a coroutine of the file system in its event loop."""
        import asyncio  # noqa: PLC0415 (takes a while to load, and obstore does not need it)

        loop = cast("asyncio.AbstractEventLoop", getattr(self.inner, "loop"))  # noqa: B009 (untyped)
        return asyncio.run_coroutine_threadsafe(coroutine, loop)
