"""The files of a packed layout (shards): how they are written, whole or not at all, and read again."""

import json
import os
import re
import tempfile
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from io import BytesIO
from typing import IO, Any, Protocol, cast

from pdfbatch.errors import Cause, DependencyError, DocumentError, OutputError
from pdfbatch.outputs.atomic_file import atomic_file
from pdfbatch.ports import Locality, Output, SupportsAppend, SupportsLayout
from pdfbatch.storage import storage_error

FOLDER, ENTRIES_FOLDER = "shards/", ".packs/"
ENDINGS = {"jsonl": ".jsonl.zst", "parquet": ".parquet"}
_NAME = re.compile(r"shards/([0-9]{6,12}-[0-9a-z]{1,16}-[0-9]{6,12})(\.jsonl\.zst|\.parquet)")
_ENTRIES_NAME = re.compile(r"\.packs/[0-9]{6,12}-[0-9a-z]{1,16}-[0-9]{6,12}\.json")
_BLOCK_BYTES = 1 << 20

Row = Mapping[str, Any]


class RowWriter(Protocol):
    """Writes lines of rows into an open file in some format."""

    def write(self, lines: bytes) -> None:
        """Take whole lines."""

    def close(self) -> None:
        """Write the end of the format. The file stays open."""


def stem_of(name: str) -> str | None:
    """Return the name of a pack without folder and ending; ``None`` when it is none."""
    match = _NAME.fullmatch(name)
    return None if match is None else match[1]


def is_of_packs(name: str) -> bool:
    """Return whether a name is that of a pack or of its entries: others may have folders of these names."""
    return name.startswith((FOLDER, ENTRIES_FOLDER)) and bool(_NAME.fullmatch(name) or _ENTRIES_NAME.fullmatch(name))


def pack_in(uri: str) -> str | None:
    """Return the name of the pack at an address; ``None`` when it is another file."""
    name = FOLDER + uri.rpartition("/")[2]
    return name if stem_of(name) is not None else None


def pack_name(stem: str, layout: str) -> str:
    """Return the name of a pack in the output."""
    return f"{FOLDER}{stem}{ENDINGS[layout]}"


def is_packed(output: object) -> bool:
    """Return whether an output has a packed layout."""
    return isinstance(output, SupportsLayout) and output.layout != "files"


def sort_packs(names: Iterable[str]) -> list[str]:
    """Return the names that are those of packs, in the order in which they were written."""
    return sorted((name for name in names if stem_of(name) is not None), key=order_of)


def order_of(name: str) -> tuple[int, str, int]:
    """Return the numbers in the name of a pack, by which packs are sorted."""
    batch, chance, number = (stem_of(name) or "0--0").split("-")
    return int(batch), chance, int(number)


def check_library(layout: str) -> None:
    """Raise ``DependencyError`` when what writes a layout is not installed."""
    if layout == "jsonl":
        _zstandard()
    else:
        import_module("pdfbatch.outputs.parquet")  # raises where pyarrow is missing


def open_rows(layout: str, file: IO[bytes], group_bytes: int) -> RowWriter:
    """Return a writer of rows in the format of a layout. No group of rows is much larger than ``group_bytes``."""
    if layout == "jsonl":
        return _LinesWriter(
            _zstandard().ZstdCompressor(level=3, write_checksum=True).stream_writer(file, closefd=False)
        )
    from pdfbatch.outputs.parquet import PackTable  # noqa: PLC0415 (loads pyarrow, which is an extra)

    return PackTable(file, group_bytes)


