"""Format a status as text for sinks: one line of ASCII, safe to print whatever a document is called."""

from pdfbatch.activity import DocumentProgress, WorkerActivity
from pdfbatch.report import BatchStatus

SLOW_SECONDS = 5.0
"""A document that has been read for so long is named."""


def format_progress(status: BatchStatus) -> str:
    """Return the status as one line: documents done, failures, pages, rates, the time left and the document that takes long."""
    parts = [f"{status.processed:,}/{format_count(status.total_documents, 'document')}", *format_figures(status)]
    if status.eta_seconds is not None:
        parts.append(f"{format_duration(status.eta_seconds)} left")
    longest = next(iter(status.documents_in_flight), None)
    if longest is not None and longest.seconds >= SLOW_SECONDS and not status.state.ended:
        parts.append(f"longest {format_document(longest)}")
    return ", ".join(parts)


def format_figures(status: BatchStatus, *, is_narrow: bool = False) -> list[str]:
    """Return failures, pages and rates, each as a few words; where it ``is_narrow``, the rate of pages only.

    There are no rates before a page has been read.
    """
    figures = [f"{status.failed:,} failed", f"{format_pages(status)} ({status.ocr_pages:,} by OCR)"]
    if status.pages and not is_narrow:
        figures.append(f"{status.documents_per_hour:,.0f} documents/h")
    if status.pages:
        figures.append(f"{status.pages_per_hour:,.0f} pages/h")
    return figures


def format_pages(status: BatchStatus) -> str:
    """Return the pages that have been read, and of how many where the pages of all documents are known."""
    documents = status.documents_in_flight
    begun = status.processed + len(documents)
    if documents and begun >= status.total_documents and all(document.total_pages for document in documents):
        return f"{status.pages:,}/{format_count(status.total_pages, 'page')}"
    return format_count(status.pages, "page")


def format_document(document: DocumentProgress) -> str:
    """Return how far a document is: its name, pages, and since when it is read."""
    of_all = f"/{document.total_pages:,}" if document.total_pages else ""
    name = shorten(escape_unprintable(document.file_path))
    return f"{name} ({document.pages:,}{of_all} pages, {format_duration(document.seconds)})"


def format_activity(activity: WorkerActivity, width: int = 60) -> str:
    """Return what a worker is on: a document, the page, and for how long, in ``width`` columns or few more."""
    where = f" page {activity.page:,}" if activity.page else ""
    rest = f"{where}, {activity.seconds:.0f} s"
    return shorten(escape_unprintable(activity.file_path), max(16, width - len(rest))) + rest


def shorten(text: str, width: int = 60) -> str:
    """Return the end of a text that is longer than ``width``, because that is where names differ."""
    return text if len(text) <= width else f"...{text[3 - width :]}"


def format_count(number: int, noun: str) -> str:
    """Return a number with its noun: ``1 page``, ``2,353 pages``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def format_duration(seconds: float) -> str:
    """Return a duration as ``h:mm:ss``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def escape_unprintable(text: str) -> str:
    """Return the text with line breaks, escape sequences and other unprintable characters as backslash escapes.

    Without this, the name of a document could start a new log line, or control the terminal that shows it.
    """
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )
