"""The nouns: frozen, picklable values that travel between the caller, the processor and the workers."""

import hashlib
import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from pdfbatch.errors import Cause
from pdfbatch.fast_pickle import quickly_pickled
from pdfbatch.page_ranges import parse_page_range
from pdfbatch.urls import without_credentials

_URLS = uuid.NAMESPACE_URL.bytes


class DocumentStatus(StrEnum):
    """How one document ended."""

    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    EMPTY = "empty"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CRASHED = "crashed"
    OUT_OF_MEMORY = "out_of_memory"
    SKIPPED = "skipped"
    DUPLICATE = "duplicate"

    @property
    def ok(self) -> bool:
        """Whether the document counts as successful (``partial`` and ``empty`` do, and are shown apart)."""
        return self not in _FAILED_STATUSES


_FAILED_STATUSES = frozenset(
    {DocumentStatus.FAILED, DocumentStatus.TIMED_OUT, DocumentStatus.CRASHED, DocumentStatus.OUT_OF_MEMORY}
)


class TextSource(StrEnum):
    """Where the text of a page came from."""

    TEXT_LAYER = "text-layer"
    OCR = "ocr"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a document or a page has no text.

    ``cause`` is from the closed list, ``message`` names the document and says what happened,
    ``transient`` says whether the same work may succeed when it is tried again.
    """

    cause: Cause
    message: str
    transient: bool = False

    def as_dict(self) -> dict[str, object]:
        """The failure as JSON-ready data."""
        return {"cause": str(self.cause), "message": self.message, "transient": self.transient}


@quickly_pickled
@dataclass(frozen=True, slots=True)
class Document:
    """One PDF to read: where it is, what it is called, and whatever the caller wants to find again.

    ``file_path`` is a path or an fsspec URL. A ``document_uuid`` that is not given is derived from the path (UUIDv5 of
    its absolute form), so that a second run finds the outputs of the first. ``metadata`` travels to the result untouched.
    ``password``, ``pages`` ("1-3,7", counted from 1) and ``languages`` ("eng+deu") override the batch's settings.
    ``content`` holds the bytes of a document that has no path; ``file_path`` then is only a name.

    Raises ``ValueError`` when ``pages`` is not a page range.
    """

    file_path: str
    document_uuid: str = ""
    project_uuid: str | None = None
    metadata: Mapping[str, object] = field(default_factory=dict[str, object])
    password: str | None = field(default=None, repr=False, kw_only=True)
    pages: str | None = field(default=None, kw_only=True)
    languages: str | None = field(default=None, kw_only=True)
    content: bytes | None = field(default=None, repr=False, kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "file_path", os.fspath(self.file_path))
        if self.pages is not None:
            parse_page_range(self.pages)
        if not self.document_uuid:
            object.__setattr__(self, "document_uuid", derived_uuid(self.file_path))

    @property
    def is_remote(self) -> bool:
        """Whether ``file_path`` is a URL that only fsspec can read."""
        return self.content is None and "://" in self.file_path and not self.file_path.startswith("file://")

    def without_content(self) -> "Document":
        """The same document without its bytes and its password: what results and records keep."""
        if self.content is None and self.password is None:
            return self
        return replace(self, content=None, password=None)

    def as_dict(self) -> dict[str, object]:
        """The document in a manifest's shape, without password and bytes."""
        return {
            "document_uuid": self.document_uuid,
            "file_path": self.file_path,
            "project_uuid": self.project_uuid,
            "metadata": dict(self.metadata),
        }


