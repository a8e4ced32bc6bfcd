"""Values that are kept on disk and seldom looked at again."""

import pickle
import tempfile

IN_MEMORY_BYTES = 4 << 20


class Shelf:
    """Pickles in a nameless temporary file that goes with this object; the first few megabytes stay in memory.

    What is added is gathered into writes of some kilobytes: a file that is told where to write does that at once.
    """

    __slots__ = ("_at_end", "_end", "_file")

    def __init__(self, in_memory_bytes: int = IN_MEMORY_BYTES) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=in_memory_bytes)  # noqa: SIM115 (lives as long as we do)
        self._end = 0
        self._at_end = True

    def add(self, pickled: bytes) -> int:
        """Put a pickle behind the others; its place."""
        if not self._at_end:
            self._file.seek(self._end)
        self._at_end = False  # unless all of it can be written
        self._file.write(pickled)
        self._at_end = True
        place = self._end
        self._end += len(pickled)
        return place

    def load(self, place: int) -> object:
        """The value at a place."""
        self._at_end = False
        self._file.seek(place)
        return pickle.load(self._file)  # noqa: S301 (we wrote it)

    def close(self) -> None:
        """Forget everything."""
        self._file.close()
