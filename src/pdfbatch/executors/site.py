"""The worker's side of engines beyond one machine: documents run in pdfbatch's own supervised processes there, too.

An engine (Dask, Ray, Celery) brings a *slice* to one of its workers: a few tasks, and the work to do. There a *site* does them:
a ``ProcessExecutor`` that stays warm from slice to slice, so that limits, kills and blame by page hold as on one machine. There
is one for each kind of work in each process of the engine. It ends when its pool ends, and by itself when no slice has come for
``IDLE_SECONDS``, because the word that a pool has ended does not reach every worker of every engine.

All that crosses the border is a mapping of plain values, so that any serializer can carry it (for JSON, put base64 around the
bytes). The versions stand in it as plain text and are compared *before* anything is unpickled: a worker of another version
answers with a refusal.

What an engine delivers twice is done twice: tasks may be, see ``Work``.
"""

import hashlib
import logging
import os
import pickle
import platform
import socket
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from functools import cache
from queue import Empty, SimpleQueue
from typing import TypedDict, cast

from pdfbatch.errors import Cause, PoolBrokenError, PoolStartError, describe_error
from pdfbatch.executors.cpus import available_cpus
from pdfbatch.executors.process import ProcessExecutor, ProcessPool, encode_result
from pdfbatch.executors.ready_tasks import ReadyTasks, share_settings
from pdfbatch.model import Counts, Document, DocumentResult, Failure, Page
from pdfbatch.ports import Findings, Needs, SupportsInspection, Work
from pdfbatch.prefetch import FetchSettings
from pdfbatch.tasks import JoinTask, PartialDocument, PartTask, ReadTask, Task, TaskResult

log: logging.Logger = logging.getLogger(__name__)

IDLE_SECONDS = 30.0
"""How long a site waits for the next slice before it ends."""
SLICE_SECONDS = 1.0
"""How long a slice takes at most, but for what has begun by then: the rest goes back undone, and waits behind no scan."""

_AHEAD = 3  # tasks of a slice that the site's pool has for each of its workers: more could not be given back
_MAX_SITES = 4  # in one process, each for another work
_MAX_STOPPED = 1_000
_POLL_SECONDS = 0.2
_TRAVELLERS = (
    Document,
    Failure,
    Page,
    Counts,
    DocumentResult,
    PartialDocument,
    ReadTask,
    PartTask,
    JoinTask,
    TaskResult,
)


class Versions(TypedDict):
    """What must be the same on both sides, because pickled values have no names of fields in them."""

    pdfbatch: str
    python: str
    fields: str


class Slice(TypedDict):
    """Tasks that an engine carries to one of its workers together, as plain values."""

    versions: Versions
    pool: str
    """Id of the pool that sends it."""
    work: bytes
    """The pickled work."""
    tasks: list[bytes]
    """The pickled tasks."""
    seconds: float
    """What has not begun after so many seconds goes back undone; the first task always begins."""
    parts: bool
    """Whether it is a part of a split document: pages for OCR."""


class Answer(TypedDict):
    """What a worker answers to a slice, as plain values."""

    versions: Versions
    worker: str
    """Host and process, for messages."""
    refusal: str
    """Why the worker cannot do any such work; empty when it can. Where the versions differ, nothing was unpickled."""
    results: list[bytes | None]
    """The encoded ``TaskResult`` of each task, ``None`` where it was not begun: send it again."""
    seconds: float
    """How long the slice took here, but for the time when its workers only waited for downloads."""


class Question(TypedDict):
    """What a worker is asked about itself, as plain values."""

    versions: Versions
    work: bytes
    """The pickled work."""
    probe: str
    languages: str
    input_path: str


class Reply(TypedDict):
    """What a worker says of itself, as plain values. Where the versions differ, the rest says nothing."""

    versions: Versions
    worker: str
    platform: str
    cpus: int
    memory_bytes: int | None
    isolates: bool
    engines: dict[str, str]
    missing_ocr: str
    hidden_output: str
    hidden_input: str


@cache
def find_versions() -> Versions:
    """Return the versions of this process."""
    from pdfbatch import __version__  # noqa: PLC0415 (the package imports the executors when they are asked for)

    names = [(kind.__name__, [one.name for one in fields(kind)]) for kind in _TRAVELLERS]
    digest = hashlib.sha256(repr(names).encode()).hexdigest()[:8]
    return Versions(pdfbatch=__version__, python=".".join(platform.python_version_tuple()[:2]), fields=digest)