@dataclass(slots=True)
class Pack:
    """A pack that is being written. It appears in the output when ``close`` returns; ``discard`` leaves nothing."""

    output: Output
    name: str
    layout: str
    group_bytes: int = 1 << 62
    _stack: ExitStack = field(default_factory=ExitStack)
    _file: IO[bytes] | None = None
    _rows: RowWriter | None = None

    def write(self, lines: bytes) -> int:
        """Write whole lines, and return about how long the file is now. Raises ``DocumentError`` and ``OutputError``."""
        with self._translate_errors():
            if self._file is None or self._rows is None:
                self._file = self._open()
                self._rows = open_rows(self.layout, self._file, self.group_bytes)
            self._rows.write(lines)
            return self._file.tell()

    def close(self) -> int:
        """Finish the file, give it its name, and return its length. Raises ``DocumentError`` and ``OutputError``."""
        if self._file is None or self._rows is None:
            return 0
        with self._translate_errors():
            self._rows.close()
            size_bytes = self._file.seek(0, os.SEEK_END)
            if not _is_path(self.output):
                self._file.flush()
                self._file.seek(0)
                self.output.write(self.name, self._file.read())
            self._stack.close()
        return size_bytes

    def discard(self) -> None:
        """Remove what was written."""
        try:
            self._stack.__exit__(OutputError, OutputError("discarded"), None)
        except OutputError:
            return

    @contextmanager
    def _translate_errors(self) -> Generator[None]:
        """Raise ``DocumentError`` for what this machine's disk says; a storage's errors come translated."""
        try:
            yield
        except OSError as error:
            raise storage_error(error, self.output.uri(self.name)) from error

    def _open(self) -> IO[bytes]:
        if not _is_path(self.output):
            return cast("IO[bytes]", self._stack.enter_context(tempfile.TemporaryFile(prefix="pdfbatch-")))
        path = self.output.uri(self.name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return self._stack.enter_context(atomic_file(path, {}))


def read_rows(output: Output, name: str) -> Iterator[Row]:
    """Yield the rows of a pack in their order. Raises ``DocumentError`` when it cannot be read or is none."""
    with ExitStack() as stack:
        try:
            if _is_path(output):
                file: IO[bytes] = stack.enter_context(open(output.uri(name), "rb"))
            else:
                file = BytesIO(output.read(name))
            if name.endswith(ENDINGS["parquet"]):
                from pdfbatch.outputs.parquet import read_pack  # noqa: PLC0415 (loads pyarrow, which is an extra)

                yield from read_pack(file)
            else:
                for line in _lines(file):
                    yield cast("Row", json.loads(line))
        except FileNotFoundError as error:
            raise DocumentError(f"{output.uri(name)}: not found", cause=Cause.STORAGE_NOT_FOUND) from error
        except (DocumentError, DependencyError):
            raise
        except Exception as error:  # what libraries raise for a spoiled file is of many kinds
            raise DocumentError(f"{output.uri(name)} cannot be read: {error}", cause=Cause.MALFORMED) from error


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines of a compressed file. Raises ``ValueError`` when its end is missing."""
    rest, frame, has_frames = b"", None, False
    while block := file.read(_BLOCK_BYTES):
        while block:
            frame, has_frames = frame or _zstandard().ZstdDecompressor().decompressobj(), True
            *lines, rest = (rest + frame.decompress(block)).split(b"\n")
            yield from lines
            block = frame.unused_data if frame.eof else b""  # what follows the frame
            frame = None if frame.eof else frame
    if rest or frame is not None or not has_frames:
        raise ValueError("its end is missing")


@dataclass(frozen=True, slots=True)
class _LinesWriter:
    """Lines, compressed block by block, so that the length of the file tells how much was written."""

    compressor: Any

    def write(self, lines: bytes) -> None:
        self.compressor.write(lines)
        self.compressor.flush()

    def close(self) -> None:
        self.compressor.close()


def _is_path(output: Output) -> bool:
    return output.locality is Locality.MACHINE and isinstance(output, SupportsAppend)


def _zstandard() -> Any:
    try:
        import zstandard  # noqa: PLC0415 (an extra)
    except ImportError as error:
        raise DependencyError("Layout 'jsonl' needs zstandard: pip install zstandard") from error
    return zstandard
