"""Messages between supervisor and worker: length-prefixed frames over two pipes.

A frame is a header (length of the payload, kind, number of the task) and a payload. What goes to a worker is pickled; what
comes from one is plain data (``answers.py``), as a document may have taken the worker over. The number of the task is not part
of the payload, so that it is known even if reading that fails or crashes.
"""

import mmap
import os
import struct
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from itertools import islice
from typing import IO, NamedTuple

PICKLE_PROTOCOL = 5

_HEADER = struct.Struct("<QBQ")
_MAX_PAYLOAD_BYTES = 1 << 40
_READ_BYTES = 1 << 18
_SPOOLED_BYTES = 4 << 20  # a larger payload is kept in a file until it is complete
_MAX_PIECES = 64  # in one writev; POSIX guarantees 16, Linux and macOS allow 1024


class FrameKind(IntEnum):
    """What a frame says. The first four are sent to the worker, the others come from it."""

    SETUP = 1
    TASK = 2
    RECALL = 3
    QUIT = 4
    READY = 5
    RESULT = 6
    LAST_RESULT = 7
    RETURNED = 8
    PENDING_WRITES = 9


_KINDS = {kind.value: kind for kind in FrameKind}  # for every frame; much faster than FrameKind(number)


class Frame(NamedTuple):
    """One message. ``task`` is 0 when the message is about no task, or about several."""

    kind: FrameKind
    task: int
    payload: bytes | memoryview


class ProtocolError(Exception):
    """The bytes received are no frame, or the frame makes no sense here."""


