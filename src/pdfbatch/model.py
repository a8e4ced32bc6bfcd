"""Documents, pages and results: frozen, picklable values that the caller, the parent process and the workers exchange."""

import hashlib
import os
import uuid
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from pdfbatch import checks
from pdfbatch.checks import Check
from pdfbatch.common import fast_pickle, name_of_address, rebuild, simplify_metadata, without_credentials
from pdfbatch.errors import Cause, DocumentError, UsageError

_NAMESPACE = uuid.NAMESPACE_URL.bytes


class DocumentStatus(StrEnum):
    """The end of one document.

    ``succeeded``: every page was read. ``partial``: some of what was asked for was read. ``empty``: every page was read, and
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


class Xfa(StrEnum):
    """What kind of XFA form a document has. Pages show a ``static`` one; a ``dynamic`` one they do not show."""

    NONE = "none"
    STATIC = "static"
    DYNAMIC = "dynamic"


@fast_pickle
@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentExtras:
    """What a document has beside its pages. An engine that cannot tell something leaves it as it is here.

    ``attachments`` is the number of files embedded in the document. A ``portfolio`` is a collection of files, and its pages
    are only their cover. The pages of a document with a dynamic ``xfa`` form are only a request for another viewer.
    ``form_fields`` counts the fields of forms; of those on pages whose text has been read, where the engine cannot tell of all.
    """

    attachments: int = 0
    portfolio: bool = False
    xfa: Xfa = Xfa.NONE
    form_fields: int = 0

    def as_dict(self) -> dict[str, object]:
        """Return the extras as JSON-ready data."""
        return {
            "attachments": self.attachments,
            "portfolio": self.portfolio,
            "xfa": str(self.xfa),
            "form_fields": self.form_fields,
        }


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

    ``file_path`` is a path or an fsspec URL. A relative path starts at ``base_folder``, by default the working directory at
    the moment when the document is made, so that a later ``chdir`` changes nothing. Without a ``document_uuid``, the id is
    derived (``derive_uuid``), so that a second run finds the outputs of the first. ``metadata`` comes back with the result; a
    batch turns what is no JSON in it into text. ``password``, ``pages`` ("1-3,7" or [1, 2, 7], counted from 1) and
    ``languages`` ("eng+deu", ["eng", "deu"], "German", "auto") override the batch's settings. Where neither has languages,
    OCR uses those that ``language`` or ``languages`` in the ``metadata`` name. ``content`` is the bytes of a document that
    has no file; ``file_path`` is then only a name, and the id is derived from both. ``output_name`` is what the document's
    files in an output are called, without an ending: by default its path below the folder, pattern or prefix that it was found
    by, or, if it was given a ``document_uuid``, that.

    Raises ``UsageError`` naming the document, the argument and what is allowed when a value is of the wrong kind: ``pages``
    that are no page range, ``languages`` that are not joined by ``+``, a ``content`` that is text.
    """

    file_path: str
    document_uuid: str = ""
    project_uuid: str | None = None
    metadata: Mapping[str, object] = field(default_factory=dict[str, object])
    password: str | None = field(default=None, repr=False, kw_only=True)
    pages: str | None = field(default=None, kw_only=True)
    languages: str | None = field(default=None, kw_only=True)
    content: bytes | None = field(default=None, repr=False, kw_only=True)
    base_folder: str = field(default="", repr=False, compare=False, kw_only=True)
    output_name: str = field(default="", repr=False, compare=False, kw_only=True)

    if TYPE_CHECKING:  # what may be given is more than what is kept

        def __init__(
            self,
            file_path: str | os.PathLike[str],
            document_uuid: str | uuid.UUID = ...,
            project_uuid: str | uuid.UUID | None = ...,
            metadata: Mapping[str, object] = ...,
            *,
            password: str | None = ...,
            pages: str | int | Collection[int] | None = ...,
            languages: str | Sequence[str] | None = ...,
            content: bytes | None = ...,
            base_folder: str = ...,
            output_name: str = ...,
        ) -> None: ...

    def __post_init__(self) -> None:
        self._check_kinds()
        path = self.file_path
        if not self.base_folder and self.content is None and "://" not in path and not os.path.isabs(path):
            with suppress(OSError):  # it has been removed: each worker then says that the file is not there
                object.__setattr__(self, "base_folder", os.getcwd())
        if not self.document_uuid:
            object.__setattr__(self, "document_uuid", derive_uuid(self.location, content=self.content))
            if not self.output_name and self.content is None:
                object.__setattr__(self, "output_name", name_of_address(path))
        elif type(self.document_uuid) is not str:  # a ``UUID``, say
            object.__setattr__(self, "document_uuid", str(self.document_uuid))
        if self.project_uuid is not None and type(self.project_uuid) is not str:
            object.__setattr__(self, "project_uuid", str(self.project_uuid))

    def _check_kinds(self) -> None:
        """Raise ``UsageError`` for a value of the wrong kind. Every document comes by here: the usual kinds cost a glance."""
        if type(self.file_path) is not str:
            self._check("file_path", checks.path)
        if self.pages is not None:
            self._check("pages", checks.page_range)
        if self.languages == "":  # as in an empty cell of a table
            object.__setattr__(self, "languages", None)
        elif self.languages is not None:
            self._check("languages", checks.languages)
        if self.password is not None and type(self.password) is not str:
            self._check("password", checks.text)
        if self.content is not None and type(self.content) is not bytes:
            self._check("content", checks.data)
        if type(self.base_folder) is not str:
            self._check("base_folder", checks.path)
        if type(self.output_name) is not str:
            self._check("output_name", checks.text)
        if type(self.metadata) is not dict:
            self._check("metadata", checks.mapping)

    def _check(self, name: str, check: Check) -> None:
        """Keep what a check returns of a field. Raises ``UsageError`` naming document, field and value."""
        value: object = getattr(self, name)
        try:
            kept = check(value)
        except ValueError as error:
            shown = "" if name in ("password", "content") else f"={checks.show_value(value)}"
            place = "" if name == "file_path" else f"{checks.show_value(self.file_path)}, "
            raise UsageError(f"Document({place}{name}{shown}): {error}") from None
        object.__setattr__(self, name, kept)

    @property
    def location(self) -> str:
        """``file_path``, made absolute when it is a relative path of a file system."""
        return os.path.join(self.base_folder, self.file_path) if self.base_folder else self.file_path

    @property
    def is_remote(self) -> bool:
        """Whether ``file_path`` is a URL that only fsspec can read."""
        return self.content is None and "://" in self.file_path and self.file_path[:7].lower() != "file://"

    def without_content(self) -> "Document":
        """Return the document without its bytes and its password, as results and records have it."""
        if self.content is None and self.password is None:
            return self
        # As ``replace(self, content=None, password=None)``, but each document comes by here, and nothing must be checked again.
        names = (self.file_path, self.document_uuid, self.project_uuid, self.metadata)
        return rebuild(Document, *names, None, self.pages, self.languages, None, self.base_folder, self.output_name)

    def with_plain_metadata(self) -> "Document":
        """Return the document with metadata that is JSON, see ``simplify_metadata``, so that it can travel and be written."""
        return self if _is_empty(self.metadata) else replace(self, metadata=simplify_metadata(self.metadata))

    def as_dict(self) -> dict[str, object]:
        """Return the document in the shape of a manifest entry, without password and bytes.

        ``file_path_bytes`` is there when the name is not UTF-8, so that ``file_path`` cannot be written as it is: the bytes
        of the name, in hexadecimal digits.
        """
        entry: dict[str, object] = {
            "document_uuid": self.document_uuid,
            "file_path": self.file_path,
            "project_uuid": self.project_uuid,
            "metadata": simplify_metadata(self.metadata),
        }
        if not self.file_path.isascii():
            try:
                self.file_path.encode()
            except UnicodeEncodeError:
                entry["file_path_bytes"] = _encode_path(self.file_path).hex()
        return entry


