"""Manifests with one document a row: JSON lines, CSV and Parquet. They are read row by row, with flat memory."""

import csv
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import IO, TypeAlias, cast

from pdfbatch.errors import DocumentError, ManifestError
from pdfbatch.inputs.local_copy import get_working_directory, open_local_copy
from pdfbatch.inputs.manifest import ManifestPlace, check_entry, document_from_entry, place_of
from pdfbatch.model import Document
from pdfbatch.storage import Options

Row: TypeAlias = tuple[int, "Mapping[str, object] | str"]
"""The number of a row, and its fields, or what is wrong with it."""

_DELIMITERS = ",;\t|"
_NAMED_ROWS = 5


@dataclass(frozen=True, slots=True)
class TableManifest:
    """A manifest with one document a row, at a path or URL with its ``options``.

    The names of columns are the keys of a manifest's entry; ``metadata`` may be JSON in text, and any further column becomes
    metadata under its own name. Empty cells count as missing. Rows are counted as spreadsheets and editors show them: the names
    of columns are row 1 of a CSV file, and a line of JSON is a row; of Parquet, row 1 is the first with a document.
    """

    address: str
    options: Options = field(default_factory=dict[str, object], repr=False)
    base_folder: str = field(default_factory=get_working_directory, repr=False)

    @property
    def place(self) -> ManifestPlace:
        """Where its rows stand."""
        return place_of(self.address, self.options, self.base_folder)

    def check(self) -> int:
        """Look at every row, and return how many documents there are.

        Raises ``ManifestError`` that names the first rows which are wrong, and how many there are.
        """
        place, count, more, wrong = self.place, 0, 0, list[str]()
        for number, fields in self._read_rows(place):
            problem = _find_problem(fields, place, number)
            count += problem is None
            if problem is not None and len(wrong) < _NAMED_ROWS:
                wrong.append(problem)
            elif problem is not None:
                more += 1
        if wrong:
            tail = f"; and {more:,} more rows are wrong" if more else ""
            raise ManifestError("; ".join(wrong) + tail)
        return count

    def read_documents(self) -> Iterator[Document]:
        """Yield the document of each row. Raises ``ManifestError`` naming manifest, row and key."""
        place = self.place
        for number, fields in self._read_rows(place):
            try:
                document = None if isinstance(fields, str) else document_from_entry(fields, place)
            except ManifestError:
                document = None
            if document is None:
                raise ManifestError(_find_problem(fields, place, number) or f"{place.name}: row {number} is wrong")
            yield document

    def _read_rows(self, place: ManifestPlace) -> Iterator[Row]:
        try:
            address = self.address if "://" in self.address else os.path.join(self.base_folder, self.address)
            with open_local_copy(address, self.options) as file:
                yield from _READERS[_suffix(self.address)](file, place)
        except (DocumentError, OSError) as error:
            raise ManifestError(f"The manifest cannot be read: {error}") from None


def _find_problem(fields: "Mapping[str, object] | str", place: ManifestPlace, number: int) -> str | None:
    """Return what is wrong with a row, in words that name it; ``None`` when it is right."""
    if isinstance(fields, str):
        return f"{place.name}: row {number}: {fields}"
    try:
        check_entry(fields, place)
    except ManifestError:
        try:  # once more, for a message with its number: most rows are right, and need none
            check_entry(fields, replace(place, name=f"{place.name}: row {number}"))
        except ManifestError as error:
            return str(error)
    return None


def _suffix(address: str) -> str:
    path = address.partition("::")[0] if "://" in address else address
    return os.path.splitext(path)[1].lower()


# --- JSON lines -------------------------------------------------------------------------------------------------------


def _read_lines(file: "IO[bytes]", _place: ManifestPlace) -> Iterator[Row]:
    for number, line in enumerate(file, start=1):
        data = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        if data.strip():
            yield number, _parse_line(data)


def _parse_line(line: bytes) -> "Mapping[str, object] | str":
    try:
        value: object = json.loads(line.decode())
    except UnicodeDecodeError:
        return "is not UTF-8"
    except (ValueError, RecursionError) as error:
        return f"is not JSON ({error})"
    if not isinstance(value, dict):
        return f'expected an object {{"file_path": ...}}, found {type(value).__name__}'
    return _with_metadata(cast("dict[str, object]", value))


