"""Recognize documents that the inputs name twice, with flat memory however many there are."""

import os
import sqlite3
import threading
from dataclasses import replace
from enum import Enum
from types import TracebackType
from typing import Self

from pdfbatch.common import SafeLogger, fold_name, mark_name, output_key
from pdfbatch.model import Document

log: SafeLogger = SafeLogger(__name__)

# The first ones are in a dictionary, which is several times as fast, and takes some 200 bytes for each.
_FIRST_DOCUMENTS = 10_000
# Up to this many documents (about a million bytes) no file is used.
_IN_MEMORY_DOCUMENTS = 40_000
_INSERT_BOTH = "INSERT OR IGNORE INTO document VALUES (?, ?), (?, ?)"


class Occurrence(Enum):
    """What an id says about a document: it is new, the same document again, or another document with the same id."""

    NEW = "new"
    REPEATED = "repeated"
    CONFLICT = "conflict"


class UniqueDocuments:
    """Remember documents by two hashes, of id and path, in a private SQLite database. Usable from several threads.

    A batch of some thousands needs no database. A large one is moved to a temporary file, of which SQLite holds 2 MB in memory.
    The file loses its name when it is opened, so that even a killed process leaves nothing behind. Where no temporary file can
    be written, everything stays in memory. A forked process copies the database when it first adds; its parent must not add at
    the same moment. A context manager.

    Of a million different ids two have the same 64-bit hash with a probability of 3e-8; they are reported as a conflict,
    so that no document is dropped silently.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._first = dict[int, int]()
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the database, which removes its file."""
        if self._connection is not None:
            self._connection.close()

    def add(self, document: Document) -> Occurrence:
        """Remember a document, and say whether its id came before, and for the same document."""
        key, value = hash(document.document_uuid), hash(_identity(document))
        with self._lock:
            try:
                return self._remember(key, value)
            except sqlite3.OperationalError:  # the file could not grow: what was in it is lost
                log.warning("no room for temporary files: a document that was named before will be processed again")
                if self._connection is not None:
                    self._connection.close()
                self._connect(":memory:")
                return self._remember(key, value)

    def add_both(self, document: Document) -> bool:
        """Remember id and name of a document together, if both are new: the most common case, and half the work.

        When it returns false, nothing was remembered: ``add`` and ``with_own_name`` tell what was known.
        """
        key, value = hash(document.document_uuid), hash(_identity(document))
        name_key, name_value = _hash_name(document.output_name or output_key(document.document_uuid))
        with self._lock:
            connection = self._connection
            if connection is None:
                first = self._first
                if key in first or name_key in first or key == name_key:
                    return False
                first[key], first[name_key] = value, name_value
                self._end_first()
                return True
            if os.getpid() != self._pid:
                return False
            try:
                cursor = connection.execute(_INSERT_BOTH, (key, value, name_key, name_value))
                if cursor.rowcount == 1:
                    connection.execute("DELETE FROM document WHERE key = ?", (cursor.lastrowid,))
                if cursor.rowcount == 2:
                    self._count_new(connection, 2)
                return cursor.rowcount == 2
            except sqlite3.OperationalError:
                return False

    def with_own_name(self, document: Document) -> Document:
        """Return the document; under a marked name, if that of a document before may be the same file.

        Names that differ are marked by themselves, so that a folder can be moved with both of them, equal ones by the id.
        """
        name = document.output_name or output_key(document.document_uuid)
        occurrence = self._add_name(name)
        if occurrence is Occurrence.CONFLICT:
            name = mark_name(name)
            occurrence = self._add_name(name)
            document = replace(document, output_name=name)
        if occurrence is Occurrence.NEW:
            return document
        return replace(document, output_name=mark_name(name, document.document_uuid))

    def _add_name(self, name: str) -> Occurrence:
        """Remember a name. Where there is no room for that, it counts as new: the output is looked up, too."""
        with self._lock:
            try:
                return self._remember(*_hash_name(name))
            except sqlite3.OperationalError:
                return Occurrence.NEW

    def _remember(self, key: int, value: int) -> Occurrence:
        connection = self._connection
        if connection is None:
            return self._remember_first(key, value)
        if os.getpid() != self._pid:  # two processes would overwrite each other's pages in the one file
            connection = self._copy(connection, ":memory:")
        if connection.execute("INSERT OR IGNORE INTO document VALUES (?, ?)", (key, value)).rowcount:
            self._count_new(connection, 1)
            return Occurrence.NEW
        (earlier,) = connection.execute("SELECT value FROM document WHERE key = ?", (key,)).fetchone()
        return Occurrence.REPEATED if earlier == value else Occurrence.CONFLICT

    def _remember_first(self, key: int, value: int) -> Occurrence:
        earlier = self._first.get(key)
        if earlier is not None:
            return Occurrence.REPEATED if earlier == value else Occurrence.CONFLICT
        self._first[key] = value
        self._end_first()
        return Occurrence.NEW

    def _end_first(self) -> None:
        """Begin the database when the dictionary has enough."""
        if len(self._first) >= _FIRST_DOCUMENTS:
            self._connect(":memory:").executemany("INSERT INTO document VALUES (?, ?)", self._first.items())
            self._count = len(self._first)
            self._first.clear()

    def _count_new(self, connection: sqlite3.Connection, number: int) -> None:
        before, self._count = self._count, self._count + number
        if before < _IN_MEMORY_DOCUMENTS <= self._count:
            self._move_to_file(connection)

    def _connect(self, name: str) -> sqlite3.Connection:
        self._pid, self._count = os.getpid(), 0
        self._connection = connection = sqlite3.connect(name, check_same_thread=False)
        # One transaction stays open for good, without a journal: nothing is ever rolled back, and commits cost time.
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("CREATE TABLE IF NOT EXISTS document (key INTEGER PRIMARY KEY, value INTEGER)")
        return connection

    def _copy(self, earlier: sqlite3.Connection, name: str) -> sqlite3.Connection:
        connection = self._connect(name)
        connection.execute("PRAGMA cache_size = 10")  # pages: a file is opened and written now, not at some later row
        earlier.execute("PRAGMA cache_spill = OFF")  # after a fork, even reading could write to the parent's file
        rows = earlier.execute("SELECT key, value FROM document")
        connection.executemany("INSERT INTO document VALUES (?, ?)", rows)
        connection.execute("PRAGMA cache_size = -2000")  # kibibytes, SQLite's own default
        return connection

    def _move_to_file(self, earlier: sqlite3.Connection) -> None:
        try:
            self._copy(earlier, "")
        except sqlite3.OperationalError:  # a read-only or full folder, or no file descriptor left
            if self._connection is not None and self._connection is not earlier:
                self._connection.close()
            self._connection = earlier
        else:
            earlier.close()
        self._count = _IN_MEMORY_DOCUMENTS


def _hash_name(name: str) -> tuple[int, int]:
    """Return the hashes of a name: of what is the same for two names of one file, and of the name itself."""
    return hash("\0" + fold_name(name)), hash(name)  # the sign in front tells a name from an id


def _identity(document: Document) -> str:
    """Return what is the same for two namings of one document."""
    path = document.file_path
    if document.content is not None:
        return f"{path}\0{hash(document.content)}"
    return path if "://" in path else os.path.abspath(document.location)
