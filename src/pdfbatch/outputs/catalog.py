"""The documents that earlier batches finished, and the files of theirs that an output holds, as a resume looks them up."""

import sqlite3
from collections.abc import Iterable, Iterator
from threading import Lock
from typing import NamedTuple

from pdfbatch.model import Counts, Document
from pdfbatch.outputs.keys import output_key
from pdfbatch.outputs.record import PARTS_FOLDER

_RECORD_ENDING = ".json"
_RECORD, _PARTS = 1, 2

# The primary key is the hash of a document's key, because SQLite is faster with integers than with text. If two keys had the
# same hash, the entry of one would hide that of the other, whose fingerprint differs: its record would be read, as without an
# entry. ``files`` is a sum of _RECORD and _PARTS; ``fingerprint`` is NULL where there is no valid entry.
_TABLE = """
    CREATE TABLE documents (
        key INTEGER PRIMARY KEY, files INTEGER NOT NULL DEFAULT 0, fingerprint TEXT, options TEXT, pages INTEGER,
        text_pages INTEGER, ocr_pages INTEGER, blank_pages INTEGER, failed_pages INTEGER, characters INTEGER, duplicate_of TEXT
    )
"""
_NOTE_FILE = """
    INSERT INTO documents (key, files) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET files = files | excluded.files
"""
_COLUMNS = "fingerprint, options, pages, text_pages, ocr_pages, blank_pages, failed_pages, characters, duplicate_of"
_ADD = f"""
    INSERT INTO documents (key, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET ({_COLUMNS}) = ({", ".join(f"excluded.{name}" for name in _COLUMNS.split(", "))})
"""  # noqa: S608 (put together from the names above)
_FIND = f"""
    SELECT pages, text_pages, ocr_pages, blank_pages, failed_pages, characters, duplicate_of FROM documents
    WHERE key = ? AND fingerprint = ? AND options = ? AND files & {_RECORD}
"""  # noqa: S608 (as above)


class CatalogEntry(NamedTuple):
    """A document that ended well: the key of its files, the input and the settings it was read with, and its counts.

    An entry whose ``fingerprint`` is ``None`` takes back what was known of the document.
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


class Catalog:
    """Entries of an output's index, and the names that the output holds. An entry without its record does not count.

    They are in a private SQLite database, which keeps a few megabytes in memory and the rest in a nameless temporary file,
    so that memory does not grow with the number of documents. Can be used from several threads.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._database = sqlite3.connect("", check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = OFF")  # nothing is ever rolled back
        self._database.execute(_TABLE)

    def close(self) -> None:
        """Remove the database. A closed catalog cannot be used again."""
        with self._lock:
            self._database.close()

    def note_files(self, names: Iterable[str]) -> None:
        """Note the names that the output holds."""
        with self._lock:
            self._database.executemany(_NOTE_FILE, _keys_and_files(names))

    def add(self, entries: Iterable[CatalogEntry]) -> None:
        """Add entries; a later entry of a document replaces an earlier one."""
        with self._lock:
            self._database.executemany(_ADD, ((hash(key), *columns) for key, *columns in entries))

    def discard_all(self) -> None:
        """Discard all entries; the names of files stay."""
        with self._lock:
            self._database.execute("UPDATE documents SET fingerprint = NULL WHERE fingerprint IS NOT NULL")

    def find(self, document: Document, fingerprint: str, options: str) -> tuple[Counts, str | None] | None:
        """Return the counts of a document and the id of the document it duplicates, ``None`` unless it is finished.

        It is finished when the output has its record and its entry has this fingerprint and these options.
        """
        if not fingerprint.isascii():  # an etag may have halves of surrogate pairs, which no database takes
            fingerprint = fingerprint.encode("utf-8", "replace").decode()
        values = (hash(output_key(document.document_uuid)), fingerprint, options)
        with self._lock:
            row = self._database.execute(_FIND, values).fetchone()
        if row is None:
            return None
        pages, text_pages, ocr_pages, blank_pages, failed_pages, characters, duplicate_of = row
        counts = Counts(
            pages=pages,
            text_pages=text_pages,
            ocr_pages=ocr_pages,
            blank_pages=blank_pages,
            failed_pages=failed_pages,
            characters=characters,
        )
        return counts, duplicate_of

    def has_files(self, document: Document) -> bool:
        """Return whether the output holds a record of a document, or parts of it."""
        return self._holds(document, "files != 0")

    def has_parts(self, document: Document) -> bool:
        """Return whether the output holds parts of a document."""
        return self._holds(document, f"files & {_PARTS}")

    def is_indexed(self, document: Document) -> bool:
        """Return whether there is an entry of a document, for any input and settings."""
        return self._holds(document, "fingerprint IS NOT NULL")

    def _holds(self, document: Document, condition: str) -> bool:
        key = hash(output_key(document.document_uuid))
        query = f"SELECT 1 FROM documents WHERE key = ? AND {condition}"  # noqa: S608 (conditions are ours)
        with self._lock:
            return self._database.execute(query, (key,)).fetchone() is not None


def _keys_and_files(names: Iterable[str]) -> Iterator[tuple[int, int]]:
    for name in names:
        if name.startswith(PARTS_FOLDER):
            yield hash(name[len(PARTS_FOLDER) :].partition("/")[0]), _PARTS
        elif name.endswith(_RECORD_ENDING) and "/" not in name:
            yield hash(name[: -len(_RECORD_ENDING)]), _RECORD
