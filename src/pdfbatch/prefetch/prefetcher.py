"""Documents become tasks, and remote ones are fetched ahead, so that no worker waits for a network."""

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
    """An iterator of tasks, and of ``None`` while every document to come is still under way: then it calls ``wake`` later.

    Local documents pass at once. Remote ones are fetched by ``concurrency`` threads into files of a private folder, and come
    as they are ready, with a ``copy``; one that cannot be fetched comes with its ``failure``. At most ``max_documents`` of
    them are held, and ``max_bytes`` (one that is larger is held alone); while the spool is full, or ``None`` is given, nothing
    is read from ``documents``. As long as it has copies to give, it reads on only when a quarter of it is free: requests that
    are made many at once cost less. A document that is larger than ``max_file_bytes`` is refused by its size, unread.

    Copies lie in ``folder``, or where temporary files go. When that is ``/tmp``, small ones lie in a file system in memory
    instead, if there is one with room to spare (Linux's ``/dev/shm``), ``memory_bytes`` of them at most.

    ``documents`` gives ``None``, too, while there is none to give.

    ``retry`` and ``seconds`` bound the tries and the time of each remote request. ``skip`` is asked, in a thread of the spool,
    before a body is fetched; when it says so the task comes with a copy that has a fingerprint and no path. Nothing is
    fetched with ``fetches=False``. With ``hashes`` each copy says the hash of its bytes.

    What ``documents`` raises is raised here when all before it has been given. Used in one thread. A context manager: leaving
    it ends the threads and removes the copies within two seconds, whatever the storage does.
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
    _fetchers: "Downloader | None" = None
    _ready: "SimpleQueue[Download]" = field(default_factory=SimpleQueue["Download"])
    _waiting: dict[str, Document] = field(default_factory=dict[str, Document])
    _given: "dict[str, Download]" = field(default_factory=dict[str, "Download"])
    _end: Exception | None = None
    _full: bool = False
    _awaited: bool = False

    def __enter__(self) -> Self:
        """The spool itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def __iter__(self) -> Self:
        """The spool itself."""
        return self

    def __next__(self) -> ReadTask | None:
        """A task, or ``None`` when none is ready."""
        while self._reads_on():
            document = self._next_document()  # before what is ready: else no more is fetched until all of that is given
            if document is None:
                break
            if (task := self._task(document)) is not None:
                return task
        self._awaited = True  # before the look: what arrives after it wakes
        if not self._ready.empty():  # nobody else takes from it
            self._awaited = False
            return self._taken(self._ready.get_nowait())
        if self._end is not None and not self._waiting:
            raise self._end
        return None

    @property
    def fetching(self) -> int:
        """How many documents were read and have not been given."""
        return len(self._waiting)

    def release(self, document_uuid: str) -> None:
        """A document has ended: its copy is removed, and another one may take its place."""
        fetched = self._given.pop(document_uuid, None)
        if fetched is not None and fetched.place is not None:
            fetched.place.clear()

    def not_given(self) -> Iterator[Document | None]:
        """The documents that were not given as tasks, once the spool is closed: those at hand, and those not read yet."""
        yield from self._waiting.values()
        if self._end is None:
            yield from self.documents

    def close(self) -> None:
        """Give up what is being fetched and remove all copies; can be repeated."""
        if self._fetchers is not None:
            self._fetchers.stop(_STOP_SECONDS)
            self._fetchers.shelves.remove()

    def _reads_on(self) -> bool:
        """Whether there is room for further documents, and enough of it to be worth while."""
        held, most = len(self._waiting) + len(self._given), self.max_documents
        self._full = held >= most or (self._full and held > most - most // 4 and not self._ready.empty())
        return self._end is None and not self._full

    def _next_document(self) -> Document | None:
        try:
            return next(self.documents)
        except Exception as error:  # noqa: BLE001 (StopIteration too: raised when all that is under way has been given)
            self._end = error
            return None

    def _task(self, document: Document) -> ReadTask | None:
        """The task of a document; ``None`` when it must be fetched first."""
        task = ReadTask(document=document, resume=self.resume)
        if not (self.fetches and document.is_remote) or is_process_local(document.file_path):
            return task
        self._waiting[document.document_uuid] = document
        self._started().fetch(task)
        return None

    def _taken(self, fetched: "Download") -> ReadTask:
        identity = fetched.task.document.document_uuid
        del self._waiting[identity]
        self._given[identity] = fetched
        return fetched.task

    def _started(self) -> "Downloader":
        if self._fetchers is None:
            self._fetchers = self._new_fetchers()
        return self._fetchers

    def _new_fetchers(self) -> "Downloader":
        from pdfbatch.prefetch.directories import memory_place, shelves  # noqa: PLC0415
        from pdfbatch.prefetch.downloader import Downloader  # noqa: PLC0415 (tenacity, which local documents spare)
        from pdfbatch.storage import terms  # noqa: PLC0415

        return Downloader(
            shelves=shelves(self.folder, self.max_bytes, self.memory_bytes, memory_place()),
            terms=terms(self.retry, self.seconds),
            max_file_bytes=self.max_file_bytes,
            threads=self.concurrency,
            done=self._arrived,
            skip=self.skip,
            hashes=self.hashes,
        )

    def _arrived(self, fetched: "Download") -> None:
        """Called in a thread of the spool. A reader that has work does without being woken for each copy."""
        self._ready.put(fetched)
        if self._awaited:
            self._awaited = False
            self.wake()
