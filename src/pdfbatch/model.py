"""Documents, pages and results: frozen, picklable values that the caller, the parent process and the workers exchange."""

import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from pdfbatch.errors import Cause
from pdfbatch.fast_pickle import fast_pickle
from pdfbatch.page_ranges import parse_page_range
from pdfbatch.urls import without_credentials


class DocumentStatus(StrEnum):
    """The end of one document.

    ``succeeded``: every page was read. ``partial``: some pages were read, others failed. ``empty``: every page was read, and
    none has text. ``failed``: nothing could be read. ``timed_out``: a time limit was reached. ``crashed``: the worker process
    exited or had to be killed. ``out_of_memory``: the document needed more memory than the limit. ``skipped``: an earlier
    batch finished the document, with the same input and settings. ``duplicate``: an earlier document of the batch has the
    same bytes, and its text was copied.
    """

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
        """Whether the document counts as successful. ``partial`` and ``empty`` do, and reports also count them separately."""
        return self not in _FAILED_STATUSES


_FAILED_STATUSES = frozenset(
    {DocumentStatus.FAILED, DocumentStatus.TIMED_OUT, DocumentStatus.CRASHED, DocumentStatus.OUT_OF_MEMORY}
)


class TextSource(StrEnum):
    """The origin of a page's text: the text inside the PDF, OCR, or none because the page has no text."""

    TEXT_LAYER = "text-layer"
    OCR = "ocr"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a document or a page has no text.

    ``cause`` is a stable code, ``message`` names the document and says what happened, and ``transient`` says whether another
    attempt may succeed.
    """

    cause: Cause
    message: str
    transient: bool = False

    def as_dict(self) -> dict[str, object]:
        """Return the failure as JSON-ready data."""
        return {"cause": str(self.cause), "message": self.message, "transient": self.transient}


@fast_pickle
@dataclass(frozen=True, slots=True)
class Document:
    """One PDF to read: its location, its id, and metadata of the caller.

    ``file_path`` is a path or an fsspec URL. Without a ``document_uuid``, the id is derived from the path (UUIDv5 of its
    absolute form), so that a second run finds the outputs of the first. ``metadata`` comes back with the result, unchanged.
    ``password``, ``pages`` ("1-3,7", counted from 1) and ``languages`` ("eng+deu") override the batch's settings.
    ``content`` is the bytes of a document that has no file; ``file_path`` is then only a name.

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
            object.__setattr__(self, "document_uuid", derive_uuid(self.file_path))

    @property
    def is_remote(self) -> bool:
        """Whether ``file_path`` is a URL that only fsspec can read."""
        return self.content is None and "://" in self.file_path and not self.file_path.startswith("file://")

    def without_content(self) -> "Document":
        """Return the document without its bytes and its password, as results and records have it."""
        if self.content is None and self.password is None:
            return self
        return replace(self, content=None, password=None)

    def as_dict(self) -> dict[str, object]:
        """Return the document in the shape of a manifest entry, without password and bytes."""
        return {
            "document_uuid": self.document_uuid,
            "file_path": self.file_path,
            "project_uuid": self.project_uuid,
            "metadata": dict(self.metadata),
        }


def derive_uuid(file_path: str) -> str:
    """Return the id of a document that has none: UUIDv5 (RFC 9562) of its absolute path, or of its URL without secrets."""
    name = without_credentials(file_path) if "://" in file_path else os.path.abspath(file_path)
    # A path that is not UTF-8 has halves of surrogate pairs, which UUIDv5 does not take.
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name.encode("utf-8", "surrogatepass").decode("utf-8", "replace")))


class Reason(StrEnum):
    """Why the text layer of a page was used, or OCR. Every record has one of these for each page that was read.

    ``text-layer``: the text layer is there and good. ``little-text-no-scan``: it is short, but no image fills the page.
    ``no-text-layer``: there is none, but there is something on the page. ``stamp-over-image``: it is short, and an image fills
    the page. ``garbage-text-layer``: most of it is no readable text. ``blank``: there is nothing on the page.
    ``second-engine``: the second engine found text where the first found none. ``ocr-always``: the settings ask for OCR on
    every page.
    """

    TEXT_LAYER = "text-layer"
    LITTLE_TEXT_NO_SCAN = "little-text-no-scan"
    NO_TEXT_LAYER = "no-text-layer"
    STAMP_OVER_IMAGE = "stamp-over-image"
    GARBAGE_TEXT_LAYER = "garbage-text-layer"
    BLANK = "blank"
    SECOND_ENGINE = "second-engine"
    OCR_ALWAYS = "ocr-always"


