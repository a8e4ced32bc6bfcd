"""Threads that fetch remote documents into files, a few dozen at one time."""

import os
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from queue import SimpleQueue

from pdfbatch import remoteinputs
from pdfbatch.causes import Cause
from pdfbatch.errors import DocumentError
from pdfbatch.fingerprints import Fingerprint
from pdfbatch.model import Document, Failure
from pdfbatch.remotecalls import Terms
from pdfbatch.spoolfolder import SpoolFolder
from pdfbatch.spoolroom import Room
from pdfbatch.storageerrors import storage_error
from pdfbatch.tasks import LocalCopy, Task

Skip = Callable[[Document, str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A task whose document was fetched, or failed, and the room that its copy takes."""

    task: Task
    room_bytes: int = 0


@dataclass(slots=True, kw_only=True)
class Fetchers:
    """``threads`` threads, started as they are needed. ``done`` is called in one of them with each task that has ended."""

    folder: SpoolFolder
    room: Room
    terms: Terms
    max_file_bytes: int | None
    threads: int
    done: Callable[[Fetched], None]
    skip: Skip | None = None
    _orders: SimpleQueue[Task | None] = field(default_factory=SimpleQueue[Task | None])
    _started: list[threading.Thread] = field(default_factory=list[threading.Thread])

    def fetch(self, task: Task) -> None:
        """Fetch the document of a task some time soon."""
        self._orders.put(task)
        if len(self._started) < self.threads:
            name = f"pdfbatch-fetch-{len(self._started) + 1}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            self._started.append(thread)
            thread.start()

    def stop(self, seconds: float) -> None:
        """Give up what is under way, and wait so long at most for the threads to end."""
        self.terms.recall.recall()
        self.room.close()
        for _ in self._started:
            self._orders.put(None)
        for thread in self._started:
            thread.join(seconds / len(self._started))

    def _work(self) -> None:
        while (task := self._orders.get()) is not None:
            if not self.terms.recall.recalled:
                self.done(self._fetched(task))

    def _fetched(self, task: Task) -> Fetched:
        try:
            return self._copied(task)
        except DocumentError as error:
            failure = Failure(cause=error.cause, message=str(error), transient=error.transient)
        except Exception as error:  # noqa: BLE001 (isolation is the purpose: the thread must live on)
            message = f"{task.document.file_path}: {type(error).__name__}: {error}"
            failure = Failure(cause=Cause.INTERNAL, message=message)
        return Fetched(task=replace(task, failure=failure))

    def _copied(self, task: Task) -> Fetched:
        found = remoteinputs.listed(task.document) or remoteinputs.fingerprint(task.document, self.terms)
        remoteinputs.checked(task.document, found, self.max_file_bytes)
        if self.skip is not None and self.skip(task.document, str(found)):
            return Fetched(task=replace(task, copy=LocalCopy(path="", fingerprint=str(found))))
        with self._room_for(remoteinputs.RANGE_BYTES if found.size_bytes is None else found.size_bytes) as size_bytes:
            path = self.folder.new_path()
            self._write(task.document, found, path)
        return Fetched(task=replace(task, copy=LocalCopy(path=path, fingerprint=str(found))), room_bytes=size_bytes)

    @contextmanager
    def _room_for(self, size_bytes: int) -> Generator[int]:
        """Room that is given back when the block fails."""
        if not self.room.take(size_bytes):
            raise DocumentError("The spool was closed", cause=Cause.CANCELLED)
        try:
            yield size_bytes
        except BaseException:
            self.room.give_back(size_bytes)
            raise

    def _write(self, document: Document, found: Fingerprint, path: str) -> None:
        try:
            with open(path, "xb") as file:
                file.writelines(remoteinputs.body(document, found, self.max_file_bytes, self.terms))
        except BaseException as error:
            with suppress(OSError):
                os.unlink(path)
            if isinstance(error, OSError):  # of this disk: a storage's errors come translated
                raise storage_error(error, path) from error
            raise
