"""Read the body of a remote object in pieces, and stop as soon as there is more of it than was announced or allowed.

What a server says of a body's length is not believed. A library that returns a whole body lets the server decide how much
memory this process needs, and one that unpacks it lets a kilobyte become a gigabyte.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from threading import Lock
from typing import Any, Protocol, cast

from pdfbatch.errors import Cause, DocumentError
from pdfbatch.storage.fsspec import FileSystem, is_s3, protocols
from pdfbatch.storage.object_store import ObjectStore

PIECE_BYTES = 1 << 16

_HTTP = frozenset({"http", "https"})


class Body(Protocol):
    """Where the bytes of a document go. A range that has to be asked for again begins anew at the last ``mark``."""

    def write(self, piece: bytes, /) -> object:
        """Take the next bytes."""
        ...

    def mark(self) -> None:
        """Remember this place."""
        ...

    def rewind(self) -> None:
        """Drop what was written after the last mark."""
        ...


class MemoryBody(BytesIO):
    """A body in memory."""

    _marked = 0

    def mark(self) -> None:
        """Remember this place."""
        self._marked = self.tell()

    def rewind(self) -> None:
        """Drop what was written after the last mark."""
        self.seek(self._marked)
        self.truncate()


@dataclass(slots=True)
class Intake:
    """One request's way into a body: it counts bytes, takes ``most`` of them, and none once it is ``closed``.

    It is written to in the event loop of a file system, and closed in the thread that waits for the answer, which may give up.
    """

    body: Body
    most: int
    count: int = 0
    is_whole: bool = False
    _is_closed: bool = False
    _lock: Lock = field(default_factory=Lock)

    @property
    def is_full(self) -> bool:
        """Whether no more may come."""
        return self.count >= self.most

    def expect(self, start: int, end: int | None, *, is_range: bool) -> None:
        """Prepare for the range that was asked for, or, from a server that has no ranges, for the whole body.

        Raises ``OSError`` when that comes instead of a later range.
        """
        if is_range and end is not None:
            self.most = min(self.most, end - start)
        elif start:
            raise OSError("the server gives the whole body instead of a range of it")
        else:
            self.is_whole = True

    def take(self, piece: bytes) -> None:
        """Write the next bytes. Raises ``DocumentError`` (``cancelled``) when nobody waits for them any more."""
        with self._lock:
            if self._is_closed:
                raise DocumentError("The call was given up", cause=Cause.CANCELLED)
            wanted = piece[: self.most - self.count]
            self.body.write(wanted)
            self.count += len(wanted)

    def close(self) -> None:
        """Take nothing more."""
        with self._lock:
            self._is_closed = True


def read_body(filesystem: FileSystem, path: str, start: int, end: int | None, intake: Intake) -> Any:
    """Return the coroutine, or the function without parameters, that reads bytes from ``start`` to ``end`` into ``intake``."""
    if isinstance(filesystem, ObjectStore):
        return lambda: _read_object(filesystem, path, start, end, intake)
    is_asynchronous = bool(getattr(filesystem, "async_impl", False))
    if is_asynchronous and protocols(filesystem) & _HTTP and hasattr(filesystem, "set_session"):
        return _read_http(filesystem, path, start, end, intake)
    if is_asynchronous and is_s3(filesystem):
        return _read_s3(filesystem, path, start, end, intake)
    return lambda: _read_any(filesystem, path, start, end, intake)


def _read_object(store: ObjectStore, path: str, start: int, end: int | None, intake: Intake) -> None:
    is_range, pieces = store.open_body(path, start, end)
    intake.expect(start, end, is_range=is_range)
    for piece in pieces:
        intake.take(piece)
        if intake.is_full:
            return


async def _read_http(filesystem: Any, path: str, start: int, end: int | None, intake: Intake) -> None:
    options = dict(cast("Mapping[str, Any]", filesystem.kwargs))
    given = cast("Mapping[str, str]", options.pop("headers", None) or {})
    headers = {**given, "Accept-Encoding": "identity"}
    if start or end is not None:
        headers["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
    session = await filesystem.set_session()
    address = filesystem.encode_url(path)
    async with session.get(address, **{**options, "headers": headers, "auto_decompress": False}) as response:
        if response.status == 416:  # nothing is there
            intake.is_whole = True
            return
        filesystem._raise_not_found_for_status(response, path)  # noqa: SLF001 (fsspec's own way)
        encoding = response.headers.get("Content-Encoding", "").strip().lower()
        if encoding not in ("", "identity"):
            message = f"the server packs the body ({encoding[:20]!a}), though it was asked not to"
            raise DocumentError(message, cause=Cause.STORAGE_UNAVAILABLE)
        intake.expect(start, end, is_range=response.status == 206)
        await _drain(response.content.read, intake)


async def _read_s3(filesystem: Any, path: str, start: int, end: int | None, intake: Intake) -> None:
    bucket, key, version = filesystem.split_path(path)
    wanted = {"Range": f"bytes={start}-{'' if end is None else end - 1}"} if start or end is not None else {}
    named = {"VersionId": version} if version else {}
    response = await filesystem._call_s3("get_object", Bucket=bucket, Key=key, **named, **wanted)  # noqa: SLF001 (as above)
    body = response["Body"]
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    try:
        intake.expect(start, end, is_range=status == 206)
        await _drain(body.read, intake)
    finally:
        body.close()


async def _drain(read: Callable[[int], Awaitable[bytes]], intake: Intake) -> None:
    import asyncio  # noqa: PLC0415 (takes a while to load, and obstore does not need it)

    while not intake.is_full and (piece := await read(min(PIECE_BYTES, intake.most - intake.count))):
        intake.take(piece)
        await asyncio.sleep(0)  # others have their turn, and a cancellation arrives, even if bytes come without a wait


def _read_any(filesystem: FileSystem, path: str, start: int, end: int | None, intake: Intake) -> None:
    """Read through ``cat_file``, which reads no more than the range in all file systems that open files."""
    # A body without a limit is read as a whole: then nothing was announced, and everything is allowed.
    data = filesystem.cat_file(path, start=start, end=end)
    intake.expect(start, end, is_range=end is None or len(data) <= end - start)
    for place in range(0, len(data), PIECE_BYTES):
        if intake.is_full:
            return
        intake.take(data[place : place + PIECE_BYTES])
