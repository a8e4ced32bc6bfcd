"""Read the rows of a Parquet file by pyarrow, which comes with the extra ``parquet``."""

from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any, cast

from pdfbatch.errors import DependencyError, ManifestError

try:
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]
except ImportError as _missing:
    raise DependencyError("Parquet needs pyarrow: pip install pyarrow") from _missing

# pyarrow has no types
arrow: Any = cast("Any", pa)
parquet: Any = cast("Any", pq)

_ROWS_AT_ONCE = 1000


def read_rows(file: IO[bytes], name: str) -> tuple[Sequence[str], Iterator[Mapping[str, object]]]:
    """Return the names of the columns, and the rows, of which some are in memory at one time.

    Raises ``ManifestError``, the iterator too, when it is no Parquet file.
    """
    try:
        opened = parquet.ParquetFile(file, pre_buffer=False)
        columns = [str(column) for column in opened.schema_arrow.names]
    except (arrow.ArrowException, ValueError) as error:
        raise _unreadable(name, error) from None
    return columns, _iter_rows(opened, name)


def _iter_rows(opened: Any, name: str) -> Iterator[Mapping[str, object]]:
    try:
        for batch in opened.iter_batches(batch_size=_ROWS_AT_ONCE, use_threads=False):
            for row in batch.to_pylist():
                yield cast("Mapping[str, object]", row)
    except (arrow.ArrowException, ValueError) as error:
        raise _unreadable(name, error) from None


def _unreadable(name: str, error: Exception) -> ManifestError:
    return ManifestError(f"{name} is no Parquet file that can be read: {' '.join(str(error).split())[:200]}")
