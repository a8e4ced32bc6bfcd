"""All records of an output as one file, JSON lines or Parquet, for whatever reads text further on."""

import json
import logging
import os
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import IO, Any

from pdfbatch.errors import OutputError, UsageError
from pdfbatch.outputs.atomic_file import written
from pdfbatch.outputs.record import to_json
from pdfbatch.ports import Output
from pdfbatch.storage import Storage

log = logging.getLogger(__name__)

Row = dict[str, object]
Address = str | os.PathLike[str]

# So many records are read ahead: behind a network one after the other would take an hour for 100,000.
_AHEAD = 16
_OF_THE_BATCH = frozenset({"report.json"})


def export(output: Output | Address, target: Address, *, options: Mapping[str, object] | None = None) -> int:
    """Write each document of an output as one row to ``target``, and return how many there were.

    ``target`` is a path or an fsspec URL (with its ``options``) that ends in ``.jsonl`` or ``.parquet``; it appears whole or
    not at all. Rows are sorted by the key of their document, and hold ``document_uuid``, ``file_path``, ``project_uuid``,
    ``status``, ``metadata``, ``pages``, ``ocr_pages``, ``failed_pages``, ``characters``, ``error_cause``, ``error_message``,
    ``duplicate_of``, ``pdf_metadata``, ``fingerprint``, ``attempts``, ``duration_seconds``, ``finished_at`` and ``text`` (pages
    parted by form feeds). A few records are in memory at one time, not all.

    Raises ``UsageError`` when the output holds no record or the target's ending is another one, ``DependencyError`` when
    pyarrow is not installed, ``OutputError`` when the target cannot be written, ``DocumentError`` when a record cannot be read.
    """
    return _exported(output, target, options, _document_rows)


def export_pages(output: Output | Address, target: Address, *, options: Mapping[str, object] | None = None) -> int:
    """As ``export``, with a row for each page of each document.

    Rows hold ``document_uuid``, ``file_path``, ``project_uuid``, ``status`` (of the document), ``number``, ``source``,
    ``reason``, ``confidence``, ``error_cause``, ``error_message`` and ``text``. A document without pages has no row.
    """
    return _exported(output, target, options, _page_rows)


def _exported(
    output: Output | Address,
    target: Address,
    options: Mapping[str, object] | None,
    rows_of: Callable[[Mapping[str, Any]], Iterator[Row]],
) -> int:
    address = os.fspath(target)
    write = _writer(address)
    source = Storage(os.fspath(output)) if isinstance(output, (str, os.PathLike)) else output
    with closing(_records(source)) as records, written(address, options or {}) as file:
        return write((row for record in records for row in rows_of(record)), file)


def _writer(address: str) -> Callable[[Iterator[Row], IO[bytes]], int]:
    match os.path.splitext(address)[1].lower():
        case ".jsonl" | ".ndjson":
            return _write_lines
        case ".parquet":
            from pdfbatch.outputs.parquet import write_rows  # noqa: PLC0415 (pyarrow, where it is wanted)

            return write_rows
        case ending:
            raise UsageError(f"{address}: an export ends in .jsonl or .parquet, not in {ending!r}")


def _write_lines(rows: Iterator[Row], file: IO[bytes]) -> int:
    count = 0
    for row in rows:
        file.write(to_json(row) + b"\n")
        count += 1
    return count


# --- reading ----------------------------------------------------------------------------------------------------------


def _records(output: Output) -> Generator[Mapping[str, Any]]:
    """Every record of an output, by its name. Raises ``DocumentError`` when one cannot be read."""
    names = sorted(name for name in output.names() if _may_be_record(name))
    if not names:
        raise OutputError(f"{output.uri('')} holds no record: it is no output of pdfbatch, or an empty one")
    for name, data in _read_ahead(output, names):
        try:
            record: Any = json.loads(data)
            if {"document", "pages", "status"} <= record.keys():
                yield record
                continue
        except (ValueError, AttributeError):
            pass
        log.warning("%s is no record, and is left out", output.uri(name))


def _may_be_record(name: str) -> bool:
    return name.endswith(".json") and "/" not in name and name not in _OF_THE_BATCH


def _read_ahead(output: Output, names: list[str]) -> Iterator[tuple[str, bytes]]:
    """What is under each name, in their order, some of it read before it is asked for."""
    pool = ThreadPoolExecutor(_AHEAD, thread_name_prefix="pdfbatch-export")
    under_way = deque[tuple[str, Future[bytes]]]()
    try:
        for name in names:
            under_way.append((name, pool.submit(output.read, name)))
            if len(under_way) >= _AHEAD:
                first, data = under_way.popleft()
                yield first, data.result()
        for rest, data in under_way:
            yield rest, data.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


# --- rows -------------------------------------------------------------------------------------------------------------


def _document_rows(record: Mapping[str, Any]) -> Iterator[Row]:
    counts, run = record["counts"], record["run"]
    yield {
        **_named(record),
        "metadata": record["document"]["metadata"],
        "pages": counts["pages"],
        "ocr_pages": counts["ocr_pages"],
        "failed_pages": counts["failed_pages"],
        "characters": counts["characters"],
        **_error(record["error"]),
        "duplicate_of": record["duplicate_of"],
        "pdf_metadata": record["pdf_metadata"],
        "fingerprint": record["input"]["fingerprint"],
        "attempts": run["attempts"],
        "duration_seconds": run["duration_seconds"],
        "finished_at": run["finished_at"],
        "text": "\f".join(page["text"] for page in record["pages"]),
    }


def _page_rows(record: Mapping[str, Any]) -> Iterator[Row]:
    for page in record["pages"]:
        yield {
            **_named(record),
            "number": page["number"],
            "source": page["source"],
            "reason": page["reason"],
            "confidence": page["confidence"],
            **_error(page["error"]),
            "text": page["text"],
        }


def _named(record: Mapping[str, Any]) -> Row:
    document = record["document"]
    named: Row = {name: document[name] for name in ("document_uuid", "file_path", "project_uuid")}
    return {**named, "status": record["status"]}


def _error(error: Mapping[str, Any] | None) -> Row:
    return {
        "error_cause": None if error is None else error["cause"],
        "error_message": None if error is None else error["message"],
    }
