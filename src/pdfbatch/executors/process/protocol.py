"""Messages between supervisor and worker: length-prefixed frames over two pipes.

A frame is a header (length of the payload, kind, number of the task) and a payload, which is a pickle when it carries a
value. The number of the task is not part of the pickle, so that it is known even if unpickling fails or crashes.
"""

import os
import struct
from collections import deque
from dataclasses import dataclass
from enum import IntEnum
from itertools import islice
from typing import NamedTuple

PICKLE_PROTOCOL = 5

_HEADER = struct.Struct("<QBQ")
_MAX_PAYLOAD_BYTES = 1 << 40
_READ_BYTES = 1 << 18
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a worker needs before its first task.

    ``python_path`` is the ``PYTHONPATH`` of this process, for the worker's children. ``work`` is a pickle inside this one: it
    may import anything, and must be unpickled only after the rest is in place.
    """

    python_path: str | None
    recycle_bytes: int | None
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


class FrameReader:
    """Read frames from a pipe that does not block."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def read(self, fd: int) -> list[Frame]:
        """Read once and return the frames that are complete by then.

        Raises ``EOFError`` when the other side has closed its end, ``BlockingIOError`` when there is nothing to read, and
        ``ProtocolError``.
        """
        data = os.read(fd, _READ_BYTES)
        if not data:
            raise EOFError
        self._buffer += data
        frames: list[Frame] = []
        while (frame := self._next_frame()) is not None:
            frames.append(frame)
        return frames

    def _next_frame(self) -> Frame | None:
        if len(self._buffer) < _HEADER.size:
            return None
        length, kind, task = _parse_header(self._buffer)
        end = _HEADER.size + length
        if len(self._buffer) < end:
            return None
        if len(self._buffer) == end:  # the usual case: hand out the buffer itself, so that a large result is not copied
            whole, self._buffer = self._buffer, bytearray()
            return Frame(kind, task, memoryview(whole)[_HEADER.size :])
        payload = bytes(memoryview(self._buffer)[_HEADER.size : end])
        del self._buffer[:end]
        return Frame(kind, task, payload)


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
