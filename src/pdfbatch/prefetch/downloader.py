"""Download remote documents into files, many at once, in threads; small S3 objects may go past them through a lane."""

import hashlib
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from io import FileIO
from queue import SimpleQueue
from typing import TYPE_CHECKING

from pdfbatch.errors import Cause, DocumentError
from pdfbatch.model import Document, Failure
from pdfbatch.prefetch.directories import Directories, LocalFile
from pdfbatch.retry import count_retries
from pdfbatch.storage import (
    RANGE_BYTES,
    SMALL_BYTES,
    CallPolicy,
    Fingerprint,
    Lane,
    Passage,
    check_found_size,
    copy_body,
    lane_to,
    listed_fingerprint,
    may_pass,
    options_of,
    remote_fingerprint,
    temporary_storage_error,
    url_of,
)
from pdfbatch.tasks import LocalCopy, ReadTask

if TYPE_CHECKING:
    from hashlib import _Hash as Hash  # pyright: ignore[reportPrivateUsage]

Skip = Callable[[Document, str], bool]

# There are many threads, because they wait nearly all the time. But large bodies share what the network gives: more of them
# at one time would only come later.
_LARGE_BYTES = 1 << 20
LARGE_AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A task whose document was downloaded, or failed, and the file of its copy."""

    task: ReadTask
    file: LocalFile | None = None


@dataclass(frozen=True, slots=True)
class _Request:
    """A task whose document is to be downloaded; ``used_seconds`` were spent on the lane in vain, in so many ``tries``."""

    task: ReadTask
    used_seconds: float = 0.0
    tries: int = 0


@dataclass(slots=True, kw_only=True)
class Downloader:
    """Up to ``threads`` threads, started as they are needed.

    They call ``deliver`` with each task whose download has ended; for a document that went through a lane, the event loop
    of its file system does. ``large_slots`` bounds how many large bodies are read at one time.
    """

    directories: Directories
    policy: CallPolicy
    max_file_bytes: int | None
    threads: int
    deliver: Callable[[Download], None]
    skip: Skip | None = None
    hashes: bool = False
    large_slots: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(LARGE_AT_ONCE))
    _requests: SimpleQueue[_Request | None] = field(default_factory=SimpleQueue["_Request | None"])
    _workers: list[threading.Thread] = field(default_factory=list[threading.Thread])
    _lanes: dict[str, tuple[Mapping[str, object], Lane | None]] = field(
        default_factory=dict[str, "tuple[Mapping[str, object], Lane | None]"], repr=False
    )
    _opening: threading.Lock = field(default_factory=threading.Lock)
    _starting: threading.Lock = field(default_factory=threading.Lock)
    _stopped: bool = False

    def fetch(self, task: ReadTask) -> None:
        """Download the document of a task soon; returns at once."""
        if not self._passes(self._lane_at_hand(task), task):
            self._enqueue(_Request(task))

    def stop(self, seconds: float) -> None:
        """Cancel all downloads, and wait at most so long for the threads to end."""
        end = time.monotonic() + seconds
        with self._starting:
            self._stopped = True
        self.policy.cancel_token.cancel()
        self.directories.close()
        for _ in self._workers:
            self._requests.put(None)
        for _, lane in list(self._lanes.values()):
            if lane is not None:
                lane.stop(seconds / 2)
        for thread in self._workers:
            thread.join(max(0.0, end - time.monotonic()))

    def _enqueue(self, request: _Request) -> None:
        """Leave a request for the threads. Called in the batch's thread and in event loops."""
        self._requests.put(request)
        with self._starting:
            # After ``stop`` no thread may start: nobody would tell it to end.
            if self._stopped or len(self._workers) >= self.threads:
                return
            name = f"pdfbatch-fetch-{len(self._workers) + 1}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            self._workers.append(thread)
            thread.start()

    def _work(self) -> None:
        while (request := self._requests.get()) is not None:
            if self.policy.cancel_token.is_cancelled:
                continue
            if request.tries or not self._passes(self._lane(request.task), request.task):
                self.deliver(self._download(request))

    # --- the lane: small S3 objects, past the threads -------------------------------------------------------------

    def _lane_at_hand(self, task: ReadTask) -> Lane | None:
        """Return the lane to a document's storage if that loads no client: a listing has done so, or a thread will."""
        if listed_fingerprint(task.document) is not None:
            return self._lane(task)
        return self._lanes.get(_identity(options_of(task.document)), ({}, None))[1]

    def _lane(self, task: ReadTask) -> Lane | None:
        """Return the lane to a document's storage, and make it when it is first wanted."""
        if not self._may_pass(task.document):
            return None
        options = options_of(task.document)
        identity = _identity(options)
        with self._opening:
            if identity not in self._lanes:
                lane = None
                with suppress(Exception):  # a download by a thread will say what is wrong
                    lane = lane_to(task.document, self.policy, hashes=self.hashes)
                self._lanes[identity] = (options, lane)
            return self._lanes[identity][1]

    def _may_pass(self, document: Document) -> bool:
        """Whether a document may go through a lane.

        One that was not listed is asked for at once, unless that could be in vain: because an earlier batch has finished
        it, or because of a limit.
        """
        is_known = listed_fingerprint(document) is not None
        is_wanted = self.skip is None and (self.max_file_bytes is None or self.max_file_bytes >= SMALL_BYTES)
        return (is_known or is_wanted) and may_pass(document)

    def _passes(self, lane: Lane | None, task: ReadTask) -> bool:
        """Send a document through a lane if it may go there; return whether it does."""
        if lane is None or not lane.works or not self._may_pass(task.document):
            return False
        found, limit = listed_fingerprint(task.document), self.max_file_bytes
        passing = _Passing(self, lane, task, found)
        if found is not None and found.size_bytes is not None:
            is_too_large = limit is not None and found.size_bytes > limit
            if is_too_large or (self.skip is not None and self.skip(task.document, str(found))):
                return False
            passing.local_file = self.directories.try_allocate(found.size_bytes)
            if passing.local_file is None:
                return False
        size = None if found is None else found.size_bytes
        lane.take(Passage(url_of(task.document), size, passing.open_file, passing.finish))
        return True

    def go_on(self, task: ReadTask, seconds: float) -> None:
        """Download in a thread what a lane did not bring; ``seconds`` of its time are spent."""
        self._enqueue(_Request(task, seconds, tries=1))

    # --- downloads by threads -------------------------------------------------------------------------------------

    def _download(self, request: _Request) -> Download:
        """Download a document, whatever goes wrong with it."""
        task, policy = request.task, replace(self.policy, used_seconds=request.used_seconds)
        with count_retries() as retries:
            try:
                download = self._copy(task, policy)
            except DocumentError as error:
                failure = Failure(cause=error.cause, message=str(error), transient=error.transient)
                download = Download(task=replace(task, failure=failure))
            except Exception as error:  # noqa: BLE001 (isolation is the purpose: the thread must live on)
                message = f"{task.document.file_path}: {type(error).__name__}: {error}"
                failure = Failure(cause=Cause.INTERNAL, message=message)
                download = Download(task=replace(task, failure=failure))
        count = request.tries + retries.count
        return replace(download, task=replace(download.task, storage_retries=count)) if count else download

    def _copy(self, task: ReadTask, policy: CallPolicy) -> Download:
        found = listed_fingerprint(task.document) or remote_fingerprint(task.document, policy)
        check_found_size(task.document, found, self.max_file_bytes)
        if self.skip is not None and self.skip(task.document, str(found)):
            return Download(task=replace(task, local_copy=LocalCopy(path="", fingerprint=str(found))))
        with self._allocate(RANGE_BYTES if found.size_bytes is None else found.size_bytes) as file:
            is_large = found.size_bytes is None or found.size_bytes > _LARGE_BYTES
            with self.large_slots if is_large else nullcontext():
                digest = self._write(task.document, found, file.path, policy)
        copy = LocalCopy(path=file.path, fingerprint=str(found), digest=digest)
        return Download(task=replace(task, local_copy=copy), file=file)

    @contextmanager
    def _allocate(self, size_bytes: int) -> Generator[LocalFile]:
        """Wait for room on disk; remove the file when the block fails."""
        file = self.directories.allocate(size_bytes)
        if file is None:
            raise DocumentError("The download was cancelled", cause=Cause.CANCELLED)
        try:
            yield file
        except BaseException:
            file.remove()
            raise

    def _write(self, document: Document, found: Fingerprint, path: str, policy: CallPolicy) -> str:
        """Write the bytes of a document to a file, and return their hash if it is wanted."""
        try:
            with open(path, "xb", buffering=0) as file:
                body = _FileBody(file, hashlib.sha256() if self.hashes else None)
                copy_body(document, found, self.max_file_bytes, policy, body)
        except OSError as error:  # of this disk: a storage's errors come translated
            raise temporary_storage_error(error, path) from error
        return body.digest()


