"""The version of a document, where it can be found out without a request."""

from pdfbatch.errors import DocumentError
from pdfbatch.model import Document
from pdfbatch.storage import Fingerprint, fingerprint


def local_fingerprint(document: Document) -> Fingerprint | None:
    """Return the fingerprint of a local document; ``None`` for a remote one, or one that cannot be read."""
    if document.is_remote:
        return None
    try:
        return fingerprint(document)
    except DocumentError:  # the worker meets the same error, and reports it
        return None
