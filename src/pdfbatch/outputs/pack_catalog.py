"""What the packs of an output hold, as a resume looks it up.

Beside each pack ``shards/<stem>...`` there is ``.packs/<stem>.json``, which is written after it: columns with the name, the id,
the input, the settings and the counts of each row. A pack without it (a kill came between), or of another length than it
says, is read, and gets it; it without a pack counts for nothing. Of several rows of one id the one in the last pack counts.
"""

import json
import os
import sqlite3
import struct
from array import array
from bisect import bisect_right
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, count
from threading import Lock
from types import NoneType
from typing import Any, NamedTuple

from pdfbatch.common import SafeLogger, is_marked, mark_name, output_key
from pdfbatch.errors import Cause, DocumentError
from pdfbatch.model import Document, DocumentResult
from pdfbatch.outputs.catalog import FinishedDocument, counts_of_row
from pdfbatch.outputs.pack_files import ENTRIES_FOLDER, FOLDER, is_packed, order_of, read_rows, sort_packs, stem_of
from pdfbatch.outputs.pack_rows import record_of
from pdfbatch.outputs.record import PARTS_FOLDER, document_name, to_json
from pdfbatch.outputs.stored import has_failed, parse_record
from pdfbatch.ports import Output, SupportsSizes

log: SafeLogger = SafeLogger(__name__)

_COLUMNS = ("names", "ids", "inputs", "options", "counts", "duplicates")
# Rows have a place, counted through all packs, and are in blocks of as many as fit into a page of the database. A block has the
# hashes of the name and the id, the version and the kind of each of its rows, then their counts. To insert each row with its
# columns, in the order of its key, would take twice as long.
_TABLES = """
    CREATE TABLE places (key INTEGER PRIMARY KEY, place INTEGER);
    CREATE TABLE blocks (number INTEGER PRIMARY KEY, facts BLOB, counts BLOB);
    CREATE TABLE duplicates (place INTEGER PRIMARY KEY, duplicate_of TEXT)
"""
_ADD_PLACE = "INSERT OR REPLACE INTO places VALUES (?, ?)"
_ADD_BLOCK = "INSERT INTO blocks VALUES (?, ?, ?)"
_FIND_BLOCKS = "SELECT number, facts, counts FROM blocks WHERE number"
_ADD_DUPLICATE = "INSERT INTO duplicates VALUES (?, ?)"
_BLOCK_ROWS = 50
_FACTS, _COUNTS = struct.Struct("4q"), struct.Struct("6q")
_HAS_FAILED, _IS_READ, _IS_DUPLICATE = range(3)
_FEW_KEYS, _KEYS_AT_ONCE = 8, 900  # of the values that any version of the database takes in a statement
_CACHE_KIB, _SORTED_BITS = 8_000, 34
_MAX_INTEGER = (1 << 63) - 1  # what the database takes