@dataclass(slots=True)
class _FileBody:
    """A body in a file, and its hash. Its pieces are written as they come."""

    file: FileIO
    hash: "Hash | None"
    _size: int = 0
    _marked_size: int = 0
    _marked_hash: "Hash | None" = None

    def write(self, piece: bytes) -> None:
        """Write the next bytes. Raises ``DocumentError`` when there is no room for them."""
        view = memoryview(piece)
        try:
            while view:
                view = view[self.file.write(view) :]
        except OSError as error:  # of this disk; in the call of a storage it would pass for the storage's own
            raise temporary_storage_error(error, str(self.file.name)) from error
        self._size += len(piece)
        if self.hash is not None:
            self.hash.update(piece)

    def mark(self) -> None:
        """Remember this place."""
        self._marked_size = self._size
        self._marked_hash = None if self.hash is None else self.hash.copy()

    def rewind(self) -> None:
        """Drop what was written after the last mark."""
        if self._size == self._marked_size:
            return
        self.file.seek(self._marked_size)
        self.file.truncate()
        self._size = self._marked_size
        self.hash = None if self._marked_hash is None else self._marked_hash.copy()

    def digest(self) -> str:
        """Return the hash of all bytes, as a fingerprint says it; empty when it is not wanted."""
        if self.hash is None:
            return ""
        return str(Fingerprint(size_bytes=self._size, tag=f"sha256={self.hash.hexdigest()}"))


