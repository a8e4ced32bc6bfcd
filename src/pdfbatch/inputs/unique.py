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

# The last ones are in a dictionary, which takes some 100 bytes for each, and go to the database together and sorted: one by
# one takes several times as long, and longer the larger it is.
_RECENT = 10_000
# Up to this many hashes (about a million bytes) no file is used.
_IN_MEMORY = 40_000
# A bit for each hash in the database, so that hardly any that is new is looked for there, up to some ten million.
_BITS = 1 << 25
_INSERT = "INSERT OR IGNORE INTO document VALUES (?, ?)"


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
        self._recent = dict[int, int]()
        self._bits = bytearray()
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
        with self._lock:
            return self._remember(hash(document.document_uuid), hash(_identity(document)))

    def add_both(self, document: Document) -> bool:
        """Remember id and name of a document together, if both are new: the most common case, and half the work.

        When it returns false, nothing was remembered: ``add`` and ``with_own_name`` tell what was known.
        """
        key, value = hash(document.document_uuid), hash(_identity(document))
        name_key, name_value = _hash_name(document.output_name or output_key(document.document_uuid))
        with self._lock:
            if key == name_key or self._find(key) is not None or self._find(name_key) is not None:
                return False
            self._recent[key], self._recent[name_key] = value, name_value
            if len(self._recent) >= _RECENT:
                self._move_recent()
            return True

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
        with self._lock:
            return self._remember(*_hash_name(name))

    def _remember(self, key: int, value: int) -> Occurrence:
        earlier = self._find(key)
        if earlier is not None:
            return Occurrence.REPEATED if earlier == value else Occurrence.CONFLICT
        self._recent[key] = value
        if len(self._recent) >= _RECENT:
            self._move_recent()
        return Occurrence.NEW

    def _find(self, key: int) -> int | None:
        """Return what was remembered under a key."""
        earlier = self._recent.get(key)
        if earlier is not None or self._connection is None:
            return earlier
        bit = key % _BITS
        if not self._bits[bit >> 3] & 1 << (bit & 7):
            return None
        try:
            row = self._own(self._connection).execute("SELECT value FROM document WHERE key = ?", (key,)).fetchone()
        except sqlite3.OperationalError:
            return None  # the next move of recent ones meets the same fault, and says so
        return None if row is None else int(row[0])

    def _move_recent(self) -> None:
        """Move the recent ones to the database."""
        rows = sorted(self._recent.items())
        try:
            connection = self._connect(":memory:") if self._connection is None else self._own(self._connection)
            connection.executemany(_INSERT, rows)
        except sqlite3.OperationalError:  # the file could not grow: what was in it is lost
            log.warning("no room for temporary files: a document that was named before will be processed again")
            if self._connection is not None:
                self._connection.close()
            connection = self._connect(":memory:")
            connection.executemany(_INSERT, rows)
        self._bits = self._bits or bytearray(_BITS >> 3)
        for key in self._recent:
            bit = key % _BITS
            self._bits[bit >> 3] |= 1 << (bit & 7)
        self._recent.clear()
        before, self._count = self._count, self._count + len(rows)
        if before < _IN_MEMORY <= self._count:
            self._move_to_file(connection)

    def _own(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        """Return the database of this process: two processes would overwrite each other's pages in the one file."""
        return connection if os.getpid() == self._pid else self._copy(connection, ":memory:")

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
        connection.executemany(_INSERT, earlier.execute("SELECT key, value FROM document"))
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
        self._count = _IN_MEMORY


def _hash_name(name: str) -> tuple[int, int]:
    """Return the hashes of a name: of what is the same for two names of one file, and of the name itself."""
    return hash("\0" + fold_name(name)), hash(name)  # the sign in front tells a name from an id


def _identity(document: Document) -> str:
    """Return what is the same for two namings of one document."""
    path = document.file_path
    if document.content is not None:
        return f"{path}\0{hash(document.content)}"
    return path if "://" in path else os.path.abspath(document.location)
