"""Threads that fetch remote documents into files, a few dozen at one time, and the short way past them."""

import hashlib
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from queue import SimpleQueue

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
    iter_ranges,
    lane_to,
    listed_fingerprint,
    may_pass,
    options_of,
    remote_fingerprint,
    storage_error,
    url_of,
)
from pdfbatch.tasks import LocalCopy, ReadTask

Skip = Callable[[Document, str], bool]

# Threads wait, nearly all the time, so there are many; but of bodies so large, which are in memory in pieces of 16 MiB, so
# many come at one time.
_LARGE_BYTES = 1 << 20
_LARGE_AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A task whose document was fetched, or failed, and the place of its copy."""

    task: ReadTask
    place: LocalFile | None = None


@dataclass(frozen=True, slots=True)
class _Request:
    """A task whose document is to be fetched; ``seconds`` were spent on the short way, in vain."""

    task: ReadTask
    seconds: float = 0.0
    tries: int = 0


@dataclass(slots=True, kw_only=True)
class Downloader:
    """``threads`` threads, started as they are needed. ``done`` is called with each task that has ended, in one of them or in
    the event loop of a file system.
    """

    shelves: Directories
    terms: CallPolicy
    max_file_bytes: int | None
    threads: int
    done: Callable[[Download], None]
    skip: Skip | None = None
    hashes: bool = False
    _orders: SimpleQueue[_Request | None] = field(default_factory=SimpleQueue["_Request | None"])
    _started: list[threading.Thread] = field(default_factory=list[threading.Thread])
    _lanes: dict[str, tuple[Mapping[str, object], Lane | None]] = field(
        default_factory=dict[str, "tuple[Mapping[str, object], Lane | None]"], repr=False
    )
    _opening: threading.Lock = field(default_factory=threading.Lock)
    _starting: threading.Lock = field(default_factory=threading.Lock)
    _stopped: bool = False
    _large: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(_LARGE_AT_ONCE))

    def fetch(self, task: ReadTask) -> None:
        """Fetch the document of a task some time soon."""
        if not self._passes(self._lane_at_hand(task), task):
            self._order(_Request(task))

    def stop(self, seconds: float) -> None:
        """Give up what is under way, and wait so long at most for the threads to end."""
        end = time.monotonic() + seconds
        with self._starting:
            self._stopped = True
        self.terms.recall.recall()
        self.shelves.close()
        for _ in self._started:
            self._orders.put(None)
        for _, lane in list(self._lanes.values()):
            if lane is not None:
                lane.stop(seconds / 2)
        for thread in self._started:
            thread.join(max(0.0, end - time.monotonic()))

    def _order(self, order: _Request) -> None:
        """Leave an order for the threads; called in a thread of the batch and in event loops."""
        self._orders.put(order)
        with self._starting:
            if self._stopped or len(self._started) >= self.threads:  # a thread of which nobody knows would never end
                return
            name = f"pdfbatch-fetch-{len(self._started) + 1}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            self._started.append(thread)
            thread.start()

    def _work(self) -> None:
        while (order := self._orders.get()) is not None:
            if self.terms.recall.recalled or (not order.tries and self._passes(self._lane(order.task), order.task)):
                continue
            self.done(self._fetched(order))

    # --- the short way --------------------------------------------------------------------------------------------

    def _lane_at_hand(self, task: ReadTask) -> Lane | None:
        """The lane to where a document is, without loading the client: a listing has done so, or a thread will."""
        if listed_fingerprint(task.document) is not None:
            return self._lane(task)
        return self._lanes.get(_identity(options_of(task.document)), ({}, None))[1]

    def _lane(self, task: ReadTask) -> Lane | None:
        """The lane to where a document is, made when it is first wanted."""
        if not self._may_pass(task.document):
            return None
        options = options_of(task.document)
        identity = _identity(options)
        with self._opening:
            if identity not in self._lanes:
                lane = None
                with suppress(Exception):  # the long way will say what is wrong
                    lane = lane_to(task.document, self.terms, hashes=self.hashes)
                self._lanes[identity] = (options, lane)
            return self._lanes[identity][1]

    def _may_pass(self, document: Document) -> bool:
        """Whether a document may go the short way. One that was not listed is asked for at once, unless that could be for
        nothing: because an earlier batch has finished it, or by a limit.
        """
        is_known = listed_fingerprint(document) is not None
        is_wanted = self.skip is None and (self.max_file_bytes is None or self.max_file_bytes >= SMALL_BYTES)
        return (is_known or is_wanted) and may_pass(document)

    def _passes(self, lane: Lane | None, task: ReadTask) -> bool:
        """Whether a document goes the short way."""
        if lane is None or not lane.works or not self._may_pass(task.document):
            return False
        found, limit = listed_fingerprint(task.document), self.max_file_bytes
        passing = _Passing(self, lane, task, found)
        if found is not None and found.size_bytes is not None:
            is_too_large = limit is not None and found.size_bytes > limit
            if is_too_large or (self.skip is not None and self.skip(task.document, str(found))):
                return False
            passing.place = self.shelves.place_now(found.size_bytes)
            if passing.place is None:
                return False
        size = None if found is None else found.size_bytes
        lane.take(Passage(url_of(task.document), size, passing.file, passing.done))
        return True

    def go_on(self, task: ReadTask, seconds: float) -> None:
        """A document that did not get through the short way takes the long one, less the time that was spent."""
        self._order(_Request(task, seconds, tries=1))

    # --- the long way ---------------------------------------------------------------------------------------------

    def _fetched(self, order: _Request) -> Download:
        task, terms = order.task, replace(self.terms, used_seconds=order.seconds)
        with count_retries() as again:
            fetched = self._attempted(task, terms)
        retries = order.tries + again.count
        return replace(fetched, task=replace(fetched.task, storage_retries=retries)) if retries else fetched

    def _attempted(self, task: ReadTask, terms: CallPolicy) -> Download:
        try:
            return self._copied(task, terms)
        except DocumentError as error:
            failure = Failure(cause=error.cause, message=str(error), transient=error.transient)
        except Exception as error:  # noqa: BLE001 (isolation is the purpose: the thread must live on)
            message = f"{task.document.file_path}: {type(error).__name__}: {error}"
            failure = Failure(cause=Cause.INTERNAL, message=message)
        return Download(task=replace(task, failure=failure))

    def _copied(self, task: ReadTask, terms: CallPolicy) -> Download:
        found = listed_fingerprint(task.document) or remote_fingerprint(task.document, terms)
        check_found_size(task.document, found, self.max_file_bytes)
        if self.skip is not None and self.skip(task.document, str(found)):
            return Download(task=replace(task, local_copy=LocalCopy(path="", fingerprint=str(found))))
        with self._place_for(RANGE_BYTES if found.size_bytes is None else found.size_bytes) as place:
            is_large = found.size_bytes is None or found.size_bytes > _LARGE_BYTES
            with self._large if is_large else nullcontext():
                digest = self._write(task.document, found, place.path, terms)
        copy = LocalCopy(path=place.path, fingerprint=str(found), digest=digest)
        return Download(task=replace(task, local_copy=copy), place=place)

    @contextmanager
    def _place_for(self, size_bytes: int) -> Generator[LocalFile]:
        """A place that is cleared when the block fails."""
        place = self.shelves.place(size_bytes)
        if place is None:
            raise DocumentError("The spool was closed", cause=Cause.CANCELLED)
        try:
            yield place
        except BaseException:
            place.clear()
            raise

    def _write(self, document: Document, found: Fingerprint, path: str, terms: CallPolicy) -> str:
        """Write the bytes into a file. Returns their hash, in the words of ``fingerprints.of_bytes``, if it is wanted."""
        digest, size = hashlib.sha256(), 0
        try:
            with open(path, "xb") as file:
                for data in iter_ranges(document, found, self.max_file_bytes, terms):
                    size += file.write(data)
                    if self.hashes:
                        digest.update(data)
        except OSError as error:  # of this disk: a storage's errors come translated
            raise storage_error(error, path) from error
        return str(Fingerprint(size_bytes=size, tag=f"sha256={digest.hexdigest()}")) if self.hashes else ""


@dataclass(slots=True)
class _Passing:
    """A document on the short way."""

    fetchers: Downloader
    lane: Lane
    task: ReadTask
    found: Fingerprint | None
    place: LocalFile | None = None
    begun: float = field(default_factory=time.monotonic)

    def file(self, told: Fingerprint | None) -> str | None:
        """Where its bytes go: where there is room for them, now that it is known how many."""
        if told is not None and told.size_bytes is not None:
            self.found, self.place = told, self.fetchers.shelves.place_now(told.size_bytes)
        return None if self.place is None else self.place.path

    def done(self, is_whole: bool, digest: str) -> None:
        """It is there, or it is not."""
        if is_whole and self.place is not None:
            copy = LocalCopy(path=self.place.path, fingerprint=str(self.found), digest=digest)
            self.fetchers.done(Download(task=replace(self.task, local_copy=copy), place=self.place))
            return
        if self.place is not None:
            self.place.clear()
        self.fetchers.go_on(self.task, min(time.monotonic() - self.begun, self.lane.seconds))


def _identity(options: Mapping[str, object]) -> str:
    """What is the same for all documents whose options are alike, as long as somebody holds some of them."""
    return repr(options) if options else ""
