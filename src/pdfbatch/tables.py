"""Results as tables: rows with the names of an export, an Arrow table, a data frame."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, cast

from pdfbatch.errors import DependencyError
from pdfbatch.model import DocumentResult

Row = dict[str, object]

INTEGER_COLUMNS = frozenset({"pages", "ocr_pages", "failed_pages", "characters", "attempts", "number"})
FLOAT_COLUMNS = frozenset({"duration_seconds", "confidence"})
_COLUMNS = (
    "document_uuid",
    "file_path",
    "project_uuid",
    "status",
    "metadata",
    "pages",
    "ocr_pages",
    "failed_pages",
    "characters",
    "error_cause",
    "error_message",
    "duplicate_of",
    "pdf_metadata",
    "fingerprint",
    "attempts",
    "duration_seconds",
    "finished_at",
    "text",
)


def document_row(result: DocumentResult) -> Row:
    """Return the row of a document as ``export`` has it. ``finished_at``, which only records have, is ``None``."""
    document, failure = result.document.as_dict(), result.failure
    return {
        **{name: document[name] for name in ("document_uuid", "file_path", "project_uuid")},
        "status": str(result.status),
        "metadata": document["metadata"],
        "pages": result.counts.pages,
        "ocr_pages": result.counts.ocr_pages,
        "failed_pages": result.counts.failed_pages,
        "characters": result.counts.characters,
        "error_cause": None if failure is None else str(failure.cause),
        "error_message": None if failure is None else failure.message,
        "duplicate_of": result.duplicate_of,
        "pdf_metadata": dict(result.pdf_metadata),
        "fingerprint": result.fingerprint,
        "attempts": result.attempts,
        "duration_seconds": result.duration_seconds,
        "finished_at": None,
        "text": result.text,
    }


def arrow_table(results: Iterable[DocumentResult]) -> Any:
    """Return a ``pyarrow.Table`` with a row for each result; metadata are JSON. Raises ``DependencyError`` without pyarrow."""
    try:
        import pyarrow as pa  # type: ignore[import-untyped]  # noqa: PLC0415 (an extra, loaded when used)
    except ImportError as error:
        raise DependencyError("to_arrow() needs pyarrow: pip install pyarrow") from error
    arrow = cast("Any", pa)
    rows = [{name: _plain(value) for name, value in document_row(result).items()} for result in results]
    schema = arrow.schema([(name, _arrow_type(arrow, name)) for name in _COLUMNS])
    return arrow.Table.from_pylist(rows, schema=schema)


def data_frame(results: Iterable[DocumentResult]) -> Any:
    """Return a ``pandas.DataFrame`` with a row for each result. Raises ``DependencyError`` without pandas."""
    try:
        import pandas as pd  # type: ignore[import-untyped]  # noqa: PLC0415 (not ours to require)
    except ImportError as error:
        raise DependencyError("to_pandas() needs pandas: pip install pandas") from error
    return cast("Any", pd).DataFrame([document_row(result) for result in results], columns=list(_COLUMNS))


def _plain(value: object) -> object:
    if not isinstance(value, Mapping):
        return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace").decode()


def _arrow_type(arrow: Any, name: str) -> object:
    if name in INTEGER_COLUMNS:
        return arrow.int64()
    return arrow.float64() if name in FLOAT_COLUMNS else arrow.large_string()
