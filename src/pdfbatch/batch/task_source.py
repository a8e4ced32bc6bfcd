"""The way of documents to the workers: those that are finished or have a twin leave it, the others become tasks."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

from pdfbatch.batch.duplicate_filter import DuplicateFilter
from pdfbatch.batch.resume import ResumeState
from pdfbatch.errors import DocumentError
from pdfbatch.model import Document, DocumentResult
from pdfbatch.prefetch import Prefetcher
from pdfbatch.storage import DEADLINE_SECONDS, Fingerprint, fingerprint
from pdfbatch.tasks import LocalCopy, ReadTask

# So many documents may leave the way before the batch gets its turn.
AT_ONCE = 200


@dataclass(slots=True, kw_only=True)
class TaskSource:
    """An iterator of tasks, and of ``None`` while there is none: then it calls ``wake``, or a document must end first.

    ``positions`` has the positions of the documents that were read from ``documents`` and have not ended. ``history`` is
    that of the output, to be set before it begins; ``duplicates`` is ``None`` where each document is read. Used in one
    thread, as a context manager.
    """

    documents: Iterator[Document]
    positions: Mapping[str, int]
    wake: Callable[[], None]
    history: ResumeState | None = None
    duplicates: DuplicateFilter | None = None
    max_file_bytes: int | None = None
    seconds: float = DEADLINE_SECONDS
    fetches: bool = True
    _spool: Prefetcher = field(init=False)
    _skipped: deque[DocumentResult] = field(default_factory=deque[DocumentResult])
    _first: Iterator[ReadTask | None] | None = None
    _error: Exception | None = None
    _unread: Iterator[Document] | None = None

    def __post_init__(self) -> None:
        """Put the spool behind the sieve."""
        self._spool = Prefetcher(
            documents=self._sieved(),
            wake=self.wake,
            max_file_bytes=self.max_file_bytes,
            seconds=self.seconds,
            fetches=self.fetches,
            hashes=self.duplicates is not None,
        )

    def __enter__(self) -> Self:
        """The intake itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the spool."""
        self._spool.close()

    def __iter__(self) -> Self:
        """The intake itself."""
        return self

    def begin(self) -> None:
        """Read the first documents, so that remote ones are on their way while the workers start."""
        if self.history is not None and self.history.finished is not None:
            self._spool.skip = self._is_finished
        try:
            self._first = iter((next(self),))
        except Exception:  # noqa: BLE001 (StopIteration too: it is raised again when a task is asked for)
            self._first = None

    def __next__(self) -> ReadTask | None:
        """A task, or ``None`` when none is ready."""
        if self._first is not None and (first := next(self._first, None)) is not None:
            return first
        if self.duplicates is not None and self.duplicates.copies:
            return self._begun(self.duplicates.copies.popleft())
        try:
            task = next(self._spool)
        except Exception:  # StopIteration too: raised when all that has left the way is told
            if self._left():
                self.wake()
                return None
            raise
        return None if task is None else self._looked_at(task)

    def ended(self) -> Iterator[DocumentResult]:
        """Results of documents that have left the way, each once."""
        while self._skipped:
            yield self._skipped.popleft()
        while self.duplicates is not None and self.duplicates.shared:
            yield self.duplicates.shared.popleft()

    def settle(self, result: DocumentResult, position: int) -> None:
        """A document has ended: its copy goes, its twins may come back."""
        self._spool.release(result.document.document_uuid)
        if self.duplicates is not None:
            self.duplicates.ended(result, position)

    def not_given(self, *, unread: bool) -> Iterator[Document]:
        """Once it is closed: the documents that neither became tasks nor ended; with ``unread`` those still to come, too."""
        if self.duplicates is not None:
            yield from self.duplicates.held()
        self._unread = self.documents if unread else iter(())
        yield from (document for document in self._spool.pending() if document is not None)

    def _sieved(self) -> Iterator[Document | None]:
        """Documents to be read; ``None`` when the batch should have its turn, or a twin must end first."""
        while self._unread is None:
            if self._left() >= AT_ONCE:
                self.wake()
                yield None
            elif self.duplicates is not None and self.duplicates.unlike:
                yield self.duplicates.unlike.popleft()
            elif (document := self._next_document()) is not None:
                if not self._leaves(document):
                    yield document
            elif self._left() or self._may_come_back():
                if self._left():
                    self.wake()
                yield None
            elif self._error is not None:
                raise self._error
            else:
                return
        yield from self._unread

    def _next_document(self) -> Document | None:
        try:
            return next(self.documents, None)
        except Exception as error:  # noqa: BLE001 (the caller's source: what has been read ends first, then it is raised)
            self._error = error
            return None

    def _left(self) -> int:
        """How many documents have left the way and not been told of."""
        duplicates = self.duplicates
        shared = 0 if duplicates is None else len(duplicates.shared) + len(duplicates.copies)
        return len(self._skipped) + shared

    def _may_come_back(self) -> bool:
        """Whether a document waits for its twin, or may when its bytes have come."""
        return self.duplicates is not None and bool(self.duplicates.waiting or self._spool.pending_count)

    def _leaves(self, document: Document) -> bool:
        """Whether a document need not be read."""
        found = self._found(document)
        if found is None:
            return False
        position = self.positions[document.document_uuid]
        if self._skip(document, str(found)):
            if self.duplicates is not None:
                self.duplicates.remember(document, found, position)
            return True
        return self.duplicates is not None and self.duplicates.take(document, found, position)

    def _found(self, document: Document) -> Fingerprint | None:
        """The fingerprint of a document, if somebody wants to know and that takes no request."""
        resumes = self.history is not None and self.history.finished is not None
        if document.is_remote or not (resumes or self.duplicates is not None):
            return None
        try:
            return fingerprint(document)
        except DocumentError:  # the worker will meet it, too
            return None

    def _skip(self, document: Document, fingerprint: str) -> bool:
        result = None if self.history is None else self.history.skipped(document, fingerprint)
        if result is not None:
            self._skipped.append(result)
        return result is not None

    def _is_finished(self, document: Document, fingerprint: str) -> bool:
        """Called in threads of the spool, which only read."""
        return self.history is not None and self.history.skipped(document, fingerprint) is not None

    def _looked_at(self, task: ReadTask) -> ReadTask | None:
        """The task, unless the spool found its document to be finished, or to have a twin."""
        document, copy = task.document, task.local_copy
        if copy is None:
            return self._begun(task)
        if copy.path:
            if not self._has_twin(document, copy):
                return self._begun(task)
            self._spool.release(document.document_uuid)
        elif not self._skip(document, copy.fingerprint):
            return self._begun(replace(task, local_copy=None))
        self.wake()
        return None

    def _has_twin(self, document: Document, copy: LocalCopy) -> bool:
        if self.duplicates is None:
            return False
        found, position = Fingerprint.parse(copy.fingerprint), self.positions[document.document_uuid]
        return self.duplicates.take(document, found, position, copy.digest)

    def _begun(self, task: ReadTask) -> ReadTask:
        if self.history is None or not self.history.begin(task.document):
            return task
        return replace(task, resume=True)