def name_worker() -> str:
    """Return host and process id of this process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def describe_worker(question: Question) -> Reply:
    """Return what this process is, and what it finds of all that the work needs. Unpickles nothing of another version."""
    findings, versions = Findings(), find_versions()
    if question["versions"] == versions:
        needs = Needs(probe=question["probe"], languages=question["languages"], input_path=question["input_path"])
        try:
            work: object = pickle.loads(question["work"])  # noqa: S301 (of a client that may run its code here anyway)
        except Exception as error:  # noqa: BLE001 (a class that is not there, say)
            findings = Findings(hidden_output=f"the work cannot be loaded: {describe_error(error)}")
        else:
            findings = work.inspect(needs) if isinstance(work, SupportsInspection) else findings
    return Reply(
        versions=versions,
        worker=name_worker(),
        platform=f"{sys.platform}-{platform.machine()}",
        cpus=available_cpus(),
        memory_bytes=_find_memory(),
        isolates=os.name == "posix",
        engines=dict(findings.engines),
        missing_ocr=findings.missing_ocr,
        hidden_output=findings.hidden_output,
        hidden_input=findings.hidden_input,
    )


def _find_memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def do_slice(received: Slice, workers: int = 1, at_once: int = 0) -> Answer:
    """Do the tasks of a slice in the site of their work, which has ``workers`` processes. Raises nothing for what a task does.

    Callable in several threads. Leaves undone what has not begun when the slice's seconds are over, or its pool was stopped.
    With ``at_once``, so many of the slice's tasks run at one time at most.
    """
    answer = Answer(versions=find_versions(), worker=name_worker(), refusal="", results=[], seconds=0.0)
    if received["versions"] != answer["versions"]:
        return {**answer, "refusal": "the versions differ"}
    pool_id, data = received["pool"], received["tasks"]
    if _SITES.is_stopped(pool_id):
        return {**answer, "results": [None] * len(data)}
    try:
        site = _SITES.enter(received["work"], pool_id, workers)
    except PoolStartError as error:
        return {**answer, "refusal": str(error)}
    started_at = time.monotonic()  # only now: to start a site takes long, and says nothing of the tasks
    try:
        end = started_at + received["seconds"]
        results, waited = site.run(pool_id, data, end, at_once or _AHEAD * site.workers)
    except PoolBrokenError as error:
        _SITES.discard(site)
        return {**answer, "refusal": str(error)}
    finally:
        _SITES.leave(site)
    return {**answer, "results": results, "seconds": time.monotonic() - started_at - waited}


def stop_pool(pool_id: str) -> None:
    """Give back what of a pool has not begun in this process, now and later, and kill what has. Callable in any thread."""
    _SITES.stop(pool_id)


def release_pool(pool_id: str) -> None:
    """End the sites of this process that worked for this pool only: it was left. Callable in any thread."""
    _SITES.release(pool_id)


# --- sites ------------------------------------------------------------------------------------------------------------


def close_sites() -> None:
    """End all sites of this process, at once."""
    _SITES.close_all()


@dataclass(slots=True, eq=False)
class _Site:
    """A warm pool for one work. ``users`` are the pools that it works for, ``slices`` the number of slices in it.

    ``fetch_settings`` say how each slice downloads documents ahead.
    """

    digest: str
    pool: ProcessPool
    workers: int
    fetch_settings: FetchSettings
    users: set[str] = field(default_factory=set[str])
    slices: int = 0
    idle_since: float = 0.0
    is_closed: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, pool_id: str, data: Sequence[bytes], end: float, ahead: int) -> tuple[list[bytes | None], float]:
        """Do tasks until the end of their time. Return their results, and how long no worker had one for want of a download.

        The result of a task that has not begun is ``None``. The time of the second value does not count.
        """
        results: list[bytes | None] = [None] * len(data)
        ended = SimpleQueue[Future[TaskResult] | None]()
        running, waited, has_begun = dict[Future[TaskResult], tuple[int, Task]](), 0.0, False
        with ReadyTasks(data, self.fetch_settings, wake=lambda: ended.put(None)) as tasks:
            while True:
                is_late = has_begun and time.monotonic() >= end + waited
                if is_late or self.is_closed or _SITES.is_stopped(pool_id):
                    tasks.drop()
                    for future in list(running):
                        future.cancel()  # which only those can be that no worker has
                while len(running) < ahead and (ready := tasks.take()) is not None:
                    future = self._submit(ready[1])
                    running[future] = ready
                    future.add_done_callback(ended.put)
                    has_begun = True
                if not running and tasks.is_exhausted:
                    return results, waited
                is_idle, before = not running, time.monotonic()
                with suppress(Empty):
                    if (done := ended.get(timeout=_POLL_SECONDS)) is not None:
                        number, task = running.pop(done)
                        results[number] = self._take(pool_id, done, task)
                        tasks.release(task)
                waited += time.monotonic() - before if is_idle else 0.0

    def _submit(self, task: Task) -> Future[TaskResult]:
        with self._lock:  # a pool takes tasks from one thread at a time
            return self.pool.submit(task)

    def _take(self, pool_id: str, future: Future[TaskResult], task: Task) -> bytes | None:
        if future.cancelled():
            return None
        result = future.result()
        if self._was_cut_off(result) and not _SITES.is_stopped(pool_id):
            return None  # another pool was stopped, and its site with it: this task has to be done again
        return encode_result(_with_retries(result, task))

    def _was_cut_off(self, result: TaskResult) -> bool:
        return self.is_closed and result.failure is not None and result.failure.cause is Cause.CANCELLED

    def close(self) -> None:
        """End the pool: kill what is running."""
        self.is_closed = True
        self.pool.__exit__(PoolBrokenError, PoolBrokenError("the site was closed"), None)


class _Sites:
    """The sites of this process. A process that was forked from this one begins without any."""

    def __init__(self, idle_seconds: float = IDLE_SECONDS) -> None:
        self._idle_seconds = idle_seconds
        self._reset()

    def _reset(self) -> None:
        self._owner = os.getpid()
        self._lock = threading.RLock()
        self._sites = dict[str, _Site]()
        self._stopped = dict[str, None]()
        self._watch_thread: threading.Thread | None = None

    def _check_process(self) -> None:
        if self._owner != os.getpid():
            self._reset()

    def is_stopped(self, pool_id: str) -> bool:
        """Return whether a pool was left by an exception."""
        self._check_process()
        return pool_id in self._stopped

    def enter(self, work: bytes, pool_id: str, workers: int) -> _Site:
        """Return the site for a work, with one slice more in it; start it if need be. Raises ``PoolStartError``."""
        self._check_process()
        digest = hashlib.sha256(work).hexdigest()
        with self._lock:
            site = self._sites.get(digest)
            if site is None:
                site = self._sites[digest] = _start_site(digest, work, workers)
                self._start_watch()
            site.users.add(pool_id)
            site.slices += 1
            surplus = [one for one in self._sites.values() if not one.slices][: max(0, len(self._sites) - _MAX_SITES)]
        self._close(surplus)
        return site

    def leave(self, site: _Site) -> None:
        """Note that a slice has left its site."""
        with self._lock:
            site.slices -= 1
            site.idle_since = time.monotonic()

    def discard(self, site: _Site) -> None:
        """End a site whose pool broke."""
        self._close([site])

    def stop(self, pool_id: str) -> None:
        """Refuse a pool from now on, and end the sites that have worked for it."""
        self._check_process()
        with self._lock:
            self._stopped[pool_id] = None
            for old in list(self._stopped)[:-_MAX_STOPPED]:
                del self._stopped[old]
            sites = [site for site in self._sites.values() if pool_id in site.users]
        self._close(sites)

    def release(self, pool_id: str) -> None:
        """End the sites that have worked for this pool and for no other."""
        self._check_process()
        with self._lock:
            for site in self._sites.values():
                site.users.discard(pool_id)
            sites = [site for site in self._sites.values() if not site.users and not site.slices]
        self._close(sites)

    def close_all(self) -> None:
        """End all sites."""
        self._check_process()
        with self._lock:
            sites = list(self._sites.values())
        self._close(sites)

    def _close(self, sites: Sequence[_Site]) -> None:
        for site in sites:
            with self._lock:
                if self._sites.get(site.digest) is site:
                    del self._sites[site.digest]
            site.close()

    def _start_watch(self) -> None:
        if self._watch_thread is None or not self._watch_thread.is_alive():
            self._watch_thread = threading.Thread(target=self._watch_idle, name="pdfbatch-sites", daemon=True)
            self._watch_thread.start()

    def _watch_idle(self) -> None:
        """End sites that are idle, until there are none."""
        while True:
            time.sleep(1.0)
            now = time.monotonic()
            with self._lock:
                idle = [s for s in self._sites.values() if not s.slices and now - s.idle_since > self._idle_seconds]
            self._close(idle)
            with self._lock:
                if not self._sites:
                    self._watch_thread = None
                    return


def _start_site(digest: str, work: bytes, workers: int) -> _Site:
    """Start a site. Raises ``PoolStartError``, also when the work cannot be loaded here."""
    try:
        loaded = cast("Work", pickle.loads(work))  # noqa: S301 (of a client that may run its code here anyway)
    except Exception as error:
        raise PoolStartError(f"the work cannot be loaded here: {describe_error(error)}") from error
    pool = ProcessExecutor(workers=workers).start(loaded).__enter__()
    return _Site(digest, pool, workers, share_settings(loaded.limits, pool.folder, workers))


def _with_retries(result: TaskResult, task: Task) -> TaskResult:
    """Return a result with the repeated requests of a download ahead, of which the client's task does not know.

    The result of a document counts them already.
    """
    is_fetched = isinstance(task, ReadTask) and (task.local_copy is not None or task.failure is not None)
    if not is_fetched or not task.storage_retries or result.result is not None:
        return result
    return replace(result, storage_retries=result.storage_retries + task.storage_retries)


_SITES = _Sites()
