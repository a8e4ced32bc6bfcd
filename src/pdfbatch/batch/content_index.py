"""Find documents with the same bytes: by size first, then by a sample, then by comparing every byte.

Most documents have a size of their own and are never opened here. Two files of one size are sampled: ``SAMPLE_BYTES`` from
the beginning and as many from the end, so that a large file costs no more than a small one. Only when the samples agree are
the files compared, byte by byte, up to ``MAX_COMPARED_BYTES``; so no two files pass for equal by an accident of hashing.
Documents given as bytes have a SHA-256 in their fingerprint, and downloads are hashed as they are written; that hash stands
for their bytes.
"""

import hashlib
import os
import pickle
import sqlite3
from collections.abc import Iterable, Iterator
from secrets import token_bytes
from threading import Lock
from typing import NamedTuple, TypeAlias, cast

from pdfbatch.common import SafeLogger
from pdfbatch.model import Document
from pdfbatch.outputs import PickleLog
from pdfbatch.storage import Fingerprint, local_path
from pdfbatch.tasks import DuplicateOf

log: SafeLogger = SafeLogger(__name__)

SAMPLE_BYTES = 64 << 10
MAX_COMPARED_BYTES = 64 << 20
_BLOCK_BYTES = 1 << 20
# Documents that are only remembered are kept and inserted together: one by one takes several times as long.
_ADDED_AT_ONCE = 500
_Added: TypeAlias = tuple[bytes, int, str, str, str, str, str]
"""The digest of a document's settings, and the fields of an ``IndexedDocument``."""

# A document without a sample has not been opened yet. Ids and paths are bytes: paths of a file system need not be text.
_TABLE = """
    CREATE TABLE document (
        number INTEGER PRIMARY KEY, size_bytes INTEGER, is_file INTEGER, settings BLOB, sample BLOB,
        position INTEGER, document_uuid BLOB, path BLOB, fingerprint TEXT, digest TEXT, output_name BLOB
    )
"""
_INDEX = "CREATE INDEX by_content ON document (size_bytes, is_file, settings, sample)"
_INSERT = "INSERT INTO document VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SAME_SIZE = "SELECT sample IS NULL FROM document WHERE size_bytes = ? AND is_file = ? AND settings = ?"
_ANY_OF_SIZE = f"{_SAME_SIZE} ORDER BY sample LIMIT 1"  # NULL comes first
_FIELDS = "position, document_uuid, path, fingerprint, digest, output_name"
_UNSAMPLED = f"""
    SELECT number, {_FIELDS} FROM document
    WHERE size_bytes = ? AND is_file = ? AND settings = ? AND sample IS NULL ORDER BY number
"""  # noqa: S608 (put together from the names above)
_SAMPLED = f"""
    SELECT {_FIELDS} FROM document WHERE size_bytes = ? AND is_file = ? AND settings = ? AND sample = ?
"""  # noqa: S608 (as above)
_SET_SAMPLE = "UPDATE document SET sample = ? WHERE number = ?"
_DELETE = "DELETE FROM document WHERE number = ?"


class IndexedDocument(NamedTuple):
    """An earlier document: its position among those handed in, where it is, and its version when it was met.

    ``digest`` stands for its bytes; it is empty for a local file. ``output_name`` is that of the document.
    """

    position: int
    document_uuid: str
    path: str
    fingerprint: str
    digest: str
    output_name: str


class _Size(NamedTuple):
    """What duplicates must have in common before anybody looks at their bytes.

    ``settings`` stands for password, pages and languages of a document's own.
    """

    size_bytes: int
    is_file: bool
    settings: bytes


