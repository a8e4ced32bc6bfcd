"""Read records: the one gate through which what an output holds of a document comes back."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any, ClassVar, TypeVar, cast, overload

from pdfbatch.common import SafeLogger, is_marked, mark_name, strip_mark
from pdfbatch.errors import Cause, DocumentError
from pdfbatch.model import (
    Counts,
    Document,
    DocumentExtras,
    DocumentResult,
    DocumentStatus,
    Failure,
    Page,
)
from pdfbatch.outputs.pack_reader import read_packed_record
from pdfbatch.outputs.record import RECORD_VERSION, document_name, record_name, text_name
from pdfbatch.outputs.record_fields import (
    InvalidRecordError,
    RecordFields,
    as_list,
    load_json,
    read_counts,
    read_extras,
    read_failure,
    read_page,
)
from pdfbatch.ports import Output

T = TypeVar("T")

log: SafeLogger = SafeLogger(__name__)

_COUNTS = tuple(
    field.name for field in fields(Counts) if field.name not in ("ocr_seconds", "ocr_cpu_seconds", "reasons")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFacts:
    """Length and SHA-256 of a document's text file."""

    size_bytes: int
    sha256: str

    def fit(self, text: bytes) -> bool:
        """Return whether they are those of a text."""
        return len(text) == self.size_bytes and hashlib.sha256(text).hexdigest() == self.sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record whose fields have the kinds and ranges that they must have. ``text`` is ``None`` without a text file."""

    document_uuid: str
    status: DocumentStatus
    failure: Failure | None
    counts: Counts
    extras: DocumentExtras
    pdf_metadata: Mapping[str, str]
    fingerprint: str
    options: str
    duplicate_of: str | None
    text: TextFacts | None
    pages: tuple[Page, ...]
    attempts: int
    duration_seconds: float


def read_record(output: Output, document: Document) -> Record | None:
    """Return the record of a document; ``None`` where there is none, or something else under its name.

    The log says once for an output and a process that there was something else; whoever asked reads the document anew.
    """
    found = find_record(output, document)
    return None if found is None else found[1]


def find_record(output: Output, document: Document, fingerprint: str = "") -> tuple[Document, Record] | None:
    """Return the record of a document, and the document under the name that the record was found by.

    Another document may have had its name before; then it was marked by its id. Of two documents the ids differ, unless one
    folder was moved: the record of another id counts, too, where it was read from the same ``fingerprint``.
    """
    for named in _possible_names(document):
        record = _load_record(output, named)
        if not isinstance(record, Record):
            continue
        if record.document_uuid == document.document_uuid:
            return named, record
        if fingerprint and record.fingerprint == fingerprint and _may_have_moved(document, named):
            return named, record
    return None


def choose_name(output: Output, document: Document, fingerprint: str) -> Document:
    """Return a document under the name that its files get: its own, unless the output holds another document's text there.

    The one that has a record under a name keeps it. ``fingerprint`` is the version of the input that was read.
    """
    free: Document | None = None
    for named in _possible_names(document):
        record = _load_record(output, named)
        if isinstance(record, Record):
            if record.document_uuid == document.document_uuid:
                return named
            is_version = fingerprint and record.fingerprint == fingerprint
            if _may_have_moved(document, named) and (is_version or not record.status.ok):
                return named
        elif named is document or is_marked(document_name(named)):
            free = free or named
    return free or replace(document, output_name=mark_name(document_name(document), document.document_uuid))


def _possible_names(document: Document) -> Iterator[Document]:
    """Yield a document under its name, as it was before a mark, and under the name that is marked by its id."""
    yield document
    name = document_name(document)
    marked = mark_name(name, document.document_uuid)
    if is_marked(name):
        yield replace(document, output_name=strip_mark(name))
    if name != marked:
        yield replace(document, output_name=marked)


def _may_have_moved(document: Document, named: Document) -> bool:
    """Return whether a record of another id may be that of a document: its name comes from its path alone."""
    name = document.output_name
    return named is document and bool(name) and name != mark_name(name, document.document_uuid)


def has_failed(output: Output, document: Document) -> bool:
    """Return whether a document's record says that it failed, or cannot be read, so that nobody knows; see ``read_record``."""
    for named in _possible_names(document):
        found = _load_record(output, named)
        if isinstance(found, InvalidRecordError):
            return True
        if found is not None and (found.document_uuid == document.document_uuid or not found.status.ok):
            return not found.status.ok
    return False


def _load_record(output: Output, document: Document) -> "Record | InvalidRecordError | None":
    try:
        data = output.read(record_name(document))
    except DocumentError as error:
        return InvalidRecordError(str(error)) if error.cause is Cause.NOT_A_FILE else None
    try:
        record = parse_record(data)
        if not document.output_name and record.document_uuid != document.document_uuid:
            raise InvalidRecordError("it is the record of another document")
    except InvalidRecordError as error:
        _warn_once(output.uri(""), f"{output.uri(record_name(document))}: {error}")
        return error
    return record


def has_text(output: Output, document: Document, record: Record) -> bool:
    """Return whether the text of a document is in the output as its record says."""
    if record.text is None:
        return True
    try:
        return record.text.fit(output.read(text_name(document)))
    except DocumentError:
        return False


