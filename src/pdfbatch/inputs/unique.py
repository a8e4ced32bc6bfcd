"""Which documents a source has given already: a compact set, so that an endless source costs little memory."""

from array import array
from enum import Enum

_MASK = (1 << 64) - 1
_FIRST_SLOTS = 1024


class Meeting(Enum):
    """What is known about a document id when it comes by."""

    NEW = "new"
    AGAIN = "again"
    CONFLICT = "conflict"


class UniqueDocuments:
    """Remembers ids and the paths that they came with, as hashes: 17 to 32 bytes a document.

    A 64-bit hash stands for an id and a 32-bit one for its path. Two of a million different ids share a hash with a
    probability of 3e-8; they are then reported as a conflict, so that no document is dropped without a word.
    """

    __slots__ = ("_count", "_ids", "_paths")

    def __init__(self) -> None:
        self._count = 0
        self._ids = array("Q", bytes(8 * _FIRST_SLOTS))
        self._paths = array("I", bytes(array("I").itemsize * _FIRST_SLOTS))

    def __len__(self) -> int:
        return self._count

    @property
    def memory_bytes(self) -> int:
        """Memory that the two tables take."""
        return len(self._ids) * (self._ids.itemsize + self._paths.itemsize)

    def meet(self, document_id: str, path: str) -> Meeting:
        """Remember an id with its path, and say whether it came by before, and with the same path."""
        id_hash, path_hash = hash(document_id) & _MASK or 1, hash(path) & 0xFFFFFFFF
        slot = self._slot(id_hash)
        if self._ids[slot]:
            return Meeting.AGAIN if self._paths[slot] == path_hash else Meeting.CONFLICT
        self._ids[slot], self._paths[slot] = id_hash, path_hash
        self._count += 1
        if self._count * 4 > len(self._ids) * 3:
            self._grow()
        return Meeting.NEW

    def _slot(self, id_hash: int) -> int:
        """Where this hash is, or the empty slot (0) where it belongs: open addressing with linear probing."""
        ids = self._ids
        slot = id_hash % len(ids)
        while ids[slot] not in (0, id_hash):
            slot = (slot + 1) % len(ids)
        return slot

    def _grow(self) -> None:
        old_ids, old_paths = self._ids, self._paths
        slots = len(old_ids) * 3 // 2
        self._ids = array("Q", bytes(8 * slots))
        self._paths = array("I", bytes(old_paths.itemsize * slots))
        for id_hash, path_hash in zip(old_ids, old_paths, strict=True):
            if id_hash:
                slot = self._slot(id_hash)
                self._ids[slot], self._paths[slot] = id_hash, path_hash
