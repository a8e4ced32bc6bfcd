"""The record of a document, as JSON: how it is written, and the names of the files that an output holds of a document."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import cast

from pdfbatch.common import output_key
from pdfbatch.model import Document, DocumentResult, Page
from pdfbatch.outputs.callable_identity import describe
from pdfbatch.ports import Output
from pdfbatch.settings import Extraction

PARTS_FOLDER, BATCHES_FOLDER = ".parts/", "batches/"
HTML_REPORT_NAME = "report.html"
_OTHER_FOLDERS = (BATCHES_FOLDER, PARTS_FOLDER, ".packs/", ".index/")
RECORD_VERSION = 1
_MEASURED = ("ocr_seconds", "ocr_cpu_seconds")
# Made once: ``json.dumps`` with these options makes an encoder for each call.
_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str)


def document_name(document: Document) -> str:
    """Return what a document's files are called in the output, without an ending."""
    return document.output_name or output_key(document.document_uuid)


def record_name(document: Document) -> str:
    """Return the name of a document's record in the output."""
    return f"{document_name(document)}.json"


def may_be_record(name: str) -> bool:
    """Return whether a name in an output may be that of a record."""
    return name.endswith(".json") and name != "report.json" and not name.startswith(_OTHER_FOLDERS)


def text_name(document: Document) -> str:
    """Return the name of a document's text in the output."""
    return f"{document_name(document)}.txt"


def batch_file(batch_id: str, name: str) -> str:
    """Return the name of a file that belongs to one batch."""
    return f"{BATCHES_FOLDER}{output_key(batch_id)}/{name}"


def parts_folder(document: Document, fingerprint: str, options: str) -> str:
    """Return the folder of a split document's parts, which is another one for another input or other settings."""
    stamp = hashlib.sha256(f"{fingerprint}\0{options}".encode()).hexdigest()[:16]
    return f"{parts_prefix(document)}{stamp}/"


def parts_prefix(document: Document) -> str:
    """Return the folder of all parts of a document, of any input and settings."""
    return f"{PARTS_FOLDER}{output_key(document_name(document))}/"


def delete_parts(output: Output, document: Document) -> None:
    """Delete all parts of a document, of any input and settings. Raises ``DocumentError`` with a storage cause."""
    output.delete(parts_prefix(document))


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
    text = result.text.encode() if result.pages else None
    record = (record_name(result.document), to_json(as_record(result, provenance, text)))
    if text is not None:
        return (text_name(result.document), text), record
    return (record,) if result.ok else ((text_name(result.document), None), record)


def as_record(result: DocumentResult, provenance: Provenance, text: bytes | None) -> dict[str, object]:
    """Return the record of a result. All that differs between two runs over the same input is under ``run``.

    ``text`` is what the text file holds; its length and hash let a resume find out whether it still does.
    """
    return {
        "version": RECORD_VERSION,
        "document": result.document.as_dict(),
        "status": str(result.status),
        "error": None if result.failure is None else result.failure.as_dict(),
        "extras": result.extras.as_dict(),
        "counts": {name: value for name, value in asdict(result.counts).items() if name not in _MEASURED},
        "pdf_metadata": dict(result.pdf_metadata),
        "input": {"fingerprint": provenance.fingerprint},
        "options": provenance.options,
        "versions": dict(provenance.versions),
        "duplicate_of": result.duplicate_of,
        "text": None if text is None else {"bytes": len(text), "sha256": hashlib.sha256(text).hexdigest()},
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
    """Return compact JSON in UTF-8. Halves of surrogate pairs, which UTF-8 does not have, become ``?``."""
    return _COMPACT.encode(value).encode("utf-8", "replace")


def pages_to_json(pages: Iterable[Page]) -> bytes:
    """Return pages as JSON, as the output holds them between a part and its join."""
    return to_json([page.as_dict() for page in pages])


def _without_time(page: dict[str, object]) -> dict[str, object]:
    if page["ocr"] is None:
        return page
    ocr = cast("dict[str, object]", page["ocr"])
    return {**page, "ocr": {name: value for name, value in ocr.items() if name != "cpu_seconds"}}
