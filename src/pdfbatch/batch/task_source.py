"""Turn documents into tasks: leave out finished ones, hold duplicates back, download remote ones."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from types import TracebackType
from typing import Self

from pdfbatch.batch.duplicate_filter import DuplicateFilter
from pdfbatch.batch.resume import ResumeState
from pdfbatch.model import Document, DocumentResult
from pdfbatch.prefetch import FetchSettings, Prefetcher, Skip
from pdfbatch.tasks import ReadTask, SourceItem


@dataclass(slots=True, kw_only=True)
class TaskSource:
    """An iterator over what becomes of ``documents``: a task, or the results of some that no worker needs to read.

    ``None`` means that nothing is ready: either the source calls ``wake`` when something is, or a document has to end first.

    ``resume_state`` is ``None`` without an output, ``duplicates`` where each document is read, ``fetch_settings`` where
    workers elsewhere download for themselves, because a copy on this machine is of no use to them.

    An error of ``documents`` is raised after all that came before it. Use it in one thread, as a context manager.
    """

    documents: Iterator[Document | None]
    wake: Callable[[], None]
    resume_state: ResumeState | None
    duplicates: DuplicateFilter | None
    fetch_settings: FetchSettings | None
    _prefetcher: Prefetcher | None = field(init=False, default=None)
    _items: Iterator[SourceItem] = field(init=False)
    _error: Exception | None = field(init=False, default=None)
    _pid: int = field(init=False, default_factory=os.getpid)

    def __post_init__(self) -> None:
        """Put the stages in a row."""
        self._items = self._stages()

    def __enter__(self) -> Self:
        """Return the source itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop downloading, remove the copies and forget the documents that were met.

        A process that was forked since leaves all that to its parent.
        """
        if os.getpid() != self._pid:
            return
        if self._prefetcher is not None:
            self._prefetcher.close()
        if self.duplicates is not None:
            self.duplicates.close()

    def __iter__(self) -> Self:
        """Return the source itself."""
        return self

    def __next__(self) -> SourceItem:
        """Return what comes next, or ``None`` when nothing is ready."""
        try:
            return next(self._items)
        except StopIteration:
            if self._error is not None:
                raise self._error from None
            raise

    def start(self) -> bool:
        """Read documents, so that remote ones are downloaded while the workers start; return whether the first is ready.

        When it is not, call this again once ``wake`` was called.
        """
        with suppress(StopIteration):
            first = next(self._items)
            if first is None:
                return False
            self._items = chain((first,), self._items)
        return True

    def release(self, result: DocumentResult, position: int, body: bytes = b"") -> None:
        """Note that a document has ended: its copy can go, its duplicates can come. ``body`` is for a packed layout."""
        if self._prefetcher is not None:
            self._prefetcher.release(result.document.document_uuid)
        if self.duplicates is not None:
            self.duplicates.release(result, position, body)

    def release_skipped(self, results: list[DocumentResult], positions: list[int]) -> None:
        """Note that documents have ended that earlier batches had finished."""
        if self._prefetcher is not None or self.duplicates is not None:
            for result, position in zip(results, positions, strict=True):
                self.release(result, position)

    def _stages(self) -> Iterator[SourceItem]:
        """Return all stages that a document passes, in a row.

        documents -> resume filter -> duplicate filter -> prefetcher -> both filters again -> tasks

        Only after its download is it known whether a remote document is finished or a duplicate; local documents pass the
        second pair of filters untouched. A filter turns a task into a result or holds it back, and passes on all else.
        """
        resume_state, duplicates, settings = self.resume_state, self.duplicates, self.fetch_settings
        items: Iterator[SourceItem] = self._read_documents()
        if duplicates is not None:
            items = duplicates.requeue(items)
        if resume_state is not None:
            items = resume_state.filter(items)
        if duplicates is not None:
            items = duplicates.filter(items)
        if settings is not None:
            skip = None
            if resume_state is not None and resume_state.can_skip:
                skip = Skip(may_be_finished=resume_state.may_be_finished, is_finished=resume_state.is_finished)
            items = self._prefetcher = Prefetcher(tasks=items, wake=self.wake, settings=settings, skip=skip)
            if resume_state is not None:
                items = resume_state.filter_downloads(items)
            if duplicates is not None:
                items = duplicates.filter_downloads(items, self._prefetcher.release)
        return items if resume_state is None else resume_state.prepare(items)

    def _read_documents(self) -> Iterator[ReadTask | None]:
        """Yield a task for each document. What the caller's iterator raises must not end the stages behind it."""
        try:
            for document in self.documents:
                yield None if document is None else ReadTask(document=document)
        except Exception as error:  # noqa: BLE001 (raised when all that came before has ended)
            self._error = error
