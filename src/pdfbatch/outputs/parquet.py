"""Write rows to a Parquet file by pyarrow, which comes with the extra ``parquet``."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import IO, Any, cast

from pdfbatch.errors import DependencyError, UsageError
from pdfbatch.outputs.record import to_json

try:
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]
except ImportError as _missing:
    raise DependencyError("Parquet needs pyarrow: pip install 'pdfbatch[parquet]'") from _missing

# Bounds of a row group, which a reader loads as a whole, and which is in memory here until it is written.
GROUP_ROWS = 10_000
GROUP_CHARACTERS = 32 << 20

# pyarrow has no types
arrow: Any = cast("Any", pa)
parquet: Any = cast("Any", pq)

_INTEGERS = frozenset({"pages", "ocr_pages", "failed_pages", "characters", "attempts", "number"})
_FLOATS = frozenset({"duration_seconds", "confidence"})


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
    if name in _INTEGERS:
        return arrow.int64()
    return arrow.float64() if name in _FLOATS else arrow.large_string()


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
