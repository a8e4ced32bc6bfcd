"""How sinks put a status into words: one line, plain ASCII, safe to print whatever a document is called."""

from pdfbatch.report import BatchStatus


def progress(status: BatchStatus) -> str:
    """The status as one line: how much is done, how fast, and how long it will still take."""
    parts = [f"{status.processed:,}/{counted(status.total_documents, 'document')}", *figures(status)]
    if status.eta_seconds is not None:
        parts.append(f"{clock(status.eta_seconds)} left")
    return ", ".join(parts)


def figures(status: BatchStatus) -> list[str]:
    """Failures, pages and rate, each as a few words."""
    return [
        f"{status.failed:,} failed",
        f"{counted(status.pages, 'page')} ({status.ocr_pages:,} by OCR)",
        f"{status.documents_per_hour:,.0f} documents/h",
    ]


def counted(number: int, noun: str) -> str:
    """``1 page``, ``2,353 pages``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def clock(seconds: float) -> str:
    """A time span as ``h:mm:ss``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def one_line(text: str) -> str:
    """The text with line breaks, escape sequences and all else that is not printable made visible.

    A document's name must not start a new log line, and must not steer the terminal that shows it.
    """
    return "".join(character if character.isprintable() else _escaped(character) for character in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