class Reread(StrEnum):
    """Why OCR read a page more than once: not at all, because it was turned, or because its words were doubtful."""

    NO = ""
    TURNED = "turned"
    WEAK = "weak"


@fast_pickle
@dataclass(frozen=True, slots=True, kw_only=True)
class OcrDetails:
    """How OCR read a page.

    ``engine`` and ``dpi`` (pixels per inch) are those of the reading that was kept, ``turned`` by how many degrees clockwise
    the page was turned for it. ``readings`` counts how often the whole page was read, and ``reread`` says why more than once.
    ``cpu_seconds``: those of this thread and of the programs it started. In threads, programs of others count, too.
    """

    engine: str = ""
    dpi: int = 0
    turned: int = 0
    readings: int = 1
    reread: Reread = Reread.NO
    cpu_seconds: float = field(default=0.0, compare=False)

    def as_dict(self) -> dict[str, object]:
        """Return the details as JSON-ready data."""
        return {
            "engine": self.engine,
            "dpi": self.dpi,
            "turned": self.turned,
            "readings": self.readings,
            "reread": str(self.reread),
            "cpu_seconds": self.cpu_seconds,
        }


@fast_pickle
@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a result.

    ``number`` counts from 1. ``reason`` is one of ``Reason``, or the cause of the ``failure`` of a page that could not be read.
    ``confidence`` is the mean word confidence of OCR, 0 to 100, and ``None`` without OCR or without a word. ``ocr`` says how
    OCR read the page, ``None`` where it did not.
    """

    number: int
    text: str = ""
    source: TextSource = TextSource.NONE
    reason: str = ""
    confidence: float | None = None
    failure: Failure | None = None
    ocr: OcrDetails | None = None

    def as_dict(self) -> dict[str, object]:
        """Return the page as JSON-ready data, as records have it."""
        return {
            "number": self.number,
            "source": str(self.source),
            "reason": self.reason,
            "confidence": self.confidence,
            "ocr": None if self.ocr is None else self.ocr.as_dict(),
            "error": None if self.failure is None else self.failure.as_dict(),
            "text": self.text,
        }


@fast_pickle
@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Page and character counts of one document. The parent process needs these, but not its text.

    ``ocr_readings`` are readings of whole pages, ``turned_pages`` and ``reread_pages`` the pages that OCR read more than once
    because they were turned, or because their words were doubtful. ``ocr_seconds`` are those on the clock, for all that OCR
    needs; ``ocr_cpu_seconds`` see ``OcrDetails``.
    """

    pages: int = 0
    text_pages: int = 0
    ocr_pages: int = 0
    blank_pages: int = 0
    failed_pages: int = 0
    characters: int = 0
    ocr_readings: int = 0
    turned_pages: int = 0
    reread_pages: int = 0
    ocr_seconds: float = 0.0
    ocr_cpu_seconds: float = 0.0


@fast_pickle
@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentResult:
    """The result of one document.

    With an output, ``pages`` are read from it at the first access. ``output`` is the URI of the record, ``None`` without
    output. ``attempts`` counts the attempts, the first included, and each repeated request to a storage.
    ``duration_seconds`` is the time that workers spent on the document, summed over its parts and attempts.
    ``duplicate_of`` is the id of the document from which a ``duplicate`` has its text. ``fingerprint`` tells which version of
    the input was read; it is empty where that is not known, as after a failure. The ``pdf_metadata`` of a ``skipped`` document
    are in its record only.
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
        """The text of all pages, separated by form feeds."""
        return "\f".join(page.text for page in self.pages)

    def as_dict(self) -> dict[str, object]:
        """Return a summary without text, as JSON-ready data."""
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
