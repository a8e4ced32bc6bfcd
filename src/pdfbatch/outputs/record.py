"""The record of a document, as JSON: its contents, and the names of the files that an output holds of a document."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any, cast, overload

from pdfbatch.errors import Cause, DocumentError
from pdfbatch.model import (
    Counts,
    Document,
    DocumentResult,
    DocumentStatus,
    Failure,
    OcrDetails,
    Page,
    Reread,
    TextSource,
)
from pdfbatch.outputs.callable_identity import describe
from pdfbatch.outputs.keys import output_key
from pdfbatch.ports import Output
from pdfbatch.settings import Extraction

PARTS_FOLDER = ".parts/"
_MEASURED = ("ocr_seconds", "ocr_cpu_seconds")
# Made once: ``json.dumps`` with these options makes an encoder for each call.
_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str)


def record_name(document: Document) -> str:
    """Return the name of a document's record in the output."""
    return f"{output_key(document.document_uuid)}.json"


def text_name(document: Document) -> str:
    """Return the name of a document's text in the output."""
    return f"{output_key(document.document_uuid)}.txt"


def parts_folder(document: Document, fingerprint: str, options: str) -> str:
    """Return the folder of a split document's parts, which is another one for another input or other settings."""
    stamp = hashlib.sha256(f"{fingerprint}\0{options}".encode()).hexdigest()[:16]
    return f"{PARTS_FOLDER}{output_key(document.document_uuid)}/{stamp}/"


def delete_parts(output: Output, document: Document) -> None:
    """Delete all parts of a document, of any input and settings. Raises ``DocumentError`` with a storage cause."""
    output.delete(f"{PARTS_FOLDER}{output_key(document.document_uuid)}/")


