"""Download remote documents ahead of the workers, so that no worker waits for a network."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pdfbatch.model import DocumentResult, Failure
from pdfbatch.prefetch.skip import Skip
from pdfbatch.settings import RetryPolicy
from pdfbatch.storage import DEADLINE_SECONDS, REQUEST_RETRY, is_process_local
from pdfbatch.tasks import ReadTask, SourceItem

if TYPE_CHECKING:
    from pdfbatch.prefetch.downloader import Download, Downloader

_STOP_SECONDS = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSettings:
    """How remote documents are downloaded ahead of the workers.

    ``concurrency`` threads hold at most ``max_documents`` copies of ``max_bytes`` together; a document that is larger than
    that is held alone. A document larger than ``max_file_bytes`` is refused by its size, before its bytes are read. The first
    two numbers grow up to ``growth`` times when the storage is so far away, and the workers so many, that they wait for it.

    Copies lie in ``folder``, or where temporary files go. When that is ``/tmp``, small ones lie in a file system in memory
    instead (``/dev/shm`` on Linux), if it has room to spare, ``memory_bytes`` of them at most.

    ``retry`` and ``seconds`` bound the attempts and the time of each request. With ``hashes`` each copy carries a hash of its
    bytes.
    """

    max_file_bytes: int | None = None
    max_bytes: int = 512 << 20
    memory_bytes: int = 64 << 20
    max_documents: int = 128
    concurrency: int = 64
    growth: int = 4
    retry: RetryPolicy = REQUEST_RETRY
    seconds: float = DEADLINE_SECONDS
    folder: str | None = None
    hashes: bool = False


@dataclass(slots=True, kw_only=True)
class Prefetcher:
    """An iterator over ``tasks`` that downloads remote documents ahead; all else passes through it unchanged.

    A local document's task passes at once. A remote one comes when its document was downloaded, with a ``local_copy``, or
    with the ``failure`` of the download. ``None`` means that nothing is ready: the prefetcher calls ``wake`` when a download
    has ended since. ``tasks`` may yield ``None`` for the same reason.

    It reads nothing from ``tasks`` while it holds as many copies as ``settings`` allow. As long as it has copies to give, it
    reads on only when a quarter of that is free, because many requests made at once cost less each. When there is nothing to
    give though as many documents are asked for as it may hold, it holds and asks for twice as many from then on, up to the
    ``growth`` of the settings, unless a call had to be repeated: such a storage has enough to do.

    Threads of the prefetcher ask ``skip`` before they download a body; when it knows the version as finished, the task comes
    with a copy that has a fingerprint and no path.

    It raises what ``tasks`` raised, after all that came before. Use it in one thread, as a context manager: leaving it ends
    its threads and removes the copies within two seconds, whatever the storage does.
    """

    tasks: Iterator[SourceItem]
    wake: Callable[[], None]
    settings: FetchSettings = FetchSettings()
    skip: Skip | None = None
    _downloader: "Downloader | None" = None
    _ready: "SimpleQueue[Download]" = field(default_factory=SimpleQueue["Download"])
    _downloading: int = 0
    _handed_out: "dict[str, Download]" = field(default_factory=dict[str, "Download"])
    _end: Exception | None = None
    _is_full: bool = False
    _is_waiting: bool = False
    _is_ready_next: bool = False
    _times: int = 1
    _given: int = 0
    _has_trouble: bool = False

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def __iter__(self) -> Self:
        """Return itself."""
        return self

    def __next__(self) -> SourceItem:
        """Return what comes next, or ``None`` when nothing is ready."""
        item = self._next_ready()
        if item is None and self._starves():
            self._grow()
            return self._next_ready()
        return item

    def release(self, document_uuid: str) -> None:
        """Remove the copy of a document that has ended, so that another one can take its place."""
        download = self._handed_out.pop(document_uuid, None)
        if download is not None and download.file is not None:
            download.file.remove()

    def close(self) -> None:
        """Stop downloading and remove all copies; calling it again does nothing."""
        if self._downloader is not None:
            self._downloader.stop(_STOP_SECONDS)
            self._downloader.directories.remove()

    def _next_ready(self) -> ReadTask | DocumentResult | None:
        """Start as many downloads as there is room for, and return what comes next."""
        # New tasks come before copies that are ready: else no download would start before all copies are given. What passes
        # through takes turns with copies, because a long row of results must not keep the workers waiting.
        while self._reads_on() and not (self._is_ready_next and not self._ready.empty()):
            item = self._next_item()
            if item is None:
                break
            if not self._starts_download(item):
                self._is_ready_next = True
                return item
        self._is_ready_next = False
        self._is_waiting = True  # before the look at the queue: a download that arrives after it calls ``wake``
        if not self._ready.empty():  # only this thread takes from it
            self._is_waiting = False
            return self._take()
        if self._end is not None and not self._downloading:
            raise self._end
        return None

    def _starves(self) -> bool:
        """Return whether more downloads at one time would help: one round trip's worth of them was not enough."""
        if (
            self._downloader is None
            or self._end is not None
            or self._has_trouble
            or self._times >= self.settings.growth
        ):
            return False
        return self._is_full and self._downloading > len(self._handed_out) and self._given >= self._downloader.threads

    def _grow(self) -> None:
        self._times *= 2
        self._given = 0
        if self._downloader is not None:
            self._downloader.threads = self.settings.concurrency * self._times

    def _reads_on(self) -> bool:
        """Return whether there is room for further documents, and enough of it to be worth while."""
        held, most = self._downloading + len(self._handed_out), self.settings.max_documents * self._times
        self._is_full = held >= most or (self._is_full and held > most - most // 4 and not self._ready.empty())
        return self._end is None and not self._is_full

    def _next_item(self) -> SourceItem:
        try:
            return next(self.tasks)
        except Exception as error:  # noqa: BLE001 (StopIteration too: raised when all that came before has been given)
            self._end = error
            return None

    def _starts_download(self, item: ReadTask | list[DocumentResult]) -> bool:
        """Start a download if the item needs one; return whether it did. A duplicate's text is in the output already."""
        if isinstance(item, list) or item.duplicate_of is not None:
            return False
        if not item.document.is_remote or is_process_local(item.document.file_path):
            return False
        self._downloading += 1
        try:
            self._downloader = self._downloader or self._make_downloader()
        except OSError as error:  # no room for temporary files: the next document meets that, too
            self._ready.put(self._failed_download(item, error))
            return True
        self._downloader.fetch(item)
        return True

    def _take(self) -> ReadTask:
        download = self._ready.get_nowait()
        self._downloading -= 1
        self._given += 1
        failure = download.task.failure
        if download.task.storage_retries or (failure is not None and failure.transient):
            self._has_trouble = True
        self._handed_out[download.task.document.document_uuid] = download
        return download.task

    def _failed_download(self, task: ReadTask, error: OSError) -> "Download":
        from pdfbatch.prefetch.directories import temporary_folder  # noqa: PLC0415
        from pdfbatch.prefetch.downloader import Download  # noqa: PLC0415
        from pdfbatch.storage import temporary_storage_error  # noqa: PLC0415

        found = temporary_storage_error(error, os.path.join(temporary_folder(self.settings.folder), ""))
        failure = Failure(cause=found.cause, message=str(found), transient=found.transient)
        return Download(task=replace(task, failure=failure))

    def _make_downloader(self) -> "Downloader":
        from pdfbatch.prefetch.directories import find_memory_folder, make_directories  # noqa: PLC0415
        from pdfbatch.prefetch.downloader import Downloader  # noqa: PLC0415 (tenacity, which local documents do not need)
        from pdfbatch.storage import CallPolicy  # noqa: PLC0415 (as above)

        settings, memory_folder = self.settings, find_memory_folder()
        return Downloader(
            directories=make_directories(settings.folder, settings.max_bytes, settings.memory_bytes, memory_folder),
            policy=CallPolicy(retry=settings.retry, seconds=settings.seconds),
            max_file_bytes=settings.max_file_bytes,
            threads=settings.concurrency,
            deliver=self._on_download,
            skip=self.skip,
            hashes=settings.hashes,
        )

    def _on_download(self, download: "Download") -> None:
        """Queue a download. Called in a thread of the downloader."""
        self._ready.put(download)
        if self._is_waiting:  # a reader that is busy comes for it without being woken
            self._is_waiting = False
            self.wake()
