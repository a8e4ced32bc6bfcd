"""Documents with the same bytes: found by size first, then by a sample, then by comparing every byte.

Most documents have a size of their own and are never opened here. Two of one size are sampled: 64 KiB from the beginning and
as much from the end, so that a file of 100 MB costs no more than a small one. Only when the samples agree are the files
compared, in whole, up to 64 MiB; so twins are twins, whatever a hash says. Documents given as bytes have a SHA-256 in their
fingerprint already, and the copies of remote ones in a spool are hashed as they are written; it stands for their bytes.
"""

import hashlib
import os
import pickle
from array import array
from typing import NamedTuple, cast

from pdfbatch.model import Document
from pdfbatch.outputs import PickleLog, Rows
from pdfbatch.storage import Fingerprint, local_path
from pdfbatch.tasks import DuplicateOf

SAMPLE_BYTES = 64 << 10
MAX_COMPARED_BYTES = 64 << 20
_IN_MEMORY_BYTES = 1 << 20
_BLOCK_BYTES = 1 << 20
_NOWHERE = (1 << 64) - 1


class IndexedDocument(NamedTuple):
    """An earlier document: its position among those handed in, where it is, and which version of it was met.

    ``digest`` stands for its bytes; it is empty for a local file.
    """

    position: int
    document_uuid: str
    path: str
    fingerprint: str
    digest: str


class ContentIndex:
    """Remembers documents and says which ones are twins of earlier ones.

    In memory each costs 22 to 27 bytes, and as much again for each that shares its size with another; ids and paths are
    in a nameless temporary file. Used in one thread.
    """

    def __init__(self) -> None:
        self._sizes = Rows()
        self._samples = Rows()
        self._of_size = array("Q")
        self._of_sample = array("Q")
        self._shelf = PickleLog(_IN_MEMORY_BYTES)

    @property
    def memory_bytes(self) -> int:
        """Memory that the tables take."""
        places = len(self._of_size) + len(self._of_sample)
        return self._sizes.memory_bytes + self._samples.memory_bytes + 8 * places

    def meet(
        self, document: Document, found: Fingerprint, position: int, digest: str = ""
    ) -> tuple[IndexedDocument, DuplicateOf] | None:
        """The earlier document with the same bytes and settings of its own; ``None`` remembers this one.

        ``digest`` is the hash of a remote document's bytes, in the words of ``Fingerprint.of_bytes``.
        """
        if (size := _size(document, found, digest)) is None:
            return None
        known = _known(document, found, position, digest)
        row = self._sizes.find(size)
        if row is None:
            self._chain(size, known)
            return None
        for same_size in self._unsampled(row):
            self._first_of_sample(size, same_size)
        earlier = self._first_of_sample(size, known)
        if earlier is None or not _same(earlier, known):
            return None
        return earlier, DuplicateOf(
            document_uuid=earlier.document_uuid, fingerprint=earlier.fingerprint, own_fingerprint=known.fingerprint
        )

    def remember(self, document: Document, found: Fingerprint, position: int) -> None:
        """A document that needs no twin, but may be the twin of a later one: it is not opened before that comes."""
        if (size := _size(document, found)) is not None:
            self._chain(size, _known(document, found, position))

    def close(self) -> None:
        """Forget everything."""
        self._shelf.close()

    def _chain(self, size: "_Size", known: IndexedDocument) -> None:
        """Note a document as the last of its size that has not been sampled."""
        row = self._sizes.add(size)
        if row == len(self._of_size):
            self._of_size.append(_NOWHERE)
        self._of_size[row] = self._written(known, before=self._of_size[row])

    def _unsampled(self, row: int) -> list[IndexedDocument]:
        """The documents of a size that have not been sampled, in the order in which they came; they are about to be."""
        chain, place = list[IndexedDocument](), self._of_size[row]
        while place != _NOWHERE:
            known, place = self._read(place)
            chain.append(known)
        self._of_size[row] = _NOWHERE
        return chain[::-1]

    def _first_of_sample(self, size: "_Size", known: IndexedDocument) -> IndexedDocument | None:
        """The first document with the same sample; ``None`` when it is this one, or when this one cannot be sampled."""
        sample = _sample(known) if size.is_file else known.digest
        if sample is None:
            return None
        row = self._samples.add((size, sample))
        if row == len(self._of_sample):
            self._of_sample.append(self._written(known))
            return None
        return self._read(self._of_sample[row])[0]

    def _written(self, known: IndexedDocument, before: int = _NOWHERE) -> int:
        """The place in the file where a document is written, with the place of the one before it in its chain."""
        return self._shelf.add(pickle.dumps((tuple(known), before), protocol=5))

    def _read(self, place: int) -> tuple[IndexedDocument, int]:
        fields, before = cast("tuple[tuple[int, str, str, str, str], int]", self._shelf.load(place))
        return IndexedDocument(*fields), before


class _Size(NamedTuple):
    """What twins must have in common before their bytes are looked at."""

    size_bytes: int
    is_file: bool
    password: str | None
    pages: str | None
    languages: str | None


def _size(document: Document, found: Fingerprint, digest: str = "") -> _Size | None:
    """``None`` where no twin is looked for: nothing to read, too much to compare, or behind a URL and not hashed."""
    is_file = not digest and document.content is None
    size_bytes = found.size_bytes or 0
    if is_file and (document.is_remote or not 0 < size_bytes <= MAX_COMPARED_BYTES):
        return None
    return _Size(size_bytes, is_file, document.password, document.pages, document.languages)


def _known(document: Document, found: Fingerprint, position: int, digest: str = "") -> IndexedDocument:
    if document.content is not None:
        digest = str(found)
    path = "" if digest else local_path(document)
    return IndexedDocument(position, document.document_uuid, path, str(found), digest)


def _sample(known: IndexedDocument) -> bytes | None:
    """A digest of a file's beginning and end; ``None`` when it cannot be read, or has changed since it was met."""
    try:
        descriptor = _without_waiting(
            known.path, os.O_RDONLY | getattr(os, "O_BINARY", 0)
        )  # no file object: this is done for each of many small files
        try:
            return _digest(descriptor, known)
        finally:
            os.close(descriptor)
    except (OSError, ValueError):
        return None


def _digest(descriptor: int, known: IndexedDocument) -> bytes | None:
    facts = os.fstat(descriptor)
    if str(Fingerprint.of_stat(facts)) != known.fingerprint:
        return None
    digest = hashlib.sha256(os.read(descriptor, min(SAMPLE_BYTES, facts.st_size)))
    if facts.st_size > SAMPLE_BYTES:
        os.lseek(descriptor, max(SAMPLE_BYTES, facts.st_size - SAMPLE_BYTES), os.SEEK_SET)
        digest.update(os.read(descriptor, SAMPLE_BYTES))
    return digest.digest()


def _same(earlier: IndexedDocument, known: IndexedDocument) -> bool:
    """Whether two documents of one size and sample hold the same bytes, and still are those that were met."""
    if known.digest:
        return earlier.digest == known.digest
    try:
        with (
            open(earlier.path, "rb", buffering=0, opener=_without_waiting) as one,
            open(known.path, "rb", buffering=0, opener=_without_waiting) as other,
        ):
            if str(Fingerprint.of_stat(os.fstat(one.fileno()))) != earlier.fingerprint:
                return False
            while block := one.read(_BLOCK_BYTES):
                if block != other.read(_BLOCK_BYTES):
                    return False
            return not other.read(1)
    except (OSError, ValueError):
        return False


def _without_waiting(path: str, flags: int) -> int:
    """Open a file as usual; if it has just become a FIFO, without waiting for a writer."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