@lru_cache(maxsize=64)  # one for each way in which documents differ from the batch: most batches have one
def options_digest(extraction: Extraction, engines: tuple[str, ...], pages: str | None, languages: str | None) -> str:
    """Return a digest of every setting that can change a document's text. Versions of engines are not among them."""
    transform = describe(extraction.page_transform)
    plain = asdict(replace(extraction, page_transform=None))  # a copy of the callable would cost what it holds
    settings = json.dumps([plain, engines, (pages, languages), transform], sort_keys=True)
    return hashlib.sha256(settings.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a result came from.

    A resume compares ``fingerprint`` (the version of the input) and ``options`` (the digest of the settings); ``versions`` of
    the engines and ``finished_at`` are for readers of the record.
    """

    fingerprint: str = ""
    options: str = ""
    versions: Mapping[str, str]
    finished_at: str = ""


def files_of(result: DocumentResult, provenance: Provenance) -> tuple[tuple[str, bytes | None], ...]:
    """Return the names and contents of a document's files, in the order in which they are to be written.

    ``None`` instead of contents says that the file is to be deleted: a failed document leaves no text of an earlier run. The
    record comes last, so that its presence says that the text is there.
    """
    record = (record_name(result.document), to_json(as_record(result, provenance)))
    if result.pages:
        return (text_name(result.document), result.text.encode()), record
    return (record,) if result.ok else ((text_name(result.document), None), record)


def as_record(result: DocumentResult, provenance: Provenance) -> dict[str, object]:
    """Return the record of a result. All that differs between two runs over the same input is under ``run``."""
    return {
        "document": result.document.as_dict(),
        "status": str(result.status),
        "error": None if result.failure is None else result.failure.as_dict(),
        "counts": {name: value for name, value in asdict(result.counts).items() if name not in _MEASURED},
        "pdf_metadata": dict(result.pdf_metadata),
        "input": {"fingerprint": provenance.fingerprint},
        "options": provenance.options,
        "versions": dict(provenance.versions),
        "duplicate_of": result.duplicate_of,
        "pages": [_without_time(page.as_dict()) for page in result.pages],
        "run": {
            "attempts": result.attempts,
            "duration_seconds": round(result.duration_seconds, 6),
            "ocr_seconds": round(result.counts.ocr_seconds, 6),
            "ocr_cpu_seconds": round(result.counts.ocr_cpu_seconds, 4),
            "page_cpu_seconds": {
                str(page.number): page.ocr.cpu_seconds for page in result.pages if page.ocr is not None
            },
            "finished_at": provenance.finished_at,
        },
    }


def to_json(value: object) -> bytes:
    """Return compact JSON in UTF-8. A value that JSON has no form for (in a caller's metadata) is written as its ``str``."""
    return _COMPACT.encode(value).encode("utf-8", "replace")


def read_record(output: Output, document_uuid: str) -> dict[str, Any] | None:
    """Return the record of a document, ``None`` where there is none or the file cannot be read as one."""
    try:
        record = json.loads(output.read(f"{output_key(document_uuid)}.json"))
    except (DocumentError, ValueError):
        return None
    return cast("dict[str, Any]", record) if isinstance(record, dict) else None


def result_of(record: Mapping[str, Any], document: Document, output: Output) -> DocumentResult:
    """Return the result that a record describes. Its pages stay in the output until somebody asks for them."""
    error, counts, run = record["error"], record["counts"], record["run"]
    return DocumentResult(
        document=document.without_content(),
        status=DocumentStatus(record["status"]),
        pages=StoredPages(output, document, counts["pages"]),
        failure=None if error is None else _failure(error),
        output=output.uri(record_name(document)),
        attempts=run["attempts"],
        duration_seconds=run["duration_seconds"],
        pdf_metadata=record["pdf_metadata"],
        counts=Counts(**counts, **{name: run.get(name, 0.0) for name in _MEASURED}),
        duplicate_of=record["duplicate_of"],
        fingerprint=record["input"]["fingerprint"],
    )


def pages_of(record: Mapping[str, Any]) -> tuple[Page, ...]:
    """Return the pages of a record."""
    seconds: Mapping[str, float] = record.get("run", {}).get("page_cpu_seconds", {})
    return tuple(_page(entry, seconds.get(str(entry["number"]), 0.0)) for entry in record["pages"])


def pages_to_json(pages: Iterable[Page]) -> bytes:
    """Return pages as JSON, as the output holds them between a part and its join."""
    return to_json([page.as_dict() for page in pages])


def pages_from_json(data: bytes) -> list[Page]:
    """Return the pages that ``pages_to_json`` wrote."""
    return [_page(entry) for entry in json.loads(data)]


class StoredPages(Sequence[Page]):
    """The pages of a document that an output holds. They are read from its record at the first access."""

    __slots__ = ("_count", "_document", "_output", "_pages")

    def __init__(self, output: Output, document: Document, count: int) -> None:
        self._output = output
        self._document = document.without_content()
        self._count = count
        self._pages: list[Page] | None = None

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
        return f"<{self._count} pages in {self._output.uri(record_name(self._document))}>"

    def __reduce__(self) -> tuple[object, ...]:
        return StoredPages, (self._output, self._document, self._count)

    def _read(self) -> list[Page]:
        if self._pages is None:
            record = json.loads(self._output.read(record_name(self._document)))
            self._pages = list(pages_of(record))
        return self._pages


def _without_time(page: dict[str, object]) -> dict[str, object]:
    if page["ocr"] is None:
        return page
    ocr = cast("dict[str, object]", page["ocr"])
    return {**page, "ocr": {name: value for name, value in ocr.items() if name != "cpu_seconds"}}


def _page(entry: Mapping[str, Any], cpu_seconds: float = 0.0) -> Page:
    error, ocr = entry["error"], entry.get("ocr")
    return Page(
        number=entry["number"],
        text=entry["text"],
        source=TextSource(entry["source"]),
        reason=entry["reason"],
        confidence=entry["confidence"],
        weak_words=entry.get("weak_words"),
        language=entry.get("language"),
        note=entry.get("note", ""),
        failure=None if error is None else _failure(error),
        ocr=None if ocr is None else _ocr_details(ocr, cpu_seconds),
    )


def _ocr_details(entry: Mapping[str, Any], cpu_seconds: float) -> OcrDetails:
    return OcrDetails(
        engine=entry["engine"],
        dpi=entry["dpi"],
        turned=entry["turned"],
        readings=entry["readings"],
        reread=Reread(entry["reread"]),
        cpu_seconds=entry.get("cpu_seconds", cpu_seconds),
    )


def _failure(error: Mapping[str, Any]) -> Failure:
    return Failure(cause=Cause(error["cause"]), message=error["message"], transient=error["transient"])
