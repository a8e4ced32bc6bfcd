"""What is going on in a batch, beside its counts: documents in flight, what workers are on, what failed, what took long."""

from collections.abc import Mapping
from dataclasses import dataclass

MOST_SHOWN = 32
"""A status names so many documents in flight, and so many workers, at most."""

MOST_FAILURES = 40
"""A status names so many failed documents at most; of each cause the latest ``FAILURES_PER_CAUSE``."""

FAILURES_PER_CAUSE = 5
MOST_SLOW = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentProgress:
    """How far a document is that a worker has begun and that has not ended.

    ``pages`` are those that have been read, ``ocr_pages`` those of them that were read by OCR. ``total_pages`` is 0 until the
    document has been opened. ``seconds`` have passed since a worker began it.
    """

    document_uuid: str
    file_path: str
    pages: int = 0
    ocr_pages: int = 0
    total_pages: int = 0
    seconds: float = 0.0

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON-ready data."""
        return {
            "document_uuid": self.document_uuid,
            "file_path": self.file_path,
            "pages": self.pages,
            "ocr_pages": self.ocr_pages,
            "total_pages": self.total_pages,
            "seconds": round(self.seconds, 1),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerActivity:
    """What one worker is on: a document, and the page of it, 0 while it is on none (it opens, or writes).

    ``seconds`` have passed since it began that page, or the task where it is on no page.
    """

    document_uuid: str
    file_path: str
    page: int = 0
    seconds: float = 0.0

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON-ready data."""
        return {
            "document_uuid": self.document_uuid,
            "file_path": self.file_path,
            "page": self.page,
            "seconds": round(self.seconds, 1),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedDocument:
    """A document that failed, and why. ``cause`` is a value of ``Cause``."""

    document_uuid: str
    file_path: str
    cause: str
    message: str = ""

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON-ready data."""
        return {
            "document_uuid": self.document_uuid,
            "file_path": self.file_path,
            "cause": self.cause,
            "message": self.message,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowDocument:
    """A document that has ended, and the seconds that workers spent on it."""

    document_uuid: str
    file_path: str
    seconds: float
    pages: int = 0
    ocr_pages: int = 0

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON-ready data."""
        return {
            "document_uuid": self.document_uuid,
            "file_path": self.file_path,
            "seconds": round(self.seconds, 1),
            "pages": self.pages,
            "ocr_pages": self.ocr_pages,
        }


def counts_as_dict(counts: Mapping[str, int]) -> dict[str, int]:
    """Return counts by name as JSON-ready data, the most frequent first."""
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))
