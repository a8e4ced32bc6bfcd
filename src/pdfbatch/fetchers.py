"""Threads that fetch remote documents into files, a few dozen at one time, and the short way past them."""

import hashlib
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from queue import SimpleQueue

from pdfbatch import remoteinputs
from pdfbatch.causes import Cause
from pdfbatch.errors import DocumentError
from pdfbatch.fingerprints import Fingerprint
from pdfbatch.lane import Lane, Passage, lane_to, may_pass
from pdfbatch.model import Document, Failure
from pdfbatch.remotecalls import Terms
from pdfbatch.repeats import counting
from pdfbatch.spoolshelf import Place, Shelves
from pdfbatch.storageerrors import storage_error
from pdfbatch.tasks import LocalCopy, Task

Skip = Callable[[Document, str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A task whose document was fetched, or failed, and the place of its copy."""

    task: Task
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class _Order:
    """A task whose document is to be fetched; ``seconds`` were spent on the short way, in vain."""

    task: Task
    seconds: float = 0.0
    tries: int = 0


@dataclass(slots=True, kw_only=True)
class Fetchers:
    """``threads`` threads, started as they are needed. ``done`` is called with each task that has ended, in one of them or in
    the event loop of a file system.
    """

    shelves: Shelves
    terms: Terms
    max_file_bytes: int | None
    threads: int
    done: Callable[[Fetched], None]
    skip: Skip | None = None
    hashes: bool = False
    _orders: SimpleQueue[_Order | None] = field(default_factory=SimpleQueue["_Order | None"])
    _started: list[threading.Thread] = field(default_factory=list[threading.Thread])
    _lanes: dict[int, tuple[Mapping[str, object], Lane | None]] = field(
        default_factory=dict[int, "tuple[Mapping[str, object], Lane | None]"]
    )
    _opening: threading.Lock = field(default_factory=threading.Lock)

    def fetch(self, task: Task) -> None:
        """Fetch the document of a task some time soon."""
        if not self._passes(self._lane(task), task):
            self._order(_Order(task))

    def stop(self, seconds: float) -> None:
        """Give up what is under way, and wait so long at most for the threads to end."""
        end = time.monotonic() + seconds
        self.terms.recall.recall()
        self.shelves.close()
        for _ in self._started:
            self._orders.put(None)
        for _, lane in list(self._lanes.values()):
            if lane is not None:
                lane.stop(seconds / 2)
        for thread in self._started:
            thread.join(max(0.0, end - time.monotonic()))

    def _order(self, order: _Order) -> None:
        self._orders.put(order)
        if len(self._started) < self.threads:
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

    def _lane(self, task: Task) -> Lane | None:
        """The lane to where a document is, made when it is first wanted; a listing has opened the file system before."""
        if not may_pass(task.document):
            return None
        options = remoteinputs.options_of(task.document)
        identity = _identity(options)
        with self._opening:
            if identity not in self._lanes:
                lane = None
                with suppress(Exception):  # the long way will say what is wrong
                    lane = lane_to(task.document, self.terms, hashes=self.hashes)
                self._lanes[identity] = (options, lane)
            return self._lanes[identity][1]

    def _passes(self, lane: Lane | None, task: Task) -> bool:
        """Whether a document goes the short way."""
        found, limit = remoteinputs.listed(task.document), self.max_file_bytes
        if (
            lane is None
            or found is None
            or not (size := found.size_bytes)
            or not (may_pass(task.document) and lane.works)
        ):
            return False
        if (limit is not None and size > limit) or (self.skip is not None and self.skip(task.document, str(found))):
            return False
        if (place := self.shelves.place_now(size)) is None:
            return False
        begun = time.monotonic()

        def done(is_whole: bool, digest: str) -> None:
            if is_whole:
                copy = LocalCopy(path=place.path, fingerprint=str(found), digest=digest)
                self.done(Fetched(task=replace(task, copy=copy), place=place))
            else:
                place.clear()
                spent = min(time.monotonic() - begun, lane.seconds)
                self._order(_Order(task, spent, tries=1))

        lane.take(Passage(remoteinputs.address_of(task.document), size, place.path, done))
        return True

    # --- the long way ---------------------------------------------------------------------------------------------

    def _fetched(self, order: _Order) -> Fetched:
        task, terms = order.task, replace(self.terms, spent_seconds=order.seconds)
        with counting() as again:
            fetched = self._attempted(task, terms)
        repeats = order.tries + again.count
        return replace(fetched, task=replace(fetched.task, repeats=repeats)) if repeats else fetched

    def _attempted(self, task: Task, terms: Terms) -> Fetched:
        try:
            return self._copied(task, terms)
        except DocumentError as error:
            failure = Failure(cause=error.cause, message=str(error), transient=error.transient)
        except Exception as error:  # noqa: BLE001 (isolation is the purpose: the thread must live on)
            message = f"{task.document.file_path}: {type(error).__name__}: {error}"
            failure = Failure(cause=Cause.INTERNAL, message=message)
        return Fetched(task=replace(task, failure=failure))

    def _copied(self, task: Task, terms: Terms) -> Fetched:
        found = remoteinputs.listed(task.document) or remoteinputs.fingerprint(task.document, terms)
        remoteinputs.checked(task.document, found, self.max_file_bytes)
        if self.skip is not None and self.skip(task.document, str(found)):
            return Fetched(task=replace(task, copy=LocalCopy(path="", fingerprint=str(found))))
        with self._place_for(remoteinputs.RANGE_BYTES if found.size_bytes is None else found.size_bytes) as place:
            digest = self._write(task.document, found, place.path, terms)
        copy = LocalCopy(path=place.path, fingerprint=str(found), digest=digest)
        return Fetched(task=replace(task, copy=copy), place=place)

    @contextmanager
    def _place_for(self, size_bytes: int) -> Generator[Place]:
        """A place that is cleared when the block fails."""
        place = self.shelves.place(size_bytes)
        if place is None:
            raise DocumentError("The spool was closed", cause=Cause.CANCELLED)
        try:
            yield place
        except BaseException:
            place.clear()
            raise

    def _write(self, document: Document, found: Fingerprint, path: str, terms: Terms) -> str:
        """Write the bytes into a file. Returns their hash, in the words of ``fingerprints.of_bytes``, if it is wanted."""
        digest, size = hashlib.sha256(), 0
        try:
            with open(path, "xb") as file:
                for data in remoteinputs.body(document, found, self.max_file_bytes, terms):
                    size += file.write(data)
                    if self.hashes:
                        digest.update(data)
        except OSError as error:  # of this disk: a storage's errors come translated
            raise storage_error(error, path) from error
        return str(Fingerprint(size_bytes=size, tag=f"sha256={digest.hexdigest()}")) if self.hashes else ""


def _identity(options: Mapping[str, object]) -> int:
    """What is the same for all documents that share options, while somebody holds them."""
    return id(options) if options else 0
