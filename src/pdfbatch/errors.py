"""Every error that pdfbatch raises.

    PdfBatchError
    ├── UsageError                 the caller can mend it; raised before any document is opened
    │   ├── NoDocumentsError       an input matches nothing
    │   ├── ManifestError          a manifest is not of the documented shape
    │   ├── DuplicateDocumentError two documents share an id
    │   ├── OutputError            the output cannot be written
    │   └── DependencyError        a package, program or language is not installed
    ├── DocumentError              one document or page cannot be read: becomes a Failure, never ends a batch
    ├── ExecutorError              a pool cannot do its work
    │   ├── PoolStartError         ... cannot start
    │   └── PoolBrokenError        ... broke while tasks were under way
    ├── StatusUnavailableError     the server that keeps the status cannot be reached
    └── BatchFailedError           raised on request: more failures than the caller accepts

Each takes one message, so that it survives pickling; extras are keyword-only with defaults.
"""

from enum import StrEnum


class Cause(StrEnum):
    """Why a document or page failed, as a stable code."""

    EMPTY_INPUT = "empty_input"
    NOT_A_FILE = "not_a_file"
    NOT_A_PDF = "not_a_pdf"
    MALFORMED = "malformed"
    PASSWORD_REQUIRED = "password_required"  # noqa: S105 (a cause, not a secret)
    LIMIT_PAGES = "limit_pages"
    LIMIT_PIXELS = "limit_pixels"
    LIMIT_BYTES = "limit_bytes"
    TIMEOUT = "timeout"
    MEMORY_LIMIT = "memory_limit"
    WORKER_LOST = "worker_lost"
    STORAGE_NOT_FOUND = "storage_not_found"
    STORAGE_DENIED = "storage_denied"
    STORAGE_UNAVAILABLE = "storage_unavailable"
    STORAGE_FULL = "storage_full"
    INPUT_CHANGED = "input_changed"
    OCR_UNAVAILABLE = "ocr_unavailable"
    OCR_FAILED = "ocr_failed"
    CANCELLED = "cancelled"
    INTERNAL = "internal"

    @property
    def advice(self) -> str:
        """What a person can do about it, as one short sentence."""
        return _ADVICE[self]


_ADVICE = {
    Cause.EMPTY_INPUT: "The file has no bytes: fetch or export it again.",
    Cause.NOT_A_FILE: "Hand in regular files only; folders are searched when they are named as inputs.",
    Cause.NOT_A_PDF: "The file is something else under a PDF's name: look at it, or leave it out.",
    Cause.MALFORMED: "Both engines refuse it: repair it (qpdf, a viewer's 'print to PDF') and try again.",
    Cause.PASSWORD_REQUIRED: "Give the document's password (Document(password=...), manifest key 'password').",
    Cause.LIMIT_PAGES: "Raise Limits.max_pages, or choose a page range.",
    Cause.LIMIT_PIXELS: "Raise Limits.max_pixels if such pages are expected.",
    Cause.LIMIT_BYTES: "Raise Limits.max_file_bytes or Limits.max_text_bytes if such documents are expected.",
    Cause.TIMEOUT: "Raise Limits.document_timeout or Limits.page_timeout, or look at the document.",
    Cause.MEMORY_LIMIT: "Raise Limits.memory_bytes, or look at the document.",
    Cause.WORKER_LOST: "The engine crashed on it: look at the document, or try the other engine.",
    Cause.STORAGE_NOT_FOUND: "Check the path; it is not there (any more).",
    Cause.STORAGE_DENIED: "Check permissions and credentials, then retry the failed documents.",
    Cause.STORAGE_UNAVAILABLE: "The storage did not answer: retry the failed documents later.",
    Cause.STORAGE_FULL: "Free some room at the output, then resume.",
    Cause.INPUT_CHANGED: "The input changed while it was read: retry when it is at rest.",
    Cause.OCR_UNAVAILABLE: "Install tesseract (pip install 'pdfbatch[ocr]') and the languages asked for.",
    Cause.OCR_FAILED: "Look at the page image; other settings (languages, dpi) may help.",
    Cause.CANCELLED: "Run again with resume to do what is left.",
    Cause.INTERNAL: "A defect in pdfbatch or in an engine: please report it with the message.",
}


class PdfBatchError(Exception):
    """The root of the tree: catch this to catch everything that pdfbatch raises on its own."""


class UsageError(PdfBatchError, ValueError):
    """What the caller asked for cannot be done; the message says what to change."""


class NoDocumentsError(UsageError):
    """A pattern or folder matches no document."""


class ManifestError(UsageError):
    """A manifest cannot be read as one."""


class DuplicateDocumentError(UsageError):
    """Two different documents carry the same id, so that one result would overwrite the other."""


class OutputError(UsageError):
    """The output location cannot be written."""


class DependencyError(UsageError):
    """A package, a program or a language that the request needs is not installed."""


class DocumentError(PdfBatchError):
    """One document, or one page of it, cannot be read.

    ``cause`` is from the closed list; ``transient`` says whether another try may succeed.
    """

    def __init__(self, message: str, *, cause: Cause = Cause.INTERNAL, transient: bool = False) -> None:
        super().__init__(message)
        self.cause = cause
        self.transient = transient

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (str(self), self.cause, self.transient)


class ExecutorError(PdfBatchError):
    """An executor or its pool cannot do its work."""


class PoolStartError(ExecutorError):
    """A pool cannot start here; another executor may."""


class PoolBrokenError(ExecutorError):
    """A pool broke; the task of the future that raises this has not been done."""


class StatusUnavailableError(PdfBatchError):
    """The server that keeps the status of batches (Redis) cannot be reached, is silent, or refuses."""


class BatchFailedError(PdfBatchError):
    """More documents failed than the caller accepts."""


def _rebuild(message: str, cause: Cause, transient: bool) -> DocumentError:
    return DocumentError(message, cause=cause, transient=transient)
