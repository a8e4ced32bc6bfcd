"""Rules that make a result from pages or from a failure. They do no I/O and read no clock."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pdfbatch.errors import Cause
from pdfbatch.model import (
    Counts,
    Document,
    DocumentExtras,
    DocumentResult,
    DocumentStatus,
    Failure,
    Note,
    Page,
    Reason,
    Reread,
    TextSource,
)
from pdfbatch.tasks import DuplicateOf

_STATUS_OF_CAUSE = {
    Cause.TIMEOUT: DocumentStatus.TIMED_OUT,
    Cause.WORKER_LOST: DocumentStatus.CRASHED,
    Cause.MEMORY_LIMIT: DocumentStatus.OUT_OF_MEMORY,
}

_OF_LANGUAGE = frozenset({Note.OTHER_LANGUAGE, Note.LANGUAGE_NOT_INSTALLED})


def build_result(
    document: Document,
    pages: Sequence[Page],
    *,
    failure: Failure | None = None,
    missing: Failure | None = None,
    pdf_metadata: Mapping[str, str] | None = None,
    ocr_seconds: float = 0.0,
    extras: DocumentExtras | None = None,
) -> DocumentResult:
    """Return the result of a document whose pages were read.

    ``failure`` is one of the whole document, such as its time limit; ``missing`` says that the document lacks some of the
    pages asked for, or is the cover of files that are not read. Without ``failure``, the status is ``failed`` (or
    ``timed_out`` ...) when every page failed, or the cover of such files has no text; ``partial`` when some pages did, were
    read in part or are missing, ``empty`` when no page has text, else ``succeeded``. When every page failed, the failure of the
    first page is that of the document.
    """
    if failure is None and pages and all(_is_lost(page) for page in pages):
        failure = pages[0].failure
    counts = count_pages(pages, ocr_seconds)
    if failure is not None:
        status = _failed_status(failure)
    elif missing is not None and missing.cause is Cause.UNSUPPORTED and not counts.characters:
        status, failure = DocumentStatus.FAILED, missing
    elif counts.failed_pages or missing is not None:
        status, failure = DocumentStatus.PARTIAL, missing
    else:
        status = DocumentStatus.SUCCEEDED if counts.characters else DocumentStatus.EMPTY
    return DocumentResult(
        document=document.without_content(),
        status=status,
        pages=tuple(pages),
        failure=failure,
        pdf_metadata=pdf_metadata or {},
        counts=counts,
        extras=extras or DocumentExtras(),
    )


def failed_result(document: Document, failure: Failure) -> DocumentResult:
    """Return the result of a document of which nothing could be read."""
    return DocumentResult(document=document.without_content(), status=_failed_status(failure), failure=failure)


def as_duplicate(result: DocumentResult, document: Document, duplicate_of: DuplicateOf) -> DocumentResult:
    """Return the result of one document as that of its duplicate, which cost no time of its own."""
    return replace(
        result,
        document=document.without_content(),
        status=DocumentStatus.DUPLICATE,
        attempts=1,
        duration_seconds=0.0,
        counts=replace(result.counts, ocr_seconds=0.0, ocr_cpu_seconds=0.0),
        duplicate_of=duplicate_of.document_uuid,
        fingerprint=duplicate_of.own_fingerprint,
    )


def timeout_failure(name: str, limit: float | None) -> Failure:
    """Return the failure of a document that used up its time. ``name`` is its path, ``limit`` is in seconds."""
    seconds = "limit" if limit is None else f"limit of {limit:g} s"
    return Failure(
        cause=Cause.TIMEOUT, message=f"{name}: not finished within the document's {seconds} (document_timeout)"
    )


def failed_pages(numbers: Iterable[int], failure: Failure) -> tuple[Page, ...]:
    """Return pages without text that all have the same failure."""
    return tuple(Page(number=number, reason=str(failure.cause), failure=failure) for number in numbers)


def count_pages(pages: Sequence[Page], ocr_seconds: float = 0.0) -> Counts:
    """Return the counts of a document with these pages."""
    text_pages = ocr_pages = failed = characters = other_language = 0
    reasons = dict[str, int]()
    for page in pages:
        text_pages += page.source == TextSource.TEXT_LAYER
        ocr_pages += page.source == TextSource.OCR
        failed += page.failure is not None
        other_language += page.note in _OF_LANGUAGE
        reasons[page.reason] = reasons.get(page.reason, 0) + 1
        if page.text and not page.text.isspace():  # white space alone is no text
            characters += len(page.text)
    counts = Counts(
        pages=len(pages),
        text_pages=text_pages,
        ocr_pages=ocr_pages,
        blank_pages=reasons.get(Reason.BLANK, 0),
        failed_pages=failed,
        characters=characters,
        ocr_seconds=ocr_seconds,
        reasons=reasons if len(reasons) < 2 else dict(sorted(reasons.items())),
        other_language_pages=other_language,
    )
    read = [page.ocr for page in pages if page.ocr is not None]
    if not read:  # as in most documents
        return counts
    return replace(
        counts,
        ocr_readings=sum(ocr.readings for ocr in read),
        turned_pages=sum(ocr.reread is Reread.TURNED for ocr in read),
        reread_pages=sum(ocr.reread is Reread.WEAK for ocr in read),
        failed_readings=sum(ocr.failed_reading != "" for ocr in read),
        ocr_cpu_seconds=round(sum(ocr.cpu_seconds for ocr in read), 4),
    )


def _is_lost(page: Page) -> bool:
    """Return whether a page failed, and no part of it was read."""
    return page.failure is not None and not (page.text.strip() and page.failure.cause is Cause.MALFORMED)


def _failed_status(failure: Failure) -> DocumentStatus:
    return _STATUS_OF_CAUSE.get(failure.cause, DocumentStatus.FAILED)