class RefusedAnswerError(ProtocolError):
    """A worker's answer to the task with this number is refused before it is read."""

    def __init__(self, message: str, task: int = 0) -> None:
        super().__init__(message)
        self.task = task


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a worker needs before its first task.

    ``python_path`` is the ``PYTHONPATH`` of this process, for the worker's children. ``work`` is a pickle inside this one: it
    may import anything, and must be unpickled only after the rest is in place. The parent refuses an answer of more than
    ``max_result_bytes``.
    """

    python_path: str | None
    recycle_bytes: int | None
    max_result_bytes: int
    work: bytes


def encode_frame(kind: FrameKind, task: int = 0, payload: bytes = b"") -> tuple[bytes, ...]:
    """Return a frame as bytes: in two pieces if copying the payload would cost more than a second write."""
    header = _HEADER.pack(len(payload), kind, task)
    return (header + payload,) if len(payload) < _READ_BYTES else (header, payload)


def encode_numbers(numbers: list[int]) -> bytes:
    """Return a payload that carries task numbers, or one other number."""
    return struct.pack(f"<{len(numbers)}Q", *numbers)


def decode_numbers(payload: bytes | memoryview) -> tuple[int, ...]:
    """Return the numbers in a payload. Raises ``ProtocolError``."""
    if len(payload) % 8:
        raise ProtocolError("not a list of numbers")
    return struct.unpack(f"<{len(payload) // 8}Q", payload)


def _allow(kind: FrameKind, task: int, length: int) -> None:
    """Allow every frame."""


class FrameReader:
    """Read frames from a pipe that does not block.

    ``check`` is called with the kind, the task and the length of each frame before any room is made for it, and raises
    ``ProtocolError`` for one that is not allowed. A large payload is kept in an unnamed file in ``folder``, not in memory.
    """

    def __init__(self, check: Callable[[FrameKind, int, int], None] = _allow, folder: str | None = None) -> None:
        self._check = check
        self._folder = folder
        self._buffer = bytearray()
        self._header: tuple[int, FrameKind, int] | None = None  # of the frame that is incomplete
        self._spooled: _SpooledPayload | None = None

    def read(self, fd: int) -> Iterator[Frame]:
        """Read once and yield the frames that are complete by then.

        A frame is checked when the one before it has been handled, so that what follows a frame never makes it go lost. Raises
        ``EOFError`` when the other side has closed its end, ``BlockingIOError`` when there is nothing to read, and
        ``ProtocolError``.
        """
        data = os.read(fd, _READ_BYTES)
        if not data:
            raise EOFError
        self._buffer += data
        while (frame := self._next_frame()) is not None:
            yield frame

    def _next_frame(self) -> Frame | None:
        if self._header is None:
            if len(self._buffer) < _HEADER.size:
                return None
            length, kind, task = self._header = _parse_header(self._buffer)
            self._check(kind, task, length)
            if length > _SPOOLED_BYTES:
                del self._buffer[: _HEADER.size]
                self._spooled = _SpooledPayload(length, task, self._folder)
        length, kind, task = self._header
        payload: bytes | memoryview | None
        if self._spooled is not None:
            payload = self._spooled.take(self._buffer)
        elif len(self._buffer) < _HEADER.size + length:
            return None
        else:
            payload = bytes(memoryview(self._buffer)[_HEADER.size : _HEADER.size + length])
            del self._buffer[: _HEADER.size + length]
        if payload is None:
            return None
        self._header = self._spooled = None
        return Frame(kind, task, payload)


class _SpooledPayload:
    """A large payload on its way into a file. Raises ``RefusedAnswerError`` when there is no room for it."""

    def __init__(self, length: int, task: int, folder: str | None) -> None:
        self._length = self._missing = length
        self._task = task
        try:
            self._file: IO[bytes] = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 (until it is complete)
        except OSError as error:
            raise RefusedAnswerError(f"no room for {length} bytes: {error}", task) from error

    def take(self, data: bytearray) -> memoryview | None:
        """Move what belongs to the payload into the file. Return the payload once it is complete."""
        count = min(self._missing, len(data))
        try:
            written = 0
            while written < count:
                written += self._file.write(memoryview(data)[written:count])
        except OSError as error:
            raise RefusedAnswerError(f"no room for {self._length} bytes: {error}", self._task) from error
        del data[:count]
        self._missing -= count
        if self._missing:
            return None
        with self._file as file:
            return memoryview(mmap.mmap(file.fileno(), self._length, access=mmap.ACCESS_READ))


class FrameWriter:
    """Write frames to a pipe that does not block, as fast as the other side reads them."""

    def __init__(self) -> None:
        self._unsent = deque[memoryview]()

    def __bool__(self) -> bool:
        """Return whether something is still to be written."""
        return bool(self._unsent)

    def put(self, frame: tuple[bytes, ...]) -> None:
        """Add a frame, which ``flush`` will write."""
        self._unsent.extend(map(memoryview, frame))

    def flush(self, fd: int) -> None:
        """Write as much as the pipe takes now. Raises ``BrokenPipeError`` when nobody reads from it any more."""
        try:
            while self._unsent:
                count = os.writev(fd, tuple(islice(self._unsent, _MAX_PIECES)))
                while count:
                    piece = self._unsent.popleft()
                    if count < len(piece):
                        self._unsent.appendleft(piece[count:])
                    count -= min(count, len(piece))
        except BlockingIOError:
            return


def read_frame(fd: int) -> Frame:
    """Wait for the next frame and return it. Raises ``EOFError`` when the other side has closed, and ``ProtocolError``."""
    length, kind, task = _parse_header(_read_exactly(fd, _HEADER.size))
    return Frame(kind, task, _read_exactly(fd, length))


def write_frame(fd: int, frame: tuple[bytes, ...]) -> None:
    """Write a frame to a pipe, and wait until it is written."""
    for piece in frame:
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(fd, rest) :]


def _read_exactly(fd: int, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        piece = os.read(fd, min(_READ_BYTES, count - len(data)))
        if not piece:
            raise EOFError
        data += piece
    return bytes(data)


def _parse_header(data: bytes | bytearray) -> tuple[int, FrameKind, int]:
    length, number, task = _HEADER.unpack_from(data)
    kind = _KINDS.get(number)
    if kind is None or length > _MAX_PAYLOAD_BYTES:
        raise ProtocolError("not a frame")
    return length, kind, task