def make_document_at(path: str, base_folder: str, output_name: str) -> Document:
    """Return the document of a path that a search has found, as ``Document(path, ...)`` does, in less than half the time."""
    if "://" in path or not (base_folder or os.path.isabs(path)):
        return Document(path, base_folder=base_folder, output_name=output_name)
    document_uuid = derive_uuid(os.path.join(base_folder, path) if base_folder else path)
    return rebuild(Document, path, document_uuid, None, {}, None, None, None, None, base_folder, output_name)


def _is_empty(metadata: object) -> bool:
    return type(metadata) is dict and metadata == {}


def derive_uuid(location: str, *, content: bytes | None = None) -> str:
    """Return the id of a document that has none: UUIDv5 (RFC 9562) of its absolute path, or of its URL without secrets.

    The bytes of a path count, as the file system has them: two names that are not UTF-8 have two ids. With ``content``, the id
    is derived from a SHA-256 of that and from the name, because many uploads have the same name.
    """
    if content is not None:
        name = f"sha256:{hashlib.sha256(content).hexdigest()}/{location!a}".encode()
    elif "://" in location:
        name = without_credentials(location).encode("utf-8", "surrogatepass")
    else:
        name = _encode_path(os.path.abspath(location))
    # ``uuid.uuid5`` takes bytes only since Python 3.12, and takes several times as long.
    digits = hashlib.sha1(_NAMESPACE + name, usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"


def _encode_path(path: str) -> bytes:
    """Return the bytes of a path as the file system has them; of a path that it cannot have, other bytes than of any path."""
    try:
        return os.fsencode(path)
    except UnicodeEncodeError:
        return b"\0" + path.encode("utf-8", "surrogatepass")


def decode_path(data: bytes) -> str:
    """Return the path whose bytes ``Document.as_dict`` has written as ``file_path_bytes``. Raises ``ValueError``."""
    return data[1:].decode("utf-8", "surrogatepass") if data[:1] == b"\0" else os.fsdecode(data)


class Reason(StrEnum):
    """Why the text of a page comes from the text layer, or from OCR. Each page that was read has one of these.

    From the text layer: ``text-layer``: it is there and good. ``little-text-no-scan``: it is short, but there is no print
    beside it. ``print-in-figure``: there is print in a figure beside it, which was not read. ``second-engine``: the second
    engine's text is better, or the only one. ``weak-ocr``: OCR was asked, but its words are too doubtful to replace printable
    text.

    From OCR: ``no-text-layer``: there is none, but there is something on the page. ``stamp-over-image``: it is short, and an
    image fills the page. ``print-outside-text``: much of the print is not in it. ``garbage-text-layer``: most of it, or a whole
    passage, is no readable text. ``ocr-always``: the settings ask for OCR on every page. With ``stamp-over-image`` and
    ``print-outside-text`` the text is that of both, each line once; when OCR adds no word, it is the text layer's.

    Whose pages are not what the document is about: ``dynamic-xfa``: it only asks for another viewer, in which a form would be
    seen. ``portfolio-cover``: it is the cover of a collection of files.

    Without text: ``blank``: there is nothing on the page. ``faint-marks``: there are only faint marks, and OCR is sure of no
    word.
    """

    TEXT_LAYER = "text-layer"
    LITTLE_TEXT_NO_SCAN = "little-text-no-scan"
    NO_TEXT_LAYER = "no-text-layer"
    STAMP_OVER_IMAGE = "stamp-over-image"
    GARBAGE_TEXT_LAYER = "garbage-text-layer"
    BLANK = "blank"
    SECOND_ENGINE = "second-engine"
    OCR_ALWAYS = "ocr-always"
    PRINT_OUTSIDE_TEXT = "print-outside-text"
    PRINT_IN_FIGURE = "print-in-figure"
    WEAK_OCR = "weak-ocr"
    FAINT_MARKS = "faint-marks"
    DYNAMIC_XFA = "dynamic-xfa"
    PORTFOLIO_COVER = "portfolio-cover"


class Note(StrEnum):
    """What to know about a page that was read.

    ``other-language``: its words do not fit the language that OCR was asked for, but ``Page.language``, which could be asked
    for, too. ``language-not-installed``: they fit ``Page.language``, for which there is no OCR data here. ``weak-words``: OCR
    is sure of hardly a word of it, and there is no other text: a script without data here, handwriting, a picture.

    On the first page of a document: ``attachments``: files are embedded in it, which are not read. ``static-xfa``: it has an
    XFA form, too, which its pages show.
    """

    OTHER_LANGUAGE = "other-language"
    LANGUAGE_NOT_INSTALLED = "language-not-installed"
    WEAK_WORDS = "weak-words"
    ATTACHMENTS = "attachments"
    STATIC_XFA = "static-xfa"


class Reread(StrEnum):
    """Why OCR read a page more than once: not at all, because it was turned, or because its words were doubtful or none."""

    NO = ""
    TURNED = "turned"
    WEAK = "weak"


@fast_pickle
@dataclass(frozen=True, slots=True, kw_only=True)
class OcrDetails:
    """How OCR read a page.

    ``engine`` and ``dpi`` (pixels per inch) are those of the reading that was kept, ``turned`` by how many degrees clockwise
    the page was turned for it. ``readings`` counts how often the whole page was read, and ``reread`` says why more than once.
    ``failed_reading`` is the cause for which a further reading was wanted and did not end, empty without one: the page is as
    the readings before it left it.
    ``cpu_seconds``: those of this thread and of the programs it started. In threads, programs of others count, too.
    """

    engine: str = ""
    dpi: int = 0
    turned: int = 0
    readings: int = 1
    reread: Reread = Reread.NO
    failed_reading: str = ""
    cpu_seconds: float = field(default=0.0, compare=False)

    def as_dict(self) -> dict[str, object]:
        """Return the details as JSON-ready data."""
        return {
            "engine": self.engine,
            "dpi": self.dpi,
            "turned": self.turned,
            "readings": self.readings,
            "reread": str(self.reread),
            "failed_reading": self.failed_reading,
            "cpu_seconds": self.cpu_seconds,
        }


@fast_pickle
@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a result.

    ``number`` counts from 1. ``reason`` is one of ``Reason``, or the cause of the ``failure`` of a page that could not be read.
    ``confidence`` is the mean word confidence of OCR, 0 to 100, and ``weak_words`` the share of words below 60, 0 to 1; both
    are ``None`` without OCR or without a word. A page that has a text and a ``failure`` could be read in part only.
    ``language`` is that of the words (tesseract's code) where it is known, which is on most pages of running text that were
    read by OCR. ``note`` is one of ``Note``, or empty. ``ocr`` says how OCR read the page, ``None`` where it did not.
    """

    number: int
    text: str = ""
    source: TextSource = TextSource.NONE
    reason: str = ""
    confidence: float | None = None
    weak_words: float | None = None
    failure: Failure | None = None
    language: str | None = None
    note: str = ""
    ocr: OcrDetails | None = None

    def __repr__(self) -> str:
        """Return number, source and how much there is: never the text."""
        failure = "" if self.failure is None else f", {self.failure.cause}"
        return (
            f"Page({self.number}: {self.source}, {self.reason or 'no reason'}, {len(self.text):,} characters{failure})"
        )

    def _repr_html_(self) -> str:
        """Return the same as a table, for a notebook."""
        from pdfbatch.common import html_figures  # noqa: PLC0415 (for notebooks only)

        figures: dict[str, object] = {
            "page": self.number,
            "source": str(self.source),
            "reason": self.reason,
            "confidence": self.confidence,
            "language": self.language,
            "characters": len(self.text),
        }
        if self.failure is not None:
            figures |= {"cause": str(self.failure.cause), "message": self.failure.message}
        return html_figures("Page", {name: value for name, value in figures.items() if value is not None})

    def as_dict(self) -> dict[str, object]:
        """Return the page as JSON-ready data, as records have it."""
        return {
            "number": self.number,
            "source": str(self.source),
            "reason": self.reason,
            "confidence": self.confidence,
            "weak_words": self.weak_words,
            "language": self.language,
            "note": self.note,
            "ocr": None if self.ocr is None else self.ocr.as_dict(),
            "error": None if self.failure is None else self.failure.as_dict(),
            "text": self.text,
        }


@fast_pickle
@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Page and character counts of one document. The parent process needs these, but not its text.

    ``reasons`` counts pages by ``Page.reason``; it is empty where that is not known, as for documents that a resume skips.
    ``other_language_pages`` are pages by OCR whose words do not fit the language asked for.
    ``ocr_readings`` are readings of whole pages, ``turned_pages`` and ``reread_pages`` the pages that OCR read more than once
    because they were turned, or because their words were doubtful; ``failed_readings`` are pages of which a further reading
    failed. ``ocr_seconds`` are those on the clock, for all that OCR needs; ``ocr_cpu_seconds`` see ``OcrDetails``.
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
    failed_readings: int = 0
    ocr_seconds: float = 0.0
    ocr_cpu_seconds: float = 0.0
    reasons: Mapping[str, int] = field(default_factory=dict[str, int])
    other_language_pages: int = 0


@fast_pickle
@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentResult:
    """The result of one document.

    With an output, ``pages`` are read from it at the first access. ``output`` is the URI of the record, ``None`` without
    output. ``attempts`` counts the attempts, the first included, and each repeated request to a storage.
    ``duration_seconds`` is the time that workers spent on the document, summed over its parts and attempts.
    ``duplicate_of`` is the id of the document from which a ``duplicate`` has its text. ``fingerprint`` tells which version of
    the input was read; it is empty where that is not known, as after a failure. ``extras`` are what the document has beside
    its pages. The ``pdf_metadata`` of a ``skipped`` document are in its record only, and so may its ``extras`` be.
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
    extras: DocumentExtras = DocumentExtras()

    @property
    def ok(self) -> bool:
        """Whether the document counts as successful."""
        return self.status.ok

    @property
    def text(self) -> str:
        """The text of all pages, separated by form feeds."""
        return "\f".join(page.text for page in self.pages)

    def raise_for_failure(self) -> "DocumentResult":
        """Return the result itself; raise its failure as a ``DocumentError`` when the document is not ``ok``.

        A ``partial`` document is ``ok``: its ``failure``, and those of its pages, say what is missing.
        """
        if self.ok:
            return self
        failure = self.failure or Failure(cause=Cause.INTERNAL, message=f"{self.document.file_path}: {self.status}")
        raise DocumentError(failure.message, cause=failure.cause, transient=failure.transient)

    def __repr__(self) -> str:
        """Return the name, how it ended and how much there is: never text of the document."""
        return f"DocumentResult({_safe_path(self.document)!r}: {self.status}, {self._describe()})"

    def _repr_html_(self) -> str:
        """Return the same as a table, for a notebook."""
        from pdfbatch.common import html_figures  # noqa: PLC0415 (for notebooks only)

        failure = self.failure
        figures: dict[str, object] = {
            "document": _safe_path(self.document),
            "status": str(self.status),
            "pages": self.counts.pages,
            "by OCR": self.counts.ocr_pages,
            "failed pages": self.counts.failed_pages,
            "characters": self.counts.characters,
            "seconds": self.duration_seconds,
        }
        if failure is not None:
            figures |= {"cause": str(failure.cause), "message": failure.message, "advice": failure.cause.advice}
        return html_figures("DocumentResult", figures)

    def _describe(self) -> str:
        if self.failure is not None and not self.counts.pages:
            return str(self.failure.cause)
        by_ocr = f" ({self.counts.ocr_pages:,} by OCR)" if self.counts.ocr_pages else ""
        pages = "1 page" if self.counts.pages == 1 else f"{self.counts.pages:,} pages"
        return f"{pages}{by_ocr}, {self.counts.characters:,} characters"

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


def _safe_path(document: Document) -> str:
    """Return the path of a document without secrets."""
    return without_credentials(document.file_path)
