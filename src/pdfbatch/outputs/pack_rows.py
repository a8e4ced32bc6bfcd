"""The rows of a packed layout: one for each document, with its text, what people filter by, and its record.

A row is a JSON object with ``id``, ``text``, ``metadata`` (the facts that many tools look for) and ``record``: the record of
the document as JSON text, so that its shape does not become the schema of a table. Pages in it have no ``text``, because the
text of the row, split at its form feeds, has it.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, cast

from pdfbatch.model import DocumentResult
from pdfbatch.outputs.record import Provenance, as_record, document_name, to_json

METADATA: Mapping[str, type] = {
    "name": str,
    "file_path": str,
    "project_uuid": str,
    "status": str,
    "cause": str,
    "pages": int,
    "ocr_pages": int,
    "failed_pages": int,
    "characters": int,
    "duplicate_of": str,
}
"""The fields of ``metadata``, in their order."""

_SEPARATOR = "\f"


def body_of(result: DocumentResult, provenance: Provenance) -> bytes:
    """Return the part of a row that needs the pages, as workers make it: text and record, without a line break."""
    text = result.text
    record = as_record(result, provenance, text.encode() if result.pages else None)
    pages = cast("list[dict[str, object]]", record["pages"])
    if len(pages) == text.count(_SEPARATOR) + 1:
        for page in pages:
            del page["text"]
    return b'"text":%s,"record":%s}' % (to_json(text), to_json(to_json(record).decode()))


def is_body(body: bytes) -> bool:
    """Return whether bytes may be the second part of a row: not more than one line, and the end of an object."""
    return body.startswith(b'"text":"') and body.endswith(b'"}') and b"\n" not in body and b"\r" not in body


def row_of(result: DocumentResult, body: bytes) -> bytes:
    """Return the row of a document as a line: what the parent knows, and the part that a worker made."""
    counts = result.counts
    metadata = {
        "name": document_name(result.document),
        "file_path": result.document.file_path,
        "project_uuid": result.document.project_uuid,
        "status": str(result.status),
        "cause": None if result.failure is None else str(result.failure.cause),
        "pages": counts.pages,
        "ocr_pages": counts.ocr_pages,
        "failed_pages": counts.failed_pages,
        "characters": counts.characters,
        "duplicate_of": result.duplicate_of,
    }
    return b'{"id":%s,"metadata":%s,%s\n' % (to_json(result.document.document_uuid), to_json(metadata), body)


def record_of_body(body: bytes) -> bytes:
    """Return the record in the second part of a row. Raises ``ValueError`` when it is none."""
    return record_of(json.loads(b"{" + body))


def record_of(row: Mapping[str, Any]) -> bytes:
    """Return the record of a row as it would be in a file of its own. Raises ``ValueError`` when it is no row."""
    try:
        record: dict[str, Any] = json.loads(row["record"])
        pages = record["pages"]
        if pages and "text" not in pages[0]:
            for page, text in zip(pages, row["text"].split(_SEPARATOR), strict=True):
                page["text"] = text
        return to_json(record)
    except (LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"it is no row of a document ({type(error).__name__})") from error


def text_fits(row: Mapping[str, Any]) -> bool:
    """Return whether the text of a row has the length and the hash that its record tells."""
    try:
        facts, text = json.loads(row["record"])["text"], cast("str", row["text"]).encode()
        if facts is None:
            return not text
        return bool((len(text), hashlib.sha256(text).hexdigest()) == (facts["bytes"], facts["sha256"]))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return False