# --- CSV --------------------------------------------------------------------------------------------------------------


def _read_csv(file: "IO[bytes]", place: ManifestPlace) -> Iterator[Row]:
    header = next((line for line in file if line.strip()), b"").removeprefix(b"\xef\xbb\xbf")
    columns, delimiter = _split_header(header, place)
    # Bytes that are no UTF-8 become what no text has, so that the row which has them can be named.
    lines = (line.decode("utf-8", "surrogateescape") for line in file)
    reader, number = csv.reader(lines, delimiter=delimiter, strict=True), 1
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield number, f"is no row of CSV ({error})"
            continue
        if cells:
            yield number, _parse_cells(columns, cells)


def _split_header(header: bytes, place: ManifestPlace) -> tuple[list[str], str]:
    """Return the names of the columns, and what separates them: the one with which a path is among them."""
    text = header.decode("utf-8", "replace").strip("\r\n")
    for delimiter in _DELIMITERS:
        columns = [name.strip() for name in next(csv.reader([text], delimiter=delimiter), list[str]())]
        if _has_path(columns):
            return columns, delimiter
    raise _no_path(place, [name.strip() for name in text.split(",")])


def _parse_cells(columns: Sequence[str], cells: Sequence[str]) -> "Mapping[str, object] | str":
    if len(cells) != len(columns):
        return f"has {len(cells)} cells, but there are {len(columns)} columns"
    if not all(map(_is_utf8, cells)):
        return "is not UTF-8 (give the bytes of such a path in hexadecimal digits as file_path_bytes)"
    return _with_metadata({name: cell for name, cell in zip(columns, cells, strict=True) if name and cell})


def _is_utf8(text: str) -> bool:
    return text.isascii() or not any("\udc80" <= character <= "\udcff" for character in text)


# --- Parquet ----------------------------------------------------------------------------------------------------------


def _read_parquet(file: "IO[bytes]", place: ManifestPlace) -> Iterator[Row]:
    from pdfbatch.inputs.parquet_rows import read_rows  # noqa: PLC0415 (loads pyarrow, which is an extra)

    columns, rows = read_rows(file, place.name)
    if not _has_path(columns):
        raise _no_path(place, columns)
    for number, row in enumerate(rows, start=1):
        fields = {name: value for name, value in row.items() if value is not None and value != ""}
        if isinstance(path := fields.get("file_path"), bytes):
            fields["file_path"] = os.fsdecode(path)
        if isinstance(given := fields.get("metadata"), list):  # a column of maps, as pyarrow gives it
            fields["metadata"] = _to_mapping(cast("list[object]", given))
        yield number, _with_metadata(fields)


def _to_mapping(pairs: list[object]) -> object:
    try:
        return dict(cast("list[tuple[object, object]]", pairs))
    except (TypeError, ValueError):
        return pairs


# --- all --------------------------------------------------------------------------------------------------------------


def _with_metadata(fields: "dict[str, object]") -> "Mapping[str, object] | str":
    """Return the fields with metadata that came as JSON in text."""
    given = fields.get("metadata")
    if not isinstance(given, str):
        return fields
    try:
        value: object = json.loads(given) if given.strip() else {}
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        return "key 'metadata': expected an object in JSON"
    return {**fields, "metadata": cast("object", value)}


def _has_path(columns: Iterable[str]) -> bool:
    return not {"file_path", "file_path_bytes"}.isdisjoint(columns)


def _no_path(place: ManifestPlace, columns: Sequence[str]) -> ManifestError:
    found = ", ".join(f"{name[:60]!r}" for name in columns[:10] if name) or "none"
    return ManifestError(f"{place.name}: there is no column 'file_path' (found {found})")


_READERS: "Mapping[str, Callable[[IO[bytes], ManifestPlace], Iterator[Row]]]" = {
    ".jsonl": _read_lines,
    ".ndjson": _read_lines,
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".parquet": _read_parquet,
}
