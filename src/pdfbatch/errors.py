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

from pdfbatch.causes import Cause


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
