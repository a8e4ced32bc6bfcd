"""Say on the pages of a document, and of the document, what it has beside them. The rules are written here once.

1. Pages of a document with a dynamic XFA form show nothing of it: each has a failure, whatever text it has.
2. The pages of a portfolio are a cover: the document lacks the files, which are not read.
3. Attachments and a static XFA form are no failure: the first page has a note.
"""

from collections.abc import Sequence
from dataclasses import replace

from pdfbatch.errors import Cause
from pdfbatch.model import DocumentExtras, Failure, Note, Page, Reason, Xfa


def mark_pages(name: str, pages: Sequence[Page], extras: DocumentExtras) -> Sequence[Page]:
    """Return the pages of a document, marked by what it has beside them. ``name`` is its path."""
    if extras.xfa is Xfa.DYNAMIC:
        return [_without_form(name, page) for page in pages]
    if extras.portfolio:
        return [replace(page, reason=Reason.PORTFOLIO_COVER) if _was_read(page) else page for page in pages]
    note = Note.ATTACHMENTS if extras.attachments else Note.STATIC_XFA if extras.xfa is Xfa.STATIC else ""
    if not note or not pages or pages[0].note:
        return pages
    return [replace(pages[0], note=note), *pages[1:]]


def unread_files(name: str, extras: DocumentExtras) -> Failure | None:
    """Return the failure of a portfolio, whose files are not read; ``None`` for any other document."""
    if not extras.portfolio or extras.xfa is Xfa.DYNAMIC:
        return None
    files = "1 file" if extras.attachments == 1 else f"{extras.attachments} files"
    message = f"{name}: it is a portfolio: its pages are the cover of {files} embedded in it, which are not read"
    return Failure(cause=Cause.UNSUPPORTED, message=message)


def _without_form(name: str, page: Page) -> Page:
    if page.failure is not None:
        return page
    message = (
        f"{name}: page {page.number}: it only asks for another viewer, in which its dynamic XFA form would be seen"
    )
    return replace(page, reason=Reason.DYNAMIC_XFA, failure=Failure(cause=Cause.UNSUPPORTED, message=message))


def _was_read(page: Page) -> bool:
    return page.failure is None and page.reason != Reason.BLANK