@dataclass(slots=True)
class PackEntries:
    """The entries of one pack, by columns. ``inputs`` are fingerprints, empty for documents that failed.

    ``size_bytes`` is the length of the pack: entries of a pack that has another one by now count for nothing.
    """

    names: list[str] = field(default_factory=list[str])
    ids: list[str] = field(default_factory=list[str])
    inputs: list[str] = field(default_factory=list[str])
    options: list[str] = field(default_factory=list[str])
    counts: list[Sequence[int]] = field(default_factory=list[Sequence[int]])
    duplicates: list[str | None] = field(default_factory=list[str | None])
    size_bytes: int = 0

    def __len__(self) -> int:
        return len(self.names)

    def add(self, result: DocumentResult, options: str) -> None:
        """Add the entry of a document that has ended."""
        counts = result.counts
        pages = (counts.pages, counts.text_pages, counts.ocr_pages, counts.blank_pages, counts.failed_pages)
        self.names.append(document_name(result.document))
        self.ids.append(result.document.document_uuid)
        self.inputs.append(result.fingerprint if result.ok else "")
        self.options.append(options)
        self.counts.append((*pages, counts.characters))
        self.duplicates.append(result.duplicate_of)

    def keep(self, rows: Iterable[int]) -> "PackEntries":
        """Return the entries of some rows."""
        numbers = list(rows)
        columns: dict[str, Any] = {name: [getattr(self, name)[number] for number in numbers] for name in _COLUMNS}
        return PackEntries(**columns)

    def to_json(self) -> bytes:
        """Return them as they are stored."""
        return to_json({"bytes": self.size_bytes, **{name: getattr(self, name) for name in _COLUMNS}})

    @classmethod
    def from_json(cls, data: bytes) -> "PackEntries":
        """Return stored entries. Raises ``ValueError`` for anything else, whatever it is."""
        try:
            found = json.loads(data)
            columns: list[list[Any]] = [found[name] for name in _COLUMNS]
            size_bytes = found["bytes"]
        except (LookupError, TypeError, RecursionError) as error:
            raise ValueError(f"they are no entries ({type(error).__name__})") from error
        names, ids, inputs, options, counts, duplicates = columns
        if {type(column) for column in columns} != {list} or len({len(column) for column in columns}) != 1:
            raise ValueError("the columns of the entries do not fit together")
        if {type(value) for column in (names, ids, inputs, options) for value in column} - {str}:
            raise ValueError("names are no texts")
        if {type(value) for value in duplicates} - {str, NoneType}:
            raise ValueError("duplicates are no ids")
        "".join(each for each in duplicates if each).encode()  # the database takes no halves of surrogate pairs
        if {type(row) for row in counts} - {list} or any(len(row) != 6 for row in counts):
            raise ValueError("counts are no counts")
        numbers = [size_bytes, *chain.from_iterable(counts)]
        if {type(number) for number in numbers} != {int} or min(numbers) < 0 or max(numbers) > _MAX_INTEGER:
            raise ValueError("counts are no counts")
        return cls(names, ids, inputs, options, counts, duplicates, size_bytes)

    @classmethod
    def of_pack(cls, output: Output, name: str, size_bytes: int) -> "PackEntries":
        """Read the entries from the rows of a pack. Raises ``DocumentError`` when it is none."""
        entries = cls(size_bytes=size_bytes)
        for row in read_rows(output, name):
            try:
                record, row_name = parse_record(record_of(row)), str(row["metadata"]["name"])
            except (ValueError, LookupError, TypeError) as error:
                raise DocumentError(f"{output.uri(name)}: {error}", cause=Cause.MALFORMED) from error
            counts = record.counts
            pages = (counts.pages, counts.text_pages, counts.ocr_pages, counts.blank_pages, counts.failed_pages)
            entries.names.append(row_name)
            entries.ids.append(record.document_uuid)
            entries.inputs.append(record.fingerprint if record.status.ok else "")
            entries.options.append(record.options)
            entries.counts.append((*pages, counts.characters))
            entries.duplicates.append(record.duplicate_of)
        return entries


class _Row(NamedTuple):
    """What is known of a row. ``key`` and ``identity`` are hashes of name and id, ``version`` of input and settings."""

    key: int
    identity: int
    version: int
    kind: int
    counts: tuple[int, ...]
    place: int