@dataclass(slots=True)
class _Passing:
    """A document on its way through a lane."""

    downloader: Downloader
    lane: Lane
    task: ReadTask
    found: Fingerprint | None
    local_file: LocalFile | None = None
    started: float = field(default_factory=time.monotonic)

    def open_file(self, found: Fingerprint | None) -> str | None:
        """Return the path for its bytes; ``None`` when there is no room. ``found`` is what the answer says of its version."""
        if found is not None and found.size_bytes is not None:
            self.found, self.local_file = found, self.downloader.directories.try_allocate(found.size_bytes)
        return None if self.local_file is None else self.local_file.path

    def finish(self, is_whole: bool, digest: str) -> None:
        """Deliver the download, or leave it to the threads."""
        if is_whole and self.local_file is not None:
            copy = LocalCopy(path=self.local_file.path, fingerprint=str(self.found), digest=digest)
            self.downloader.deliver(Download(task=replace(self.task, local_copy=copy), file=self.local_file))
            return
        if self.local_file is not None:
            self.local_file.remove()
        self.downloader.go_on(self.task, min(time.monotonic() - self.started, self.lane.seconds))


def _identity(options: Mapping[str, object]) -> str:
    """Return a text that is the same for all documents whose options are alike."""
    return repr(options) if options else ""
