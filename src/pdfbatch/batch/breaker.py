"""Notice faults that hit every document alike, so that a batch stops instead of failing them all."""

import re
from dataclasses import dataclass, field

from pdfbatch.common import without_credentials
from pdfbatch.errors import Cause
from pdfbatch.model import Document, DocumentResult, DocumentStatus
from pdfbatch.storage import protocol_of

# Documents in a row, for each worker, that the output refuses, or whose credentials a storage refuses.
COMMON_FAULTS_PER_WORKER = 2
# Documents that a place denies before anything has ever come from it. Many, because single documents may be forbidden, and
# those may be the first ones.
DENIED_AT_FIRST = 100

# What storages say when the credentials are wrong or have expired: that hits whatever they are used for.
_CREDENTIALS = re.compile(
    r"ExpiredToken|TokenRefreshRequired|InvalidAccessKeyId|InvalidToken|SignatureDoesNotMatch|AuthorizationHeaderMalformed"
    r"|CredentialsNotSupported|RequestTimeTooSkewed|NoCredentials|token has expired|InvalidAuthenticationInfo"
)
# What they say when they take the credentials and refuse the object: it is archived, or its key of encryption is not to be had.
_OBJECT = re.compile(r"InvalidObjectState|BlobArchived|BlobBeingRehydrated|\bKMS|\bkms:")
_THIS_MACHINE = "this machine"


@dataclass(slots=True)
class _Origin:
    """What has come from a place. ``refused`` counts documents in a row whose credentials were refused."""

    has_answered: bool = False
    denied: int = 0
    refused: int = 0


@dataclass(slots=True)
class Breaker:
    """Count the faults that have nothing to do with a document.

    There are two kinds. The output takes nothing: it is full or denies access. Or a place gives nothing: it refuses the
    credentials, or denies all documents and nothing has ever come from it. A place is what credentials belong to: scheme,
    host and bucket of a URL, or the file systems of this machine. Single documents that are denied never count once their
    place has given anything; and not at all in a batch that resumes (``is_resumed``), because it would stop at the same
    documents again.

    ``output`` is the address of the output, empty without one.
    """

    output: str = ""
    is_resumed: bool = False
    _output_faults: int = 0
    _places: dict[str, _Origin] = field(default_factory=dict[str, _Origin])
    _reason: str = ""

    def add(self, result: DocumentResult, workers: int) -> None:
        """Take the result of a document that has ended."""
        failure = result.failure
        if result.status is DocumentStatus.SKIPPED or (failure is not None and failure.cause is Cause.CANCELLED):
            return
        cause = None if result.ok or failure is None else failure.cause
        most = COMMON_FAULTS_PER_WORKER * max(1, workers)
        message = "" if failure is None else failure.message
        if cause is Cause.STORAGE_FULL or (cause is Cause.STORAGE_DENIED and self.output and self.output in message):
            self._output_faults += 1
            if self._output_faults >= most:
                self._reason = (
                    f"{self._output_faults} documents in a row failed for a reason that hits all: {cause}: {message}"
                )
            return
        self._output_faults = 0
        if result.document.content is None:
            self._judge_place(result.document, cause, message, most)

    def find_reason(self) -> str | None:
        """Return why the batch should stop, ``None`` while it should go on."""
        return self._reason or None

    def _judge_place(self, document: Document, cause: Cause | None, message: str, most: int) -> None:
        name = place_of(document)
        place = self._places.get(name)
        if place is None:
            place = self._places[name] = _Origin()
        said = message.partition(": access denied (")[2]
        if cause is not Cause.STORAGE_DENIED or _OBJECT.search(said):
            place.has_answered |= cause not in (Cause.STORAGE_UNAVAILABLE, Cause.STORAGE_NOT_FOUND)
            place.refused = 0
            return
        place.denied += 1
        place.refused = place.refused + 1 if _CREDENTIALS.search(said) else 0
        if place.refused >= most:
            self._reason = f"{name} refused the credentials for {place.refused} documents in a row: {message}"
        elif place.denied >= DENIED_AT_FIRST and not place.has_answered and not self.is_resumed:
            self._reason = f"{name} denied all of the first {place.denied} documents, the last one: {message}"


def place_of(document: Document) -> str:
    """Return where a document comes from, as far as credentials reach: scheme, host and bucket, or this machine."""
    if not document.is_remote:
        return _THIS_MACHINE
    url = without_credentials(document.file_path)
    outer = url.rpartition("::")[2]
    scheme, separator, rest = outer.partition("://")
    return f"{scheme}{separator}{rest.partition('/')[0]}" if separator else protocol_of(url)
