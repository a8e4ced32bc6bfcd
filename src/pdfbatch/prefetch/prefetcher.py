"""Turn documents into tasks, and download remote ones ahead, so that no worker waits for a network."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pdfbatch.model import Document
from pdfbatch.settings import RetryPolicy
from pdfbatch.storage import DEADLINE_SECONDS, REQUEST_RETRY, is_process_local
from pdfbatch.tasks import ReadTask

if TYPE_CHECKING:
    from pdfbatch.prefetch.downloader import Download, Downloader, Skip

_STOP_SECONDS = 1.5


@dataclass(slots=True, kw_only=True)
class Prefetcher:
    """An iterator of tasks. It yields ``None`` while all remaining documents are being downloaded, and calls ``wake`` later.

    Local documents become tasks at once. ``concurrency`` threads download remote ones into files of a private folder; their
    tasks come as they are ready, with a ``local_copy``, or with a ``failure`` when they cannot be downloaded. A document larger
    than ``max_file_bytes`` is refused by its size, unread.

    At most ``max_documents`` remote documents are held, and ``max_bytes`` of them (a larger one is held alone). While that
    is full nothing is read from ``documents``. As long as copies are ready, reading goes on only when a quarter is free
    again, because many requests made together cost less. ``documents`` yields ``None``, too, while it has none to give.

    Copies are kept in ``folder``, or where temporary files go. When that is ``/tmp``, small ones go to a file system in
    memory instead, if there is one with room to spare (Linux's ``/dev/shm``), ``memory_bytes`` of them at most.

    ``retry`` and ``seconds`` bound the tries and the time of each remote request. A downloading thread calls ``skip`` before
    it reads a body; when that returns true, the task comes with a copy that has a fingerprint and no path. With ``hashes``
    each copy has the hash of its bytes. With ``fetches=False`` nothing is downloaded.

    An error that ``documents`` raises is raised here after everything before it. Used in one thread, as a context manager:
    leaving it ends the threads and removes the copies within two seconds, whatever the storage does.
    """

    documents: Iterator[Document | None]
    wake: Callable[[], None]
    resume: bool = False
    max_file_bytes: int | None = None
    max_bytes: int = 512 << 20
    memory_bytes: int = 64 << 20
    max_documents: int = 128
    concurrency: int = 64
    retry: RetryPolicy = REQUEST_RETRY
    seconds: float = DEADLINE_SECONDS
    folder: str | None = None
    fetches: bool = True
    skip: "Skip | None" = None
    hashes: bool = False
    _downloader: "Downloader | None" = None
    _ready: "SimpleQueue[Download]" = field(default_factory=SimpleQueue["Download"])
    _pending: dict[str, Document] = field(default_factory=dict[str, Document])
    _handed_out: "dict[str, Download]" = field(default_factory=dict[str, "Download"])
    _source_end: Exception | None = None
    _is_full: bool = False
    _is_waited_for: bool = False

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

    def __next__(self) -> ReadTask | None:
        """Return a task, or ``None`` when none is ready."""
        # New documents are requested before a finished copy is handed out: otherwise no download would start until all
        # ready copies had been handed out, and the workers would wait for one round trip after every full quota.
        while self._has_room():
            document = self._read_document()
            if document is None:
                break
            if (task := self._start_task(document)) is not None:
                return task
        self._is_waited_for = True  # before the look at the queue: a download that arrives after it calls ``wake``
        if not self._ready.empty():  # only this thread takes from it
            self._is_waited_for = False
            download = self._ready.get_nowait()
            document_uuid = download.task.document.document_uuid
            del self._pending[document_uuid]
            self._handed_out[document_uuid] = download
            return download.task
        if self._source_end is not None and not self._pending:
            raise self._source_end
        return None

    @property
    def pending_count(self) -> int:
        """Number of documents that are being downloaded, or wait to be handed out."""
        return len(self._pending)

    def release(self, document_uuid: str) -> None:
        """Remove the copy of a document that has ended, so that another one may take its place."""
        download = self._handed_out.pop(document_uuid, None)
        if download is not None and download.file is not None:
            download.file.remove()

    def pending(self) -> Iterator[Document | None]:
        """Yield, once it is closed, the documents that did not become tasks: those pending, and those not read yet."""
        yield from self._pending.values()
        if self._source_end is None:
            yield from self.documents

    def close(self) -> None:
        """Cancel all downloads and remove all copies; can be repeated."""
        if self._downloader is not None:
            self._downloader.stop(_STOP_SECONDS)
            self._downloader.directories.remove()

    def _has_room(self) -> bool:
        """Whether there is room for further documents, and enough of it to make requests together."""
        held, most = len(self._pending) + len(self._handed_out), self.max_documents
        self._is_full = held >= most or (self._is_full and held > most - most // 4 and not self._ready.empty())
        return self._source_end is None and not self._is_full

    def _read_document(self) -> Document | None:
        try:
            return next(self.documents)
        except Exception as error:  # noqa: BLE001 (StopIteration too: raised when all pending documents have been handed out)
            self._source_end = error
            return None

    def _start_task(self, document: Document) -> ReadTask | None:
        """Return the task of a document, or ``None`` when it must be downloaded first."""
        task = ReadTask(document=document, resume=self.resume)
        if not (self.fetches and document.is_remote) or is_process_local(document.file_path):
            return task
        if self._downloader is None:
            self._downloader = self._make_downloader()
        self._pending[document.document_uuid] = document
        self._downloader.fetch(task)
        return None

    def _make_downloader(self) -> "Downloader":
        from pdfbatch.prefetch.directories import find_memory_folder, make_directories  # noqa: PLC0415
        from pdfbatch.prefetch.downloader import Downloader  # noqa: PLC0415 (tenacity, which local documents do not need)
        from pdfbatch.storage import CallPolicy  # noqa: PLC0415 (as above)

        return Downloader(
            directories=make_directories(self.folder, self.max_bytes, self.memory_bytes, find_memory_folder()),
            policy=CallPolicy(retry=self.retry, seconds=self.seconds),
            max_file_bytes=self.max_file_bytes,
            threads=self.concurrency,
            deliver=self._on_download,
            skip=self.skip,
            hashes=self.hashes,
        )

    def _on_download(self, download: "Download") -> None:
        """Queue a download. Called in a thread of the downloader, or in the event loop of a file system."""
        self._ready.put(download)
        if self._is_waited_for:  # a reader that is busy comes for it without being woken
            self._is_waited_for = False
            self.wake()
