"""Numbers for hashes: what is known of a million documents then lies in a few arrays, not in a million objects."""

from array import array

_MASK = (1 << 64) - 1
_FIRST_SLOTS = 1024


class Rows:
    """Gives each 64-bit hash that it meets a number, counted from 0: 14 to 19 bytes for each.

    Two of a million different things share a hash with a probability of 3e-8. Hashes are those of this process.
    """

    __slots__ = ("_hashes", "_slots")

    def __init__(self) -> None:
        self._hashes = array("Q")
        self._slots = _empty(_FIRST_SLOTS)

    def __len__(self) -> int:
        return len(self._hashes)

    @property
    def memory_bytes(self) -> int:
        """Memory that the tables take."""
        return len(self._hashes) * self._hashes.itemsize + len(self._slots) * self._slots.itemsize

    def find(self, thing: object) -> int | None:
        """The number of a thing, ``None`` when it has none."""
        number = self._slots[self._slot(hash(thing) & _MASK)]
        return number - 1 if number else None

    def add(self, thing: object) -> int:
        """The number of a thing, the next one when it is new."""
        value = hash(thing) & _MASK
        slot = self._slot(value)
        if number := self._slots[slot]:
            return number - 1
        self._hashes.append(value)
        self._slots[slot] = number = len(self._hashes)
        if number * 4 > len(self._slots) * 3:
            self._grow()
        return number - 1

    def _slot(self, value: int) -> int:
        """Where the number of this hash is, or the empty slot where it belongs: open addressing, linear probing."""
        slots, hashes = self._slots, self._hashes
        slot = value % len(slots)
        while slots[slot] and hashes[slots[slot] - 1] != value:
            slot = (slot + 1) % len(slots)
        return slot

    def _grow(self) -> None:
        self._slots = _empty(len(self._slots) * 3 // 2)
        for number, value in enumerate(self._hashes, start=1):
            self._slots[self._slot(value)] = number


def _empty(slots: int) -> "array[int]":
    return array("I", bytes(array("I").itemsize * slots))
