"""Read a source of documents in a thread of its own, so that results come while it waits."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from contextvars import copy_context
from typing import Self

from pdfbatch.model import Document

READ_AHEAD, MOST_READ_AHEAD = 32, 512
"""Documents that are read before anybody asks for them: so many, or up to the most where each is taken in less than this time,
which is too short for any to be read by a worker."""
FAST_SECONDS = 0.0002
_BYTES_AHEAD = 8 << 20  # of documents that have no file; of these no more than ``READ_AHEAD`` are larger together
_STOP_SECONDS = 0.5


class SourceReader:
    """An iterator over the documents of a source, and ``None`` while the source has nothing ready.

    The source's ``next`` runs in a thread of its own, a daemon, with the context of the caller. A few documents are read ahead,
    no more: what a source hands out should not wait long. Only documents that are taken very fast, as when a finished batch is
    resumed, come in larger numbers, because two threads that take turns cost more than to read most of them. ``wake`` is called
    when a document is there after ``None`` was returned, and at the end. ``close``, which ends the source, is called in that
    thread, too, so that a generator is closed where it has run all the time. A source that is stuck in ``next`` when the batch
    ends keeps its thread, and is closed when it comes back.

    An error of the source is raised after all documents before it.
    """

    def __init__(self, documents: Iterator[Document], wake: Callable[[], None], close: Callable[[], None]) -> None:
        self._documents = documents
        self._close_source = close
        self._wake = wake
        self._ready = deque[Document]()
        self._room = threading.Event()
        self._most = READ_AHEAD
        self._bytes_read = self._bytes_taken = 0
        self._taken, self._taken_since = 0, time.monotonic()
        self._error: BaseException | None = None
        self._has_ended = False
        self._is_closed = False
        self._is_hungry = False
        self._thread: threading.Thread | None = None
        self._has_first = threading.Event()

    def __iter__(self) -> Self:
        """Return the reader itself."""
        return self

    def start(self, seconds: float) -> None:
        """Start to read, and wait at most so long for the first document: most sources have it at once."""
        context = copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._read,), name="pdfbatch-source", daemon=True)
        self._thread.start()
        self._has_first.wait(seconds)

    def __next__(self) -> Document | None:
        """Return the next document, or ``None`` when it is not there yet."""
        self._is_hungry = True  # before the look: a document that comes after it wakes
        has_ended = self._has_ended
        if self._ready:
            self._is_hungry = False
            return self._take()
        if not has_ended:
            return None
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        raise StopIteration

    def close(self) -> None:
        """Read no further, and wait a moment for the thread to end."""
        self._is_closed = True
        self._room.set()
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)

    def _take(self) -> Document:
        document = self._ready.popleft()
        if document.content is not None:
            self._bytes_taken += len(document.content)
        self._taken += 1
        if self._taken >= self._most:
            now = time.monotonic()
            is_fast = now - self._taken_since < self._taken * FAST_SECONDS
            self._most = min(MOST_READ_AHEAD, self._most * 2) if is_fast else max(READ_AHEAD, self._most // 2)
            self._taken, self._taken_since = 0, now
        if not self._room.is_set() and len(self._ready) <= self._most // 2:
            self._room.set()
        return document

    def _has_room(self) -> bool:
        count, size = len(self._ready), self._bytes_read - self._bytes_taken
        return count < READ_AHEAD or (count < self._most and size < _BYTES_AHEAD)

    def _wait_for_room(self) -> bool:
        """Wait until half of what is read ahead has been taken, if there is no room; return whether to go on."""
        while not self._has_room() and not self._is_closed:
            self._room.clear()
            if not self._has_room() and not self._is_closed:  # else it was taken just before
                self._room.wait()
        return not self._is_closed

    def _read(self) -> None:
        try:
            while self._wait_for_room():
                document = next(self._documents)
                if document.content is not None:
                    self._bytes_read += len(document.content)
                self._ready.append(document)
                if not self._has_first.is_set():
                    self._has_first.set()
                self._wake_if_hungry()
        except StopIteration:
            pass
        except BaseException as error:  # noqa: BLE001 (raised in the thread of the batch)
            self._error = error
        finally:
            self._has_ended = True
            self._has_first.set()
            self._wake_if_hungry()
            with suppress(Exception):  # a source that refuses to end is at its end all the same
                self._close_source()

    def _wake_if_hungry(self) -> None:
        if self._is_hungry:
            self._is_hungry = False
            self._wake()
