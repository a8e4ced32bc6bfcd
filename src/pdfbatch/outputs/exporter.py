"""Export all records of an output as one file, JSON lines or Parquet."""

import json
import os
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import IO, Any

from pdfbatch.common import SafeLogger, without_credentials
from pdfbatch.errors import Cause, DocumentError, OutputError, UsageError
from pdfbatch.outputs.atomic_file import atomic_file
from pdfbatch.outputs.pack_files import sort_packs
from pdfbatch.outputs.pack_reader import iter_pack
from pdfbatch.outputs.record import may_be_record, to_json
from pdfbatch.outputs.stale_rows import find_stale_rows
from pdfbatch.ports import Output
from pdfbatch.storage import Storage

log: SafeLogger = SafeLogger(__name__)

Row = dict[str, object]
Address = str | os.PathLike[str]

# Records that are being read at one time. A remote output has a round trip for each.
_READ_AHEAD = 16


def export(output: Output | Address, target: Address, *, options: Mapping[str, object] | None = None) -> int:
    """Write each document of an output as one row to ``target``, and return how many there were.

    ``target`` is a path or an fsspec URL (with its ``options``) that ends in ``.jsonl`` or ``.parquet``. The file appears whole
    or not at all. Rows are sorted by the name of their document, those of a packed layout by the time at which it ended. They
    hold ``document_uuid``, ``file_path``, ``project_uuid``, ``status``, ``metadata``, ``pages``, ``ocr_pages``,
    ``failed_pages``, ``characters``, ``error_cause``, ``error_message``, ``duplicate_of``, ``pdf_metadata``, ``fingerprint``,
    ``attempts``, ``duration_seconds``, ``finished_at`` and ``text`` (its pages are separated by form feeds). Only a few records
    are in memory at one time.

    Raises ``UsageError`` when the target ends in something else, ``DependencyError`` when pyarrow is not installed,
    ``OutputError`` when the output holds no record or the target cannot be written, ``DocumentError`` when a record cannot be
    read.
    """
    return _export(output, target, options, _document_rows)


def export_pages(output: Output | Address, target: Address, *, options: Mapping[str, object] | None = None) -> int:
    """Write each page of each document as one row to ``target``, and return how many there were; else as ``export``.

    Rows hold ``document_uuid``, ``file_path``, ``project_uuid``, ``status`` (of the document), ``number``, ``source``,
    ``reason``, ``confidence``, ``language``, ``note``, ``error_cause``, ``error_message`` and ``text``. A document without
    pages has no row.
    """
    return _export(output, target, options, _page_rows)


def _export(
    output: Output | Address,
    target: Address,
    options: Mapping[str, object] | None,
    rows_of: Callable[[Mapping[str, Any]], Iterator[Row]],
) -> int:
    address = os.fspath(target)
    write = _writer(address)
    source = Storage(os.fspath(output)) if isinstance(output, (str, os.PathLike)) else output
    with closing(_records(source)) as records, atomic_file(address, options or {}) as file:
        return write((row for record in records for row in rows_of(record)), file)


def _writer(address: str) -> Callable[[Iterator[Row], IO[bytes]], int]:
    shown = without_credentials(address)
    name = shown.partition("?")[0] if shown.lower().startswith(("http://", "https://")) else shown
    match os.path.splitext(name)[1].lower():
        case ".jsonl" | ".ndjson":
            return _write_lines
        case ".parquet":
            from pdfbatch.outputs.parquet import write_rows  # noqa: PLC0415 (loads pyarrow, which is an extra)

            return write_rows
        case ending:
            raise UsageError(f"{shown}: an export ends in .jsonl or .parquet, not in {ending!r}")


def _write_lines(rows: Iterator[Row], file: IO[bytes]) -> int:
    count = 0
    for row in rows:
        file.write(to_json(row) + b"\n")
        count += 1
    return count


# --- reading ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Spoiled:
    """How many records were found that cannot be read, and how many packs that cannot be read to their end."""

    records: int = 0
    packs: int = 0


def _records(output: Output, spoiled: Spoiled | None = None) -> Generator[Mapping[str, Any]]:
    """Yield every record of an output, in the order of their names; of rows with one id the last one.

    Raises ``DocumentError`` when a pack cannot be read.

    With ``spoiled``, a pack that is damaged is counted there, and what can be read of it is yielded.
    """
    found = list(output.names())
    names, packs = sorted(filter(may_be_record, found)), sort_packs(found)
    if not names and not packs:
        raise _no_record_error(output.uri(""))
    stale = find_stale_rows(output) if packs else {}
    for pack in packs:
        old = stale.get(pack, frozenset[int]())
        try:
            yield from (json.loads(data) for number, data in enumerate(iter_pack(output, pack)) if number not in old)
        except DocumentError as error:
            if spoiled is None or error.cause is not Cause.MALFORMED:
                raise
            spoiled.packs += 1
            log.warning("%s", error)
    for name, data in _read_ahead(output, names):
        try:
            record: Any = json.loads(data)
            if {"document", "pages", "status"} <= record.keys():
                yield record
                continue
        except ValueError:
            if spoiled is not None:
                spoiled.records += 1
        except AttributeError:
            pass
        log.warning("%s is no record, and is left out", output.uri(name))


def _no_record_error(place: str) -> OutputError:
    is_there = "://" in place or os.path.isdir(place)
    reason = "it is no output of pdfbatch, an empty one, or one whose first shard is not whole yet"
    return OutputError(f"{place} holds no record: {reason if is_there else 'there is no such folder'}")


def _read_ahead(output: Output, names: list[str]) -> Iterator[tuple[str, bytes]]:
    """Yield each name with its contents, in the order of the names, and read the next few in the background."""
    pool = ThreadPoolExecutor(_READ_AHEAD, thread_name_prefix="pdfbatch-export")
    pending = deque[tuple[str, Future[bytes]]]()
    try:
        for name in names:
            pending.append((name, pool.submit(output.read, name)))
            if len(pending) >= _READ_AHEAD:
                first, data = pending.popleft()
                yield first, data.result()
        for rest, data in pending:
            yield rest, data.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def iter_records(output: Output, spoiled: Spoiled) -> Generator[Mapping[str, Any]]:
    """Yield every record of an output that can be read, and count the others; only a few are in memory at one time.

    Raises ``OutputError`` when there is none, ``DocumentError`` when the storage does not give one.
    """
    yield from _records(output, spoiled)


# --- rows -------------------------------------------------------------------------------------------------------------


def _document_rows(record: Mapping[str, Any]) -> Iterator[Row]:
    counts, run = record["counts"], record["run"]
    yield {
        **_identity(record),
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
            **_identity(record),
            "number": page["number"],
            "source": page["source"],
            "reason": page["reason"],
            "confidence": page["confidence"],
            "language": page.get("language"),
            "note": page.get("note", ""),
            **_error(page["error"]),
            "text": page["text"],
        }


def _identity(record: Mapping[str, Any]) -> Row:
    document = record["document"]
    identity: Row = {name: document[name] for name in ("document_uuid", "file_path", "project_uuid")}
    return {**identity, "status": record["status"]}


def _error(error: Mapping[str, Any] | None) -> Row:
    return {
        "error_cause": None if error is None else error["cause"],
        "error_message": None if error is None else error["message"],
    }
