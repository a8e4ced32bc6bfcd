"""Write rows to a Parquet file, and read them, by pyarrow, which comes with the extra ``parquet``."""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import IO, Any, cast

from pdfbatch.errors import DependencyError, UsageError
from pdfbatch.outputs.pack_rows import METADATA
from pdfbatch.outputs.record import to_json
from pdfbatch.tables import FLOAT_COLUMNS, INTEGER_COLUMNS

try:
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]
except ImportError as _missing:
    raise DependencyError("Parquet needs pyarrow: pip install pyarrow") from _missing

# Bounds of a row group, which a reader loads as a whole, and which is in memory here until it is written.
GROUP_ROWS = 10_000
GROUP_CHARACTERS = 32 << 20

# pyarrow has no types
arrow: Any = cast("Any", pa)
parquet: Any = cast("Any", pq)


def write_rows(rows: Iterator[Mapping[str, object]], file: IO[bytes]) -> int:
    """Write rows with the same names, and return how many. Mappings become JSON. Raises ``UsageError`` when there is none."""
    first = next(rows, None)
    if first is None:
        raise UsageError("There is no row to export")
    schema, count = arrow.schema([(name, _type(name)) for name in first]), 0
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for group in _groups(chain((first,), rows)):
            writer.write_table(arrow.Table.from_pylist(group, schema=schema))
            count += len(group)
    return count


def _type(name: str) -> object:
    if name in INTEGER_COLUMNS:
        return arrow.int64()
    return arrow.float64() if name in FLOAT_COLUMNS else arrow.large_string()


def _groups(rows: Iterable[Mapping[str, object]]) -> Iterator[list[dict[str, object]]]:
    group, characters = list[dict[str, object]](), 0
    for row in rows:
        group.append({name: _plain(value) for name, value in row.items()})
        characters += len(str(row["text"]))
        if len(group) >= GROUP_ROWS or characters >= GROUP_CHARACTERS:
            yield group
            group, characters = [], 0
    if group:
        yield group


def _plain(value: object) -> object:
    return to_json(cast("object", value)).decode() if isinstance(value, Mapping) else value


# --- packs ------------------------------------------------------------------------------------------------------------

_OF_METADATA = {str: arrow.string(), int: arrow.int64()}
_SCHEMA = arrow.schema(
    [
        ("id", arrow.string()),
        ("text", arrow.large_string()),
        ("metadata", arrow.struct([(name, _OF_METADATA[kind]) for name, kind in METADATA.items()])),
        ("record", arrow.large_string()),
    ]
)
# What of a group is in memory at one time is several times as much; a larger one takes no less CPU.
_PACK_GROUP_BYTES = 2 << 20


class PackTable:
    """Rows of a packed layout as a Parquet file: lines of JSON come in, groups of rows go out."""

    def __init__(self, file: IO[bytes], group_bytes: int) -> None:
        self._writer = parquet.ParquetWriter(file, _SCHEMA, compression="zstd")
        self._lines = list[bytes]()
        self._size = 0
        self._group_bytes = min(_PACK_GROUP_BYTES, group_bytes)

    def write(self, lines: bytes) -> None:
        """Take whole lines."""
        self._lines.append(lines)
        self._size += len(lines)
        if self._size >= self._group_bytes:
            self._write_group()

    def close(self) -> None:
        """Write the last group and the footer."""
        self._write_group()
        self._writer.close()

    def _write_group(self) -> None:
        if self._lines:
            rows = [json.loads(line) for line in b"".join(self._lines).splitlines()]
            self._writer.write_table(arrow.Table.from_pylist(rows, schema=_SCHEMA))
            self._lines, self._size = [], 0


def read_pack(file: IO[bytes]) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of a pack, a group of rows at a time."""
    table = parquet.ParquetFile(file)
    for group in range(table.num_row_groups):
        yield from table.read_row_group(group).to_pylist()
