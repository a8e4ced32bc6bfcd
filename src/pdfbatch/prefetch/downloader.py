"""Download remote documents into files, many at once, in threads."""

import errno
import hashlib
import os
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from io import FileIO
from queue import SimpleQueue
from typing import TYPE_CHECKING

from pdfbatch.common import redact_text
from pdfbatch.errors import Cause, DocumentError, describe_error
from pdfbatch.model import Document, Failure
from pdfbatch.prefetch.directories import Directories, LocalFile
from pdfbatch.prefetch.skip import Skip
from pdfbatch.retry import count_retries
from pdfbatch.storage import (
    PEEK_BYTES,
    RANGE_BYTES,
    CallPolicy,
    Fingerprint,
    NeighbourVersions,
    ask_document,
    check_found_size,
    copy_body,
    listed_fingerprint,
    remote_fingerprint,
    temporary_storage_error,
    url_of,
)
from pdfbatch.tasks import LocalCopy, ReadTask

if TYPE_CHECKING:
    from hashlib import _Hash as Hash  # pyright: ignore[reportPrivateUsage]

# There are many threads, because they wait nearly all the time. But large bodies share what the network gives: more of them
# at one time would only come later.
_LARGE_BYTES = PEEK_BYTES
# Copies of this size may lie in memory: there a file costs less than on most disks.
_SMALL_BYTES = 4 << 20
LARGE_AT_ONCE = 16
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A task whose document was downloaded, or failed, and the file of its copy."""

    task: ReadTask
    file: LocalFile | None = None


@dataclass(slots=True, kw_only=True)
class Downloader:
    """Up to ``threads`` threads, started as they are needed.

    They call ``deliver`` with each task whose download has ended. ``large_slots`` bounds how many large bodies are read at
    one time.
    """

    directories: Directories
    policy: CallPolicy
    max_file_bytes: int | None
    threads: int
    deliver: Callable[[Download], None]
    skip: Skip | None = None
    hashes: bool = False
    large_slots: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(LARGE_AT_ONCE))
    _tasks: SimpleQueue[ReadTask | None] = field(default_factory=SimpleQueue["ReadTask | None"])
    _workers: list[threading.Thread] = field(default_factory=list[threading.Thread])
    _starting: threading.Lock = field(default_factory=threading.Lock)
    _stopped: bool = False
    _neighbours: NeighbourVersions = field(init=False)

    def __post_init__(self) -> None:
        """Ask for versions under the same bounds as for bodies."""
        self._neighbours = NeighbourVersions(policy=self.policy)

    def fetch(self, task: ReadTask) -> None:
        """Download the document of a task soon; returns at once."""
        self._tasks.put(task)
        with self._starting:
            # After ``stop`` no thread may start: nobody would tell it to end.
            if self._stopped or len(self._workers) >= self.threads:
                return
            name = f"pdfbatch-fetch-{len(self._workers) + 1}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            self._workers.append(thread)
            thread.start()

    def stop(self, seconds: float) -> None:
        """Cancel all downloads, and wait at most so long for the threads to end."""
        end = time.monotonic() + seconds
        with self._starting:
            self._stopped = True
        self.policy.cancel_token.cancel()
        self.directories.close()
        for _ in self._workers:
            self._tasks.put(None)
        for thread in self._workers:
            thread.join(max(0.0, end - time.monotonic()))

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            if not self.policy.cancel_token.is_cancelled:
                self.deliver(self._download(task))

    def _download(self, task: ReadTask) -> Download:
        """Download a document, whatever goes wrong with it."""
        with count_retries() as retries:
            try:
                download = self._copy(task)
            except DocumentError as error:
                failure = Failure(cause=error.cause, message=str(error), transient=error.transient)
                download = Download(task=replace(task, failure=failure))
            except Exception as error:  # noqa: BLE001 (isolation is the purpose: the thread must live on)
                said = redact_text(describe_error(error), url_of(task.document))
                message = f"{task.document.file_path}: {said}"
                failure = Failure(cause=Cause.INTERNAL, message=message)
                download = Download(task=replace(task, failure=failure))
        count = retries.count
        return replace(download, task=replace(download.task, storage_retries=count)) if count else download

    def _copy(self, task: ReadTask) -> Download:
        may_be_finished = self.skip is not None and self.skip.may_be_finished(task.document)
        found, data = self._ask(task.document, may_be_finished=may_be_finished)
        check_found_size(task.document, found, self.max_file_bytes)
        if may_be_finished and self.skip is not None and self.skip.is_finished(task.document, str(found)):
            return Download(task=replace(task, local_copy=LocalCopy(path="", fingerprint=str(found))))
        file, digest = self._save(task.document, found, data)
        copy = LocalCopy(path=file.path, fingerprint=str(found), digest=digest)
        return Download(task=replace(task, local_copy=copy), file=file)

    def _save(self, document: Document, found: Fingerprint, data: bytes | None) -> tuple[LocalFile, str]:
        """Write a document to a file and return the file and its hash.

        A copy for which the disk has no room is tried once more when it holds no other copy: of two large ones that fill it,
        neither is to blame.
        """
        try:
            with self._allocate(RANGE_BYTES if found.size_bytes is None else found.size_bytes) as file:
                return file, self._write(document, found, file.path, data)
        except DocumentError as error:
            if error.cause is not Cause.STORAGE_FULL:
                raise
        with self._guard_file(self.directories.allocate_alone()) as file:
            return file, self._write(document, found, file.path, data)

    def _ask(self, document: Document, *, may_be_finished: bool) -> tuple[Fingerprint, bytes | None]:
        """Return the version of a document, and its bytes if they are few and came with it.

        They are not asked for where that could be in vain: because an earlier batch has finished the document, or because of
        a limit.
        """
        found = listed_fingerprint(document)
        if found is not None:
            return found, None
        if may_be_finished:
            return self._neighbours.find(document) or remote_fingerprint(document, self.policy), None
        return ask_document(document, self.max_file_bytes, self.policy)

    @contextmanager
    def _allocate(self, size_bytes: int) -> Generator[LocalFile]:
        """Take room in memory for a small copy, else wait for room on disk; remove the file when the block fails."""
        file = self.directories.try_allocate(size_bytes) if size_bytes <= _SMALL_BYTES else None
        with self._guard_file(file or self.directories.allocate(size_bytes)) as allocated:
            yield allocated

    @contextmanager
    def _guard_file(self, file: LocalFile | None) -> Generator[LocalFile]:
        """Yield a file, and remove it when the block fails."""
        if file is None:
            raise DocumentError("The download was cancelled", cause=Cause.CANCELLED)
        try:
            yield file
        except BaseException:
            file.remove()
            raise

    def _write(self, document: Document, found: Fingerprint, path: str, data: bytes | None) -> str:
        """Write the bytes of a document to a file, and return their hash if it is wanted. ``data`` are they, if they came."""
        is_large = found.size_bytes is None or found.size_bytes > _LARGE_BYTES
        try:
            with self.large_slots if is_large else nullcontext(), open(path, "xb", buffering=0) as file:
                body = _FileBody(file, hashlib.sha256() if self.hashes else None)
                if data is None:
                    if is_large and found.size_bytes is not None:
                        _take_room(file, found.size_bytes)
                    copy_body(document, found, self.max_file_bytes, self.policy, body)
                    file.truncate(body.size_bytes)
                else:
                    body.write(data)
        except OSError as error:  # of this disk: a storage's errors come translated
            raise temporary_storage_error(error, path) from error
        return body.digest()


def _take_room(file: FileIO, size_bytes: int) -> None:
    """Take the room for a body at once. Raises ``OSError`` where there is too little.

    A body that is written until nothing is left would take from others what they need meanwhile: workers, as they start,
    make files in the same place.
    """
    if sys.platform != "linux":
        return
    try:
        os.posix_fallocate(file.fileno(), 0, size_bytes)
    except OSError as error:
        if error.errno in _NO_ROOM:  # else the file system cannot take room beforehand
            raise


@dataclass(slots=True)
class _FileBody:
    """A body in a file, and its hash. Its pieces are written as they come."""

    file: FileIO
    hash: "Hash | None"
    _size: int = 0
    _marked_size: int = 0
    _marked_hash: "Hash | None" = None

    @property
    def size_bytes(self) -> int:
        """The length of what was written."""
        return self._size

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