class PackCatalog:
    """The entries of all packs of an output, in a private SQLite database. Can be used from several threads.

    It looks like a ``Catalog``, but no worker can look anything up: what it does not know, nobody does.
    """

    def __init__(self) -> None:
        self.packs: list[str] = []
        self.rows: int = 0
        self.has_marks: bool = False
        self._parts = set[str]()
        self._first_blocks = list[int]()  # of each pack
        self._blocks = self._next_block = 0
        self._is_repeated: bool | None = None
        self._loaded = dict[int, "_Row | None"]()
        self._lock = Lock()
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._database.executescript(_TABLES)
        self._database.execute("BEGIN")

    def close(self) -> None:
        """Remove the database. A closed catalog cannot be used again."""
        with self._lock:
            self._database.close()

    def add(self, pack: str, entries: PackEntries) -> None:
        """Add the entries of a pack, which is later than all before."""
        first = self._blocks * _BLOCK_ROWS
        # One search first, because hardly any output has a mark.
        self.has_marks = self.has_marks or ("=i" in "/".join(entries.names) and any(map(is_marked, entries.names)))
        duplicates = [(first + number, each) for number, each in enumerate(entries.duplicates) if each is not None]
        # Neighbours in the database come one after the other. To sort by small integers takes half the time.
        keys = list(map(hash, entries.names))
        order = sorted(range(len(keys)), key=[key >> _SORTED_BITS for key in keys].__getitem__)
        places = [(keys[number], first + number) for number in order]
        with self._lock:
            self._loaded = {}
            self._database.executemany(_ADD_BLOCK, _blocks_of(entries, self._blocks))
            self._database.executemany(_ADD_PLACE, places)
            self._database.executemany(_ADD_DUPLICATE, duplicates)
        self._is_repeated = None
        self.packs.append(pack)
        self._first_blocks.append(self._blocks)
        self._blocks += -(-len(entries) // _BLOCK_ROWS)
        self.rows += len(entries)

    def note_parts(self, names: Iterable[str]) -> None:
        """Note the names of parts that the output holds."""
        self._parts.update(name[len(PARTS_FOLDER) :].partition("/")[0] for name in names)

    def has_repeated_rows(self) -> bool:
        """Return whether some name has more than one row."""
        with self._lock:
            return self._has_repeated_rows()

    def find(self, name: str, fingerprint: str, options: str) -> FinishedDocument | None:
        """Return what is known of a finished document, by its name; ``None`` for any other."""
        row = self._row(name)
        if row is None or row.kind == _HAS_FAILED or row.version != hash((fingerprint, options)):
            return None
        pack = self.packs[bisect_right(self._first_blocks, row.place // _BLOCK_ROWS) - 1]
        duplicate_of = self._find_duplicate_of(row.place) if row.kind == _IS_DUPLICATE else None
        return FinishedDocument(counts_of_row(row.counts), duplicate_of, self.has_parts(name), pack)

    def is_of_another(self, name: str, document_uuid: str) -> bool:
        """Return whether another document has a row under a name."""
        row = self._row(name)
        return row is not None and row.identity != hash(document_uuid)

    def has_failed(self, name: str, document_uuid: str) -> bool:
        """Return whether the last row of a document says that it failed."""
        row = self._row(name)
        return row is not None and row.kind == _HAS_FAILED and row.identity == hash(document_uuid)

    def has_record(self, name: str) -> bool:  # noqa: ARG002 (as ``Catalog``)
        """Return whether a worker may find a record under a name, which it never does."""
        return False

    def has_parts(self, name: str) -> bool:
        """Return whether the output holds parts of the document of that name."""
        return bool(self._parts) and output_key(name) in self._parts

    def is_indexed(self, name: str) -> bool:
        """Return whether there is a row under a name, of any input and settings."""
        return self._row(name) is not None

    def load(self, names: Iterable[str]) -> None:
        """Look up some names together, which are about to be asked for: one by one takes several times as long."""
        keys = list(map(hash, names))
        with self._lock:
            self._loaded = {**dict.fromkeys(keys), **self._find_rows(keys)}

    def _row(self, name: str) -> _Row | None:
        key, loaded = hash(name), self._loaded
        if key in loaded:
            return loaded[key]
        with self._lock:
            return self._find_rows([key]).get(key)

    def _has_repeated_rows(self) -> bool:
        if self._is_repeated is None:
            (count,) = self._database.execute("SELECT COUNT(*) FROM places").fetchone()
            self._is_repeated = bool(count != self.rows)
        return self._is_repeated

    def _find_rows(self, keys: list[int]) -> dict[int, _Row]:
        """Return the last row of each key that has one, and perhaps others.

        Documents mostly come in the order in which they were written: the rows that follow the last ones that were found are
        read first, unless some are not the last of their key.
        """
        found = dict[int, _Row]()
        if len(keys) > _FEW_KEYS and not self._has_repeated_rows():
            last = self._next_block + len(keys) // _BLOCK_ROWS + 2
            found = {row.key: row for row in self._read_blocks(range(self._next_block - 1, last))}
        rest = [key for key in keys if key not in found]
        places = [place for (place,) in self._select("SELECT place FROM places WHERE key", rest)]
        found.update((row.key, row) for row in self._read_rows(places))
        if keys and (row := found.get(keys[-1])) is not None:
            self._next_block = row.place // _BLOCK_ROWS
        return found

    def _read_blocks(self, numbers: Sequence[int]) -> Iterator[_Row]:
        for number, facts, counts in self._select(_FIND_BLOCKS, numbers):
            columns = zip(*_FACTS.iter_unpack(facts), strict=True)
            yield from map(_Row, *columns, _COUNTS.iter_unpack(counts), count(number * _BLOCK_ROWS))

    def _read_rows(self, places: Iterable[int]) -> Iterator[_Row]:
        numbers = dict[int, list[int]]()  # of rows in their blocks
        for place in places:
            numbers.setdefault(place // _BLOCK_ROWS, []).append(place % _BLOCK_ROWS)
        for block, facts, counts in self._select(_FIND_BLOCKS, list(numbers)):
            for number in numbers[block]:
                key, identity, version, kind = _FACTS.unpack_from(facts, number * _FACTS.size)
                of_row = _COUNTS.unpack_from(counts, number * _COUNTS.size)
                yield _Row(key, identity, version, kind, of_row, block * _BLOCK_ROWS + number)

    def _find_duplicate_of(self, place: int) -> str:
        with self._lock:
            (found,) = self._database.execute(
                "SELECT duplicate_of FROM duplicates WHERE place = ?", (place,)
            ).fetchone()
        return str(found)

    def _select(self, statement: str, values: Sequence[int]) -> Iterator[tuple[Any, ...]]:
        for start in range(0, len(values), _KEYS_AT_ONCE):
            some = values[start : start + _KEYS_AT_ONCE]
            yield from self._database.execute(f"{statement} IN ({','.join('?' * len(some))})", some)


def _blocks_of(entries: PackEntries, first: int) -> Iterator[tuple[int, memoryview, memoryview]]:
    """Yield the blocks of a pack's rows, and their numbers from the first on."""
    kinds = (
        _HAS_FAILED if not fingerprint else _IS_READ if duplicate_of is None else _IS_DUPLICATE
        for fingerprint, duplicate_of in zip(entries.inputs, entries.duplicates, strict=True)
    )
    versions = map(hash, zip(entries.inputs, entries.options, strict=True))
    rows = zip(map(hash, entries.names), map(hash, entries.ids), versions, kinds, strict=True)
    facts = memoryview(array("q", chain.from_iterable(rows))).cast("B")
    counts = memoryview(array("q", chain.from_iterable(entries.counts))).cast("B")
    for number in range(-(-len(entries) // _BLOCK_ROWS)):
        yield (
            first + number,
            facts[number * _BLOCK_ROWS * _FACTS.size : (number + 1) * _BLOCK_ROWS * _FACTS.size],
            counts[number * _BLOCK_ROWS * _COUNTS.size : (number + 1) * _BLOCK_ROWS * _COUNTS.size],
        )


def read_catalog(output: Output) -> PackCatalog:
    """Return the catalog of an output's packs. Takes three short listings, and a read for each pack's entries.

    Raises ``DocumentError`` when the output cannot be listed, or a pack of it cannot be read.
    """
    catalog = PackCatalog()
    try:
        catalog.note_parts(output.names(PARTS_FOLDER))
        known, sizes = set(output.names(ENTRIES_FOLDER)), list_packs(output)
        for name, size_bytes in sizes.items():
            catalog.add(name, read_entries(output, name, size_bytes, known))
    except BaseException:
        catalog.close()
        raise
    return catalog


def failure_filter(output: Output) -> Callable[[Document], bool]:
    """Return what tells whether a document failed in an earlier batch, as the output has it."""
    if not is_packed(output):
        return partial(has_failed, output)
    return partial(_has_failed, read_catalog(output))


def _has_failed(catalog: PackCatalog, document: Document) -> bool:
    name, identity = document_name(document), document.document_uuid
    return any(catalog.has_failed(each, identity) for each in (name, mark_name(name, identity)))


def entries_name(pack: str) -> str:
    """Return the name of the entries of a pack."""
    return f"{ENTRIES_FOLDER}{stem_of(pack)}.json"


def next_stems(packs: Iterable[str]) -> Iterator[str]:
    """Yield stems for the packs of the batch that follows those which wrote these packs."""
    batch = max((order_of(name)[0] for name in packs), default=0) + 1
    chance, number = os.urandom(4).hex(), 0
    while True:
        number += 1
        yield f"{batch:06d}-{chance}-{number:06d}"


def list_packs(output: Output) -> dict[str, int | None]:
    """Return the packs of an output in the order in which they were written, with their lengths as far as it tells them."""
    if isinstance(output, SupportsSizes):
        sizes = dict(output.sizes(FOLDER))
    else:
        sizes = dict[str, int | None].fromkeys(output.names(FOLDER))
    return {name: sizes[name] for name in sort_packs(sizes)}


def read_entries(output: Output, name: str, size_bytes: int | None, known: Container[str]) -> PackEntries:
    """Return the entries of a pack, as they are stored beside it or else from its rows; then they are stored.

    ``known`` are the names of the entries that the output holds. Raises ``DocumentError``.
    """
    entries = find_entries(output, name, size_bytes, known)
    if entries is None:
        entries = PackEntries.of_pack(output, name, size_bytes or 0)
        output.write(entries_name(name), entries.to_json())
    return entries


def find_entries(output: Output, name: str, size_bytes: int | None, known: Container[str]) -> PackEntries | None:
    """Return the entries that are stored beside a pack; ``None`` when there are none that can be believed."""
    place = entries_name(name)
    if place not in known:
        return None
    try:
        entries = PackEntries.from_json(output.read(place))
    except (DocumentError, ValueError) as error:
        log.warning("%s cannot be read, its pack is read instead: %s", output.uri(place), error)
        return None
    if size_bytes in (None, entries.size_bytes):
        return entries
    log.warning("%s is not as long as it was: it is read", output.uri(name))
    return None
