"""Read single records out of packs. The last packs that were read are unpacked into nameless temporary files."""

import tempfile
from collections.abc import Iterator
from functools import lru_cache
from typing import IO, cast

from pdfbatch.errors import Cause, DocumentError
from pdfbatch.outputs.pack_files import read_rows
from pdfbatch.outputs.pack_rows import record_of, text_fits
from pdfbatch.ports import Output

_UNPACKED_AT_ONCE = 2


def read_packed_record(output: Output, pack: str, name: str) -> bytes:
    """Return the record of the document of a name. Raises ``DocumentError`` when it is not there, or spoiled."""
    file, places = _unpack(_Reading(output, pack))
    place = places.get(name)
    if place is None:
        raise DocumentError(f"{output.uri(pack)} has no row of {name!r}", cause=Cause.STORAGE_NOT_FOUND)
    start, size = place
    file.seek(start)
    return file.read(size)


def iter_pack(output: Output, pack: str) -> Iterator[bytes]:
    """Yield the records in a pack. Raises ``DocumentError`` when it cannot be read, or a row is spoiled."""
    for _, record in _records(output, pack):
        yield record


class _Reading:
    """An output and the name of a pack, as the key of a cache: outputs need not be hashable."""

    def __init__(self, output: Output, pack: str) -> None:
        self.output, self.pack = output, pack
        self._uri = output.uri(pack)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Reading) and other._uri == self._uri

    def __hash__(self) -> int:
        return hash(self._uri)


@lru_cache(maxsize=_UNPACKED_AT_ONCE)
def _unpack(reading: _Reading) -> tuple[IO[bytes], dict[str, tuple[int, int]]]:
    file = cast("IO[bytes]", tempfile.TemporaryFile(prefix="pdfbatch-"))  # noqa: SIM115 (closed when nobody uses it any more)
    places = dict[str, tuple[int, int]]()
    for name, record in _records(reading.output, reading.pack):
        places[name] = (file.tell(), len(record))
        file.write(record)
    return file, places


def _records(output: Output, pack: str) -> Iterator[tuple[str, bytes]]:
    for row in read_rows(output, pack):
        try:
            record, name = record_of(row), str(row["metadata"]["name"])
        except (ValueError, LookupError, TypeError) as error:
            raise DocumentError(f"{output.uri(pack)}: {error}", cause=Cause.MALFORMED) from error
        if not text_fits(row):
            raise DocumentError(
                f"{output.uri(pack)}: the text of {name!r} is not what was written", cause=Cause.MALFORMED
            )
        yield name, record