def parse_record(data: bytes) -> Record:
    """Return the record that bytes hold. Raises ``InvalidRecordError`` for anything else, whatever it is."""
    record = RecordFields(load_json(data), "")
    version = record.integer("version")
    if version != RECORD_VERSION:
        raise InvalidRecordError(f"version {version} is not the version {RECORD_VERSION} that is read here")
    counts, run = record.fields("counts"), record.fields("run")
    numbers = {name: counts.integer(name) for name in _COUNTS}
    pages = tuple(read_page(entry, run.optional_fields("page_cpu_seconds")) for entry in record.list_of_fields("pages"))
    if len(pages) != numbers["pages"]:
        raise InvalidRecordError(f"it has {len(pages)} pages, and counts {numbers['pages']}")
    text = record.optional_fields("text")
    metadata = record.fields("pdf_metadata")
    return Record(
        document_uuid=record.fields("document").text("document_uuid"),
        status=record.choice("status", DocumentStatus),
        failure=read_failure(record.optional_fields("error")),
        counts=Counts(
            **cast("Mapping[str, Any]", numbers),
            ocr_seconds=run.number("ocr_seconds"),
            ocr_cpu_seconds=run.number("ocr_cpu_seconds"),
            reasons=read_counts(counts, "reasons"),
        ),
        extras=read_extras(record.fields("extras")),
        pdf_metadata={name: metadata.text(name) for name in metadata.names},
        fingerprint=record.fields("input").text("fingerprint"),
        options=record.text("options"),
        duplicate_of=record.optional_text("duplicate_of"),
        text=None if text is None else TextFacts(size_bytes=text.integer("bytes"), sha256=text.text("sha256")),
        pages=pages,
        attempts=run.integer("attempts"),
        duration_seconds=run.number("duration_seconds"),
    )


def pages_from_json(data: bytes) -> list[Page]:
    """Return the pages that ``pages_to_json`` wrote. Raises ``InvalidRecordError`` for anything else."""
    return [read_page(RecordFields(entry, "")) for entry in as_list(load_json(data), "the pages")]


def result_of(record: Record, document: Document, output: Output) -> DocumentResult:
    """Return the result that a record describes. Its pages stay in the output until somebody asks for them."""
    return DocumentResult(
        document=document.without_content(),
        status=record.status,
        pages=StoredPages(output, document, record.counts.pages, record_name(document)),
        failure=record.failure,
        output=output.uri(record_name(document)),
        attempts=record.attempts,
        duration_seconds=record.duration_seconds,
        pdf_metadata=record.pdf_metadata,
        counts=record.counts,
        duplicate_of=record.duplicate_of,
        fingerprint=record.fingerprint,
        extras=record.extras,
    )


class StoredPages(Sequence[Page]):
    """The pages of a document that an output holds. They are read from its record at the first access.

    ``place`` is the name of the record, or of the pack that holds it. Any access may raise ``DocumentError``, when the record
    is gone or has become something else.
    """

    __slots__ = ("_count", "_document", "_output", "_pages", "_place")

    def __init__(self, output: Output, document: Document, count: int, place: str) -> None:
        self._output = output
        self._document = document.without_content()
        self._count = count
        self._place = place
        self._pages: tuple[Page, ...] | None = None

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Page: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Page]: ...
    def __getitem__(self, index: int | slice) -> Page | Sequence[Page]:
        return self._read()[index]

    def __iter__(self) -> Iterator[Page]:
        return iter(self._read())

    def __repr__(self) -> str:
        return f"<{self._count} pages in {self._output.uri(self._place)}>"

    def __eq__(self, other: object) -> bool:
        """Compare with any sequence; the same pages of the same output are equal unread."""
        if isinstance(other, StoredPages):
            mine = (self._output, self._document, self._count, self._place)
            if mine == (other._output, other._document, other._count, other._place):
                return True
        if not isinstance(other, Sequence) or isinstance(other, (str, bytes)):
            return NotImplemented
        return tuple(self) == tuple(cast("Sequence[object]", other))

    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # as of a list

    def __reduce__(self) -> tuple[object, ...]:
        return StoredPages, (self._output, self._document, self._count, self._place)

    def _read(self) -> tuple[Page, ...]:
        if self._pages is None:
            try:
                self._pages = parse_record(self._read_record()).pages
            except InvalidRecordError as error:
                message = f"{self._output.uri(self._place)} is no record: {error}"
                raise DocumentError(message, cause=Cause.MALFORMED) from error
        return self._pages

    def _read_record(self) -> bytes:
        if self._place == record_name(self._document):
            return self._output.read(self._place)
        return read_packed_record(self._output, self._place, document_name(self._document))


def _warn_once(output: str, message: str) -> None:
    """Say it once for each output and process: a pile of records of another version is one message."""
    before = _count_warnings.cache_info().misses
    _count_warnings(output)
    if _count_warnings.cache_info().misses > before:
        log.warning(
            "%s holds records that cannot be read; their documents are read anew. One of them: %s", output, message
        )


@lru_cache(maxsize=256)
def _count_warnings(output: str) -> str:
    return output
