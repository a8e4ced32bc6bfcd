"""Lists of documents: a file or a stream with one path or URL a line, or separated by NUL bytes."""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import IO, cast

from pdfbatch.common import without_credentials
from pdfbatch.errors import UsageError
from pdfbatch.inputs.local_copy import open_local_copy
from pdfbatch.storage import Options

STANDARD_INPUT = "-"
# No path of any system is longer: when no NUL byte comes in so many bytes, NUL separates nothing.
_LONGEST_PATH = 32 << 10
_PIECE_BYTES = 64 << 10
_MOST_NAME_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class NameList:
    """A list of documents: one path or URL a line, or, as ``find -print0`` writes them, with a NUL byte after each.

    ``source`` is a path, a URL, ``-`` for standard input, or an open binary file; ``options`` are those of its URL and of all
    URLs that it names. ``nul`` says whether NUL bytes separate the names; by default the first names tell. An empty line is no
    name, and a carriage return at the end of a line does not count. Names are taken as they are: blanks, ``#``, ``*`` and bytes
    that are no UTF-8 are parts of them. A relative path starts at the working directory, not at the list.

    A name stands for one document, a folder (or a URL that ends in ``/``) for all PDFs below it. What is not there fails
    alone. The list is read piece by piece, as documents are needed; a stream can be read once only.
    """

    source: "str | os.PathLike[str] | IO[bytes]"
    nul: bool | None = None
    options: Options | None = None

    @property
    def is_stream(self) -> bool:
        """Whether it can be read once only, and may wait for more: standard input, an open file, or a pipe with a name."""
        if not isinstance(self.source, (str, os.PathLike)) or self.source == STANDARD_INPUT:
            return True
        try:
            return not stat.S_ISREG(os.stat(self.source).st_mode)
        except (OSError, ValueError):  # a URL, or whoever reads it will say what is wrong
            return False

    @property
    def name(self) -> str:
        """Its name in messages."""
        if not isinstance(self.source, (str, os.PathLike)):
            return "the list"
        name = os.fspath(self.source)
        return "standard input" if name == STANDARD_INPUT else without_credentials(name)

    def read_names(self) -> Iterator[str]:
        """Yield the names. Raises ``UsageError`` when the list cannot be read, or is none."""
        try:
            with self._open() as file:
                for number, name in enumerate(_split(file, self.nul), start=1):
                    if b"\0" in name or len(name) > _MOST_NAME_BYTES:
                        raise UsageError(
                            f"{self.name}: name {number} has a NUL byte in it, or is endless: it is no list of names, "
                            "or NUL bytes separate them (nul=True)"
                        )
                    if name:
                        yield os.fsdecode(name)
        except (OSError, ValueError) as error:
            if isinstance(error, UsageError):
                raise
            reason = error.strerror if isinstance(error, OSError) else None
            raise UsageError(f"The list {self.name} cannot be read: {reason or error}") from error

    def _open(self) -> "AbstractContextManager[IO[bytes]]":
        if not isinstance(self.source, (str, os.PathLike)):
            return nullcontext(self.source)
        address = os.fspath(self.source)
        if address == STANDARD_INPUT:
            return nullcontext(cast("IO[bytes]", sys.stdin.buffer))
        return open_local_copy(address, self.options or {})


def _split(file: "IO[bytes]", nul: bool | None) -> Iterator[bytes]:
    """Yield what stands between separators, in pieces that do not wait for more than the next bytes."""
    read = getattr(file, "read1", file.read)
    rest = b""
    while nul is None and len(rest) < _LONGEST_PATH and b"\0" not in rest and (piece := read(_PIECE_BYTES)):
        rest += _check_bytes(piece)
    by_nul = b"\0" in rest if nul is None else nul
    rest = rest.removeprefix(b"\xef\xbb\xbf")
    separator = b"\0" if by_nul else b"\n"
    while True:
        *names, rest = rest.split(separator)
        yield from names if by_nul else (name.removesuffix(b"\r") for name in names)
        if len(rest) > _MOST_NAME_BYTES or not (piece := read(_PIECE_BYTES)):
            break
        rest += _check_bytes(piece)
    yield rest if by_nul else rest.removesuffix(b"\r")


def _check_bytes(piece: object) -> bytes:
    if not isinstance(piece, bytes):
        raise UsageError("A list of names is read in binary mode ('rb')")
    return piece
