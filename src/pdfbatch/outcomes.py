"""From pages to a document's status: pure rules, the same for a whole document, a joined one and one that was given up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pdfbatch.errors import Cause
from pdfbatch.model import Counts, Document, DocumentResult, DocumentStatus, Failure, Page, Reason, TextSource
from pdfbatch.tasks import DuplicateOf

_STATUS_OF_CAUSE = {
    Cause.TIMEOUT: DocumentStatus.TIMED_OUT,
    Cause.WORKER_LOST: DocumentStatus.CRASHED,
    Cause.MEMORY_LIMIT: DocumentStatus.OUT_OF_MEMORY,
}


def concluded(
    document: Document,
    pages: Sequence[Page],
    *,
    failure: Failure | None = None,
    pdf_metadata: Mapping[str, str] | None = None,
    ocr_seconds: float = 0.0,
) -> DocumentResult:
    """The result of a document whose pages were read; ``failure`` is one of the document itself, such as its time limit.

    A document without a failure of its own is ``failed`` (or ``timed_out`` ...) when every page failed, ``partial`` when
    some did, ``empty`` when there is no text on any page, else ``succeeded``.
    """
    failure = failure or _common_failure(pages)
    counts = counted(pages, ocr_seconds)
    return DocumentResult(
        document=document.without_content(),
        status=_status(counts, failure),
        pages=tuple(pages),
        failure=failure,
        pdf_metadata=pdf_metadata or {},
        counts=counts,
    )


def failed(document: Document, failure: Failure) -> DocumentResult:
    """The result of a document of which nothing could be read."""
    status = _STATUS_OF_CAUSE.get(failure.cause, DocumentStatus.FAILED)
    return DocumentResult(document=document.without_content(), status=status, failure=failure)


def as_duplicate(result: DocumentResult, document: Document, duplicate_of: DuplicateOf) -> DocumentResult:
    """The result of a twin, as that of a document with the same bytes."""
    return replace(
        result,
        document=document.without_content(),
        status=DocumentStatus.DUPLICATE,
        attempts=1,
        duration_seconds=0.0,
        counts=replace(result.counts, ocr_seconds=0.0),
        duplicate_of=duplicate_of.document_uuid,
        fingerprint=duplicate_of.own_fingerprint,
    )


def out_of_time(name: str, limit: float | None) -> Failure:
    """The failure of a document that used up its time."""
    seconds = "limit" if limit is None else f"limit of {limit:g} s"
    return Failure(
        cause=Cause.TIMEOUT, message=f"{name}: not finished within the document's {seconds} (document_timeout)"
    )


def lost_pages(numbers: Iterable[int], failure: Failure) -> tuple[Page, ...]:
    """Pages that could not be read, all for one reason."""
    return tuple(Page(number=number, reason=str(failure.cause), failure=failure) for number in numbers)


def counted(pages: Sequence[Page], ocr_seconds: float = 0.0) -> Counts:
    """What the pages amount to."""
    sources = [page.source for page in pages]
    return Counts(
        pages=len(pages),
        text_pages=sources.count(TextSource.TEXT_LAYER),
        ocr_pages=sources.count(TextSource.OCR),
        blank_pages=sum(page.reason == Reason.BLANK for page in pages),
        failed_pages=sum(page.failure is not None for page in pages),
        characters=sum(len(page.text) for page in pages),
        ocr_seconds=ocr_seconds,
    )


def _status(counts: Counts, failure: Failure | None) -> DocumentStatus:
    if failure is not None:
        return _STATUS_OF_CAUSE.get(failure.cause, DocumentStatus.FAILED)
    if counts.failed_pages:
        return DocumentStatus.PARTIAL
    return DocumentStatus.SUCCEEDED if counts.characters else DocumentStatus.EMPTY


def _common_failure(pages: Sequence[Page]) -> Failure | None:
    """The failure of a document of which every page failed: that of its first page."""
    failures = [page.failure for page in pages if page.failure is not None]
    return failures[0] if failures and len(failures) == len(pages) else None