class ContentIndex:
    """Remember documents and find the earlier one with the same bytes.

    They are in a private SQLite database, which keeps a few megabytes in memory and the rest in a nameless temporary file,
    so that memory does not grow with the number of documents. Can be used from several threads. Where the file cannot be
    written, no further duplicates are found, and each document is read.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._key = token_bytes(16)  # passwords must not be guessed from the temporary file
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = OFF")  # nothing is ever rolled back
        self._database.execute(_TABLE)
        self._database.execute(_INDEX)
        self._database.execute("BEGIN")  # one transaction for all: a commit would write each document to the disk
        self._added: list[_Added] = []
        self._spool = (
            PickleLog()
        )  # of what was added; nobody may ever search, so that it is inserted only when somebody does
        self._inserted = 0
        self._is_broken = False

    def find_or_add(
        self, document: Document, fingerprint: Fingerprint, position: int, digest: str = ""
    ) -> tuple[IndexedDocument, DuplicateOf] | None:
        """Return the earlier document with the same bytes and settings of its own; if there is none, remember this one.

        ``digest`` is the hash of a remote document's bytes, in the form of ``str(Fingerprint.of_bytes(...))``.
        """
        with self._lock:
            if self._is_broken or (size := self._size_of(document, fingerprint, digest)) is None:
                return None
            this = _describe(document, fingerprint, position, digest)
            try:
                earlier = self._find_or_add(size, this)
            except sqlite3.Error as error:
                self._give_up(error)
                return None
        if earlier is None or not _have_same_bytes(earlier, this):
            return None
        return earlier, DuplicateOf(
            document_uuid=earlier.document_uuid,
            fingerprint=earlier.fingerprint,
            own_fingerprint=this.fingerprint,
            output_name=earlier.output_name,
        )

    def add(self, document: Document, fingerprint: str, position: int) -> None:
        """Remember a document that is not read itself, but may be what a later one duplicates. It is not opened here."""
        with self._lock:
            if self._is_broken or document.is_remote:
                return
            digest = "" if document.content is None else fingerprint
            path = "" if digest else local_path(document)
            names = (document.document_uuid, path, fingerprint, digest, document.output_name)
            self._added.append((self._digest_settings(document), position, *names))
            if len(self._added) >= _ADDED_AT_ONCE:
                self._spool.add(pickle.dumps(self._added, protocol=5))
                self._added = []

    def close(self) -> None:
        """Remove the database; a closed index finds nothing and keeps nothing."""
        with self._lock:
            self._is_broken = True
            self._database.close()
            self._spool.close()

    def _find_or_add(self, size: _Size, this: IndexedDocument) -> IndexedDocument | None:
        """Return the first document with the same size and sample; if there is none, remember this one."""
        self._insert_added()
        same_size: tuple[int] | None = self._database.execute(_ANY_OF_SIZE, size).fetchone()
        if same_size is None:
            self._database.execute(_INSERT, _to_row(size, this, None))
            return None
        if same_size[0]:
            self._sample_all(size)
        sample = _sample(this, size)
        if sample is None:
            return None
        found = self._database.execute(_SAMPLED, (*size, sample)).fetchone()
        if found is None:
            self._database.execute(_INSERT, _to_row(size, this, sample))
            return None
        return _from_row(found)

    def _sample_all(self, size: _Size) -> None:
        """Sample the documents of one size that nobody has opened yet, in the order in which they came."""
        for row in self._database.execute(_UNSAMPLED, size).fetchall():
            number, sample = row[0], _sample(_from_row(row[1:]), size)
            if sample is None or self._database.execute(_SAMPLED, (*size, sample)).fetchone() is not None:
                self._database.execute(_DELETE, (number,))
            else:
                self._database.execute(_SET_SAMPLE, (sample, number))

    def _insert_added(self) -> None:
        """Insert the documents that were added since the last search."""
        while self._inserted < len(self._spool):
            self._database.executemany(_INSERT, _rows_of(cast("list[_Added]", self._spool.load(self._inserted))))
            self._inserted += 1
        if self._added:
            self._database.executemany(_INSERT, _rows_of(self._added))
            self._added = []

    def _size_of(self, document: Document, fingerprint: Fingerprint, digest: str = "") -> _Size | None:
        """Return ``None`` where no duplicate is looked for: an empty or huge file, or a URL whose bytes were not hashed."""
        is_file = not digest and document.content is None
        if is_file and document.is_remote:
            return None
        return _make_size(fingerprint, is_file, self._digest_settings(document))

    def _digest_settings(self, document: Document) -> bytes:
        settings = (document.password, document.pages, document.languages)
        if settings == (None, None, None):
            return b""
        return hashlib.blake2b(repr(settings).encode(), key=self._key).digest()

    def _give_up(self, error: sqlite3.Error) -> None:
        self._is_broken = True
        log.warning("duplicates are no longer looked for, their index cannot be written: %s", error)


def _make_size(fingerprint: Fingerprint, is_file: bool, settings: bytes) -> _Size | None:
    size_bytes = fingerprint.size_bytes or 0
    if is_file and not 0 < size_bytes <= MAX_COMPARED_BYTES:
        return None
    return _Size(size_bytes, is_file, settings)


def _rows_of(added: Iterable[_Added]) -> Iterator[tuple[object, ...]]:
    for settings, position, document_uuid, path, fingerprint, digest, name in added:
        this = IndexedDocument(position, document_uuid, path, fingerprint, digest, name)
        if (size := _make_size(Fingerprint.parse(this.fingerprint), not this.digest, settings)) is not None:
            yield _to_row(size, this, None)


def _describe(document: Document, fingerprint: Fingerprint, position: int, digest: str = "") -> IndexedDocument:
    version = str(fingerprint)
    if document.content is not None:
        digest = version
    path = "" if digest else local_path(document)
    return IndexedDocument(position, document.document_uuid, path, version, digest, document.output_name)


def _to_row(size: _Size, this: IndexedDocument, sample: bytes | None) -> tuple[object, ...]:
    position, document_uuid, path, fingerprint, digest, name = this
    return (*size, sample, position, _encode(document_uuid), _encode(path), fingerprint, digest, _encode(name))


def _from_row(row: tuple[int, bytes, bytes, str, str, bytes]) -> IndexedDocument:
    position, document_uuid, path, fingerprint, digest, name = row
    return IndexedDocument(position, _decode(document_uuid), _decode(path), fingerprint, digest, _decode(name))


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _decode(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def _sample(this: IndexedDocument, size: _Size) -> bytes | None:
    """Return what stands for the bytes of a document, as far as a sample can; ``None`` when it is gone or has changed."""
    if not size.is_file:
        return this.digest.encode()
    try:
        # No file object, because this is done for each of many small files.
        descriptor = _open_without_waiting(this.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            facts = os.fstat(descriptor)
            if str(Fingerprint.of_stat(facts)) != this.fingerprint:
                return None
            digest = hashlib.sha256(os.read(descriptor, min(SAMPLE_BYTES, facts.st_size)))
            if facts.st_size > SAMPLE_BYTES:
                os.lseek(descriptor, max(SAMPLE_BYTES, facts.st_size - SAMPLE_BYTES), os.SEEK_SET)
                digest.update(os.read(descriptor, SAMPLE_BYTES))
            return digest.digest()
        finally:
            os.close(descriptor)
    except (OSError, ValueError):
        return None


def _have_same_bytes(earlier: IndexedDocument, this: IndexedDocument) -> bool:
    """Return whether two documents of one size and sample hold the same bytes, and still are the versions that were met."""
    if this.digest:
        return earlier.digest == this.digest
    try:
        with (
            open(earlier.path, "rb", buffering=0, opener=_open_without_waiting) as one,
            open(this.path, "rb", buffering=0, opener=_open_without_waiting) as other,
        ):
            if str(Fingerprint.of_stat(os.fstat(one.fileno()))) != earlier.fingerprint:
                return False
            while block := one.read(_BLOCK_BYTES):
                if block != other.read(_BLOCK_BYTES):
                    return False
            return not other.read(1)
    except (OSError, ValueError):
        return False


def _open_without_waiting(path: str, flags: int) -> int:
    """Open a file; if it has just become a FIFO, do not wait for a writer."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
