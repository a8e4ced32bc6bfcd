"""Put the shards' tables of documents, ``documents.csv``, together."""

import csv
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO

from pdfbatch.errors import Cause, DocumentError
from pdfbatch.outputs import batch_file
from pdfbatch.ports import Output

TABLE_NAME = "documents.csv"


def merge_tables(output: Output, batch_ids: Sequence[str]) -> None:
    """Write one table with the rows of all shards, and those of documents that no shard has met.

    Shards that have no table, because they could not write one, add no rows. Raises ``DocumentError``.
    """
    tables = [table for each in batch_ids if (table := _read_lines(output, batch_file(each, TABLE_NAME)))]
    if not tables:
        return
    header = tables[0][0]
    new = [row for table in tables for row in table[1:]]
    known = array("q", sorted(_hash_ids(header, new)))
    earlier = _read_lines(output, TABLE_NAME)[1:]
    kept = [row for row, key in zip(earlier, _hash_ids(header, earlier), strict=True) if not _has(known, key)]
    output.write(TABLE_NAME, b"".join([header, *kept, *new]))


def _read_lines(output: Output, name: str) -> list[bytes]:
    """Return the whole lines of a table, its header first; none where there is no table."""
    try:
        return [line for line in output.read(name).splitlines(keepends=True) if line.endswith(b"\n")]
    except DocumentError as error:
        if error.cause is Cause.STORAGE_NOT_FOUND:
            return []
        raise


def _hash_ids(header: bytes, rows: Iterable[bytes]) -> Iterator[int]:
    """Yield a hash of the id in each row. A row without one is taken for a document of its own."""
    columns = next(csv.reader([header.decode("utf-8", "replace").strip()]), list[str]())
    place = columns.index("id") if "id" in columns else 0
    for row in rows:
        cells = next(csv.reader(StringIO(row.decode("utf-8", "replace"))), list[str]())
        yield hash(cells[place] if place < len(cells) else row)


def _has(values: "array[int]", value: int) -> bool:
    place = bisect_left(values, value)
    return place < len(values) and values[place] == value
