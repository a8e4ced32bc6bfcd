"""The documents that earlier batches finished, and the files of theirs that an output holds, as a resume looks them up."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from threading import Lock
from typing import Any, NamedTuple, cast

from pdfbatch.common import SafeLogger, is_marked, output_key, rebuild
from pdfbatch.model import Counts
from pdfbatch.outputs.record import BATCHES_FOLDER, PARTS_FOLDER

log: SafeLogger = SafeLogger(__name__)

_FILES = {".json": 1, ".txt": 4}
_RECORD, _PARTS, _TEXT = _FILES[".json"], 2, _FILES[".txt"]

# The primary key is the hash of a document's key, because SQLite is faster with integers than with text. If two keys had the
# same hash, the entry of one would hide that of the other, whose fingerprint differs: its record would be read, as without an
# entry. ``files`` is a sum of _RECORD, _PARTS and _TEXT, ``size`` the
# length of the text in the output, ``text_bytes`` what it should be; ``fingerprint`` is NULL where there is no valid entry.
_TABLE = """
    CREATE TABLE documents (
        key INTEGER PRIMARY KEY, files INTEGER NOT NULL DEFAULT 0, size INTEGER, fingerprint TEXT, options TEXT, pages INTEGER,
        text_pages INTEGER, ocr_pages INTEGER, blank_pages INTEGER, failed_pages INTEGER, characters INTEGER, duplicate_of TEXT,
        text_bytes INTEGER
    )
