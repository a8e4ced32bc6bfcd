"""Format a status as text for sinks: one line of ASCII, safe to print whatever a document is called."""

from pdfbatch.report import BatchStatus


def format_progress(status: BatchStatus) -> str:
    """Return the status as one line: documents done, failures, pages, rate and the time left."""
    parts = [f"{status.processed:,}/{format_count(status.total_documents, 'document')}", *format_figures(status)]
    if status.eta_seconds is not None:
        parts.append(f"{format_duration(status.eta_seconds)} left")
    return ", ".join(parts)


def format_figures(status: BatchStatus) -> list[str]:
    """Return failures, pages and rate, each as a few words."""
    return [
        f"{status.failed:,} failed",
        f"{format_count(status.pages, 'page')} ({status.ocr_pages:,} by OCR)",
        f"{status.documents_per_hour:,.0f} documents/h",
    ]


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