def derived_uuid(file_path: str) -> str:
    """The id of a document that came without one: UUIDv5 (RFC 9562) of its absolute path, or of its URL without secrets."""
    name = without_credentials(file_path) if "://" in file_path else os.path.abspath(file_path)
    name = name.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    # what ``str(uuid.uuid5(...))`` gives, in a third of its time: it is done once or twice for each document
    digits = hashlib.sha1(_URLS + name.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"


class Reason(StrEnum):
    """Why the text of a page came from where it did: a closed list, kept in every record.

    ``text-layer``: it is there and good. ``little-text-no-scan``: it is short, but no image fills the page.
    ``no-text-layer``: there is none, but there is something on the page. ``stamp-over-image``: it is short, and an image
    fills the page. ``garbage-text-layer``: it is not text. ``blank``: there is nothing on the page. ``second-engine``:
    another engine found text where the first found none. ``ocr-always``: OCR was asked for on every page.
    """

    TEXT_LAYER = "text-layer"
    LITTLE_TEXT_NO_SCAN = "little-text-no-scan"
    NO_TEXT_LAYER = "no-text-layer"
    STAMP_OVER_IMAGE = "stamp-over-image"
    GARBAGE_TEXT_LAYER = "garbage-text-layer"
    BLANK = "blank"
    SECOND_ENGINE = "second-engine"
    OCR_ALWAYS = "ocr-always"


@quickly_pickled
@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a result.

    ``number`` counts from 1. ``reason`` says why the text came from where it did. ``confidence`` is the mean word
    confidence of OCR, 0 to 100, and ``None`` where no OCR was done or no word was found. ``failure`` says why a page has
    no text although it was asked for.
    """

    number: int
    text: str = ""
    source: TextSource = TextSource.NONE
    reason: str = ""
    confidence: float | None = None
    failure: Failure | None = None

    def as_dict(self) -> dict[str, object]:
        """The page as JSON-ready data, in the shape of the record."""
        return {
            "number": self.number,
            "source": str(self.source),
            "reason": self.reason,
            "confidence": self.confidence,
            "error": None if self.failure is None else self.failure.as_dict(),
            "text": self.text,
        }


@quickly_pickled
@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a document amounted to, without its text: all that the parent process needs of it."""

    pages: int = 0
    text_pages: int = 0
    ocr_pages: int = 0
    blank_pages: int = 0
    failed_pages: int = 0
    characters: int = 0
    ocr_seconds: float = 0.0


@quickly_pickled
@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentResult:
    """What came of one document.

    ``pages`` holds the pages of a batch without output; with an output they are read back from it when first asked for.
    ``output`` is the URI of the record, ``None`` without output. ``attempts`` counts the tries, the first included, and
    each request to a storage that was made again for the document.
    ``duration_seconds`` is the time that workers spent on the document, summed over its parts and attempts.
    ``duplicate_of`` is the id of the document with the same bytes from which a ``duplicate`` has its text. ``fingerprint``
    says which version of the input was read; it is empty where that is not known, as after a failure. A document that
    was ``skipped`` has its ``pdf_metadata`` in its record only.
    """

    document: Document
    status: DocumentStatus
    pages: Sequence[Page] = ()
    failure: Failure | None = None
    output: str | None = None
    attempts: int = 1
    duration_seconds: float = 0.0
    pdf_metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    counts: Counts = Counts()
    duplicate_of: str | None = None
    fingerprint: str = ""

    @property
    def ok(self) -> bool:
        """Whether the document counts as successful."""
        return self.status.ok

    @property
    def text(self) -> str:
        """The text of all pages, parted by form feeds."""
        return "\f".join(page.text for page in self.pages)

    def as_dict(self) -> dict[str, object]:
        """A summary without text, as JSON-ready data."""
        return {
            **self.document.as_dict(),
            "status": str(self.status),
            "pages": self.counts.pages,
            "ocr_pages": self.counts.ocr_pages,
            "failed_pages": self.counts.failed_pages,
            "characters": self.counts.characters,
            "error": None if self.failure is None else self.failure.as_dict(),
            "output": self.output,
            "attempts": self.attempts,
            "duration_seconds": round(self.duration_seconds, 6),
            "duplicate_of": self.duplicate_of,
        }