"""
_NOTE_FILE = """
    INSERT INTO documents (key, files, size) VALUES (?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET files = files | excluded.files, size = coalesce(excluded.size, size)
"""
_COLUMNS = "fingerprint, options, pages, text_pages, ocr_pages, blank_pages, failed_pages, characters, duplicate_of, text_bytes"
_ADD = f"""
    INSERT INTO documents (key, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET ({_COLUMNS}) = ({", ".join(f"excluded.{name}" for name in _COLUMNS.split(", "))})
"""  # noqa: S608 (put together from the names above)
_FIND = f"SELECT key, files, size, {_COLUMNS} FROM documents WHERE key"  # noqa: S608 (as above)


_NOTHING = (0, 0, None, None)  # the beginning of a row of which nothing is known
_OTHER_COUNTS = cast("tuple[Any, ...]", Counts().__getstate__())[6:]


class CatalogEntry(NamedTuple):
    """A document that ended well: the name of its files, the input and the settings it was read with, and its counts.

    ``text_bytes`` is the length of its text. An entry whose ``fingerprint`` is ``None`` takes back what was known of it.
    """

    key: str
    fingerprint: str | None
    options: str = ""
    pages: int = 0
    text_pages: int = 0
    ocr_pages: int = 0
    blank_pages: int = 0
    failed_pages: int = 0
    characters: int = 0
    duplicate_of: str | None = None
    text_bytes: int | None = None


class FinishedDocument(NamedTuple):
    """What a catalog knows of a finished document. ``has_parts`` says that parts of it were left behind.

    ``pack`` is the name of the pack that has its row, in a packed layout.
    """

    counts: Counts
    duplicate_of: str | None
    has_parts: bool
    pack: str | None = None


@lru_cache(maxsize=4096)
def counts_of_row(numbers: tuple[int, ...]) -> Counts:
    """Return counts of which only the first six fields are known, as for each document that a resume skips: quickly."""
    return rebuild(Counts, *numbers, *_OTHER_COUNTS)


class Catalog:
    """Entries of an output's index, and the names that the output holds. An entry without its record and text does not count.

    They are in a private SQLite database, which keeps a few megabytes in memory and the rest in a nameless temporary file,
    so that memory does not grow with the number of documents. Can be used from several threads. Where the file cannot be
    written, the catalog forgets all: then no document counts as finished, and workers look up each record.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._is_broken = self._has_parts = False
        self._loaded = dict[int, "tuple[Any, ...] | None"]()
        self.has_marks: bool = False  # whether the name of some document is marked by its id
        # One transaction for all, which is never rolled back: to commit would write to the disk.
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute(_TABLE)
        self._database.execute("BEGIN")

    def close(self) -> None:
        """Remove the database. A closed catalog cannot be used again."""
        with self._lock:
            self._is_broken = True
            self._database.close()

    def note_files(self, names: Iterable[str]) -> None:
        """Note the names that the output holds."""
        self._write(_NOTE_FILE, self._rows_of((name, None) for name in names))

    def note_sizes(self, files: Iterable[tuple[str, int | None]]) -> None:
        """Note the names that the output holds, and how long the files are. An empty record is none."""
        self._write(_NOTE_FILE, self._rows_of(files))

    def add(self, entries: Iterable[CatalogEntry]) -> None:
        """Add entries; a later entry of a document replaces an earlier one."""
        self._write(_ADD, ((hash(key), *columns) for key, *columns in entries))

    def discard_all(self) -> None:
        """Discard all entries; the names of files stay."""
        self._write("UPDATE documents SET fingerprint = NULL WHERE fingerprint IS NOT NULL", [()])

    def find(self, name: str, fingerprint: str, options: str) -> FinishedDocument | None:
        """Return what is known of a finished document, by the name of its files; ``None`` for any other.

        It is finished when the output has its record and text, this of the length that its entry tells if the output knows
        it, and its entry has this fingerprint and these options.
        """
        if not fingerprint.isascii():  # an etag may have halves of surrogate pairs, which no database takes
            fingerprint = fingerprint.encode("utf-8", "replace").decode()
        row = self._row(name)
        if row is None or row[3] != fingerprint or row[4] != options:
            return None
        files, size, pages, length = row[1], row[2], row[5], row[12]
        has_text = files & _TEXT and size in (None, length)
        if not (files & _RECORD and (has_text or not pages)):
            return None
        return FinishedDocument(counts_of_row(row[5:11]), row[11], self.has_parts(name))

    def has_record(self, name: str) -> bool:
        """Return whether the output may hold a record under a name."""
        return self._is_broken or bool((self._row(name) or _NOTHING)[1] & _RECORD)

    def has_parts(self, name: str) -> bool:
        """Return whether the output may hold parts of the document of that name."""
        if not self._has_parts:
            return self._is_broken
        return self._is_broken or self._row(f"{PARTS_FOLDER}{output_key(name)}") is not None

    def is_indexed(self, name: str) -> bool:
        """Return whether there may be an entry under a name, for any input and settings."""
        return self._is_broken or (self._row(name) or _NOTHING)[3] is not None

    def load(self, names: Iterable[str]) -> None:
        """Look up some names together, which are about to be asked for: one by one takes several times as long."""
        keys = list(map(hash, names))
        rows = self._query(f"{_FIND} IN ({','.join('?' * len(keys))})", keys)
        self._loaded = {**dict.fromkeys(keys), **{row[0]: row for row in rows}}

    def _row(self, name: str) -> tuple[Any, ...] | None:
        key, loaded = hash(name), self._loaded
        if key in loaded:
            return loaded[key]
        rows = self._query(f"{_FIND} = ?", (key,))
        return rows[0] if rows else None

    def _write(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        with self._lock:
            if self._is_broken:
                return
            self._loaded = {}
            try:
                self._database.executemany(statement, rows)
            except sqlite3.Error as error:
                self._give_up(error)

    def _query(self, statement: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        with self._lock:
            if self._is_broken:
                return []
            try:
                return self._database.execute(statement, values).fetchall()
            except sqlite3.Error as error:
                self._give_up(error)
                return []

    def _give_up(self, error: sqlite3.Error) -> None:
        self._is_broken = True
        log.warning("there is no room for temporary files, so that documents are looked up one by one: %s", error)

    def _rows_of(self, files: Iterable[tuple[str, int | None]]) -> Iterator[tuple[int, int, int | None]]:
        for name, size in files:
            if name.startswith(PARTS_FOLDER):
                self._has_parts = True
                yield hash(name[: name.find("/", len(PARTS_FOLDER))]), _PARTS, None
                continue
            if name.startswith(BATCHES_FOLDER):
                continue
            stem, dot, ending = name.rpartition(".")
            if (kind := _FILES.get(dot + ending)) is not None:
                self.has_marks = self.has_marks or is_marked(stem)
                if kind == _TEXT or size != 0:
                    yield hash(stem), kind, size if kind == _TEXT else None
