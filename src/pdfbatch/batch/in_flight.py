"""Documents in flight: how far each is, put together from what workers say and from the parts that have ended."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pdfbatch.activity import MOST_SHOWN, DocumentProgress, WorkerActivity
from pdfbatch.common import without_credentials
from pdfbatch.model import Document
from pdfbatch.ports import TaskProgress
from pdfbatch.tasks import JoinTask, PartTask

_MOST_CHARACTERS = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class PageWork:
    """Pages of one document: those read, those left, and the seconds that workers spent on those read.

    ``text_pages`` and ``ocr_pages`` have been read, ``pending_pages`` need OCR, and ``unread_pages`` nobody has looked at.
    ``ocr_wait`` is for how long a page has been in OCR that has not ended, ``open_seconds`` the sum over all ``open_pages``
    that have been begun and not ended. ``is_known`` says that the pages have been counted, ``is_split`` that several workers
    read them.
    """

    text_pages: int = 0
    ocr_pages: int = 0
    pending_pages: int = 0
    unread_pages: int = 0
    text_seconds: float = 0.0
    ocr_seconds: float = 0.0
    ocr_wait: float = 0.0
    open_pages: int = 0
    open_seconds: float = 0.0
    is_known: bool = False
    is_split: bool = False

    @property
    def pages(self) -> int:
        """Number of pages that have been read."""
        return self.text_pages + self.ocr_pages

    @property
    def total_pages(self) -> int:
        """Number of pages, 0 while they have not been counted."""
        return self.pages + self.pending_pages + self.unread_pages if self.is_known else 0


@dataclass(slots=True, kw_only=True)
class SplitProgress:
    """How far a split document is, by the parts that have ended."""

    document: Document
    began_at: float
    work: PageWork

    def end_part(self, pages: int, seconds: float) -> None:
        """Count a part that has ended."""
        work = self.work
        self.work = replace(
            work,
            ocr_pages=work.ocr_pages + pages,
            pending_pages=max(0, work.pending_pages - pages),
            ocr_seconds=work.ocr_seconds + seconds,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class InFlight:
    """All documents in flight. ``works`` are those of all; ``documents`` and ``activities`` name the longest ones."""

    works: tuple[PageWork, ...] = ()
    documents: tuple[DocumentProgress, ...] = ()
    activities: tuple[WorkerActivity, ...] = ()


NOTHING_IN_FLIGHT = InFlight()


@dataclass(slots=True)
class _Found:
    document: Document
    began_at: float
    work: PageWork


def find_in_flight(splits: Mapping[str, SplitProgress], tasks: Iterable[TaskProgress], now: float) -> InFlight:
    """Return how far documents are; ``tasks`` are what workers are on, ``now`` is of ``time.monotonic``."""
    running = list(tasks)
    found = {name: _Found(split.document, split.began_at, split.work) for name, split in splits.items()}
    for progress in running:
        if not isinstance(progress.task, JoinTask):
            _add_task(found, progress, now)
    oldest = sorted(found.values(), key=lambda each: each.began_at)
    longest = sorted(running, key=lambda progress: -progress.seconds)
    return InFlight(
        works=tuple(each.work for each in oldest),
        documents=tuple(_show_document(each, now) for each in oldest[:MOST_SHOWN]),
        activities=tuple(map(_show_worker, longest[:MOST_SHOWN])),
    )


def _add_task(found: dict[str, _Found], progress: TaskProgress, now: float) -> None:
    """Add what a worker is on to the documents in flight: one of its own, or a part of a split one."""
    document, work = progress.task.document, _work_of(progress)
    known = found.get(document.document_uuid)
    if known is None:
        found[document.document_uuid] = _Found(document, now - progress.seconds, work)
    elif isinstance(progress.task, PartTask):
        known.work = _with_part(known.work, work)


def show_path(document: Document) -> str:
    """Return the path of a document as a status has it: without secrets, and the end of it where it is very long."""
    path = without_credentials(document.file_path) if "://" in document.file_path else document.file_path
    return path if len(path) <= _MOST_CHARACTERS else f"...{path[-_MOST_CHARACTERS:]}"


def _work_of(progress: TaskProgress) -> PageWork:
    """Return the pages of one task. Its seconds belong to what it does now; those of the page it is on count for none yet."""
    seconds = max(0.0, progress.seconds - progress.page_seconds)
    unread = progress.total_pages - progress.text_pages - progress.ocr_pages - progress.pending_pages
    in_ocr = bool(progress.pending_pages or progress.ocr_pages) and not unread
    return PageWork(
        text_pages=progress.text_pages,
        ocr_pages=progress.ocr_pages,
        pending_pages=progress.pending_pages,
        unread_pages=unread,
        text_seconds=seconds if progress.text_pages and not in_ocr else 0.0,
        ocr_seconds=seconds if progress.ocr_pages else 0.0,
        ocr_wait=progress.page_seconds if in_ocr else 0.0,
        open_pages=1 if progress.page else 0,
        open_seconds=progress.page_seconds,
        is_known=progress.total_pages > 0,
    )


def _with_part(work: PageWork, part: PageWork) -> PageWork:
    """Return the pages of a split document with those that one of its parts has read so far."""
    read = min(part.pages, work.pending_pages)
    return replace(
        work,
        ocr_pages=work.ocr_pages + read,
        pending_pages=work.pending_pages - read,
        ocr_seconds=work.ocr_seconds + (part.ocr_seconds if read else 0.0),
        ocr_wait=max(work.ocr_wait, part.ocr_wait),
        open_pages=work.open_pages + part.open_pages,
        open_seconds=work.open_seconds + part.open_seconds,
    )


def _show_document(found: _Found, now: float) -> DocumentProgress:
    return DocumentProgress(
        document_uuid=found.document.document_uuid,
        file_path=show_path(found.document),
        pages=found.work.pages,
        ocr_pages=found.work.ocr_pages,
        total_pages=found.work.total_pages,
        seconds=max(0.0, now - found.began_at),
    )


def _show_worker(progress: TaskProgress) -> WorkerActivity:
    return WorkerActivity(
        document_uuid=progress.task.document.document_uuid,
        file_path=show_path(progress.task.document),
        page=progress.page,
        seconds=progress.page_seconds if progress.page else progress.seconds,
    )
