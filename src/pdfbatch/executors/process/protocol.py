"""What supervisor and worker say to each other: length-prefixed frames over two pipes.

A frame is a header (length of the payload, kind, number of the task) and a payload, which is a pickle where it carries a
value. The task's number stands outside the pickle, so that blame can be laid before the pickle is opened.
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
_MOST_BYTES = 1 << 40
_READ_BYTES = 1 << 18
_PIECES = 64  # in one write; POSIX grants 16, Linux and macOS 1024


class Kind(IntEnum):
    """What a frame is about. The first four go to the worker, the others come from it."""

    SETUP = 1
    TASK = 2
    RECALL = 3
    QUIT = 4
    READY = 5
    RESULT = 6
    LAST_RESULT = 7
    RETURNED = 8
    FREE = 9


_KINDS = {kind.value: kind for kind in Kind}  # several times faster than Kind(number), and asked for each frame


class Frame(NamedTuple):
    """A message; ``task`` is 0 where it is about none."""

    kind: Kind
    task: int
    payload: bytes | memoryview


class ChannelError(Exception):
    """What came in is no frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a worker needs before its first task.

    ``python_path`` is the host's own ``PYTHONPATH``, for the worker's children. ``work`` is a pickle of its own: it may
    import anything, which must happen after the rest is in place.
    """

    python_path: str | None
    recycle_bytes: int | None
    work: bytes


def encode(kind: Kind, task: int = 0, payload: bytes = b"") -> tuple[bytes, ...]:
    """A frame as bytes: in one piece, or in two where a copy of the payload would cost more than a second write."""
    header = _HEADER.pack(len(payload), kind, task)
    return (header + payload,) if len(payload) < _READ_BYTES else (header, payload)


def encode_numbers(numbers: list[int]) -> bytes:
    """Task numbers as the payload of a frame."""
    return struct.pack(f"<{len(numbers)}Q", *numbers)


def decode_numbers(payload: bytes | memoryview) -> tuple[int, ...]:
    """The task numbers in a payload. Raises ``ChannelError``."""
    if len(payload) % 8:
        raise ChannelError("not a list of task numbers")
    return struct.unpack(f"<{len(payload) // 8}Q", payload)


class Inflow:
    """Bytes in, frames out. For a pipe that must not block."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def read(self, fd: int) -> list[Frame]:
        """The frames that one read completes.

        Raises ``EOFError`` when the other side has closed, ``BlockingIOError`` when nothing is there, ``ChannelError``.
        """
        data = os.read(fd, _READ_BYTES)
        if not data:
            raise EOFError
        self._buffer += data
        frames: list[Frame] = []
        while (frame := self._next()) is not None:
            frames.append(frame)
        return frames

    def _next(self) -> Frame | None:
        if len(self._buffer) < _HEADER.size:
            return None
        length, kind, task = _parse(self._buffer)
        end = _HEADER.size + length
        if len(self._buffer) < end:
            return None
        return Frame(kind, task, self._cut(end))

    def _cut(self, end: int) -> bytes | memoryview:
        if len(self._buffer) == end:  # nothing follows: hand the buffer itself over, a large result is not copied
            whole, self._buffer = self._buffer, bytearray()
            return memoryview(whole)[_HEADER.size :]
        payload = bytes(memoryview(self._buffer)[_HEADER.size : end])
        del self._buffer[:end]
        return payload


class Outflow:
    """Frames in, bytes out, as fast as the other side takes them. For a pipe that must not block."""

    def __init__(self) -> None:
        self._waiting = deque[memoryview]()

    def __bool__(self) -> bool:
        """Whether something waits to be written."""
        return bool(self._waiting)

    def put(self, frame: tuple[bytes, ...]) -> None:
        """Take a frame to be written by the next flush."""
        self._waiting.extend(map(memoryview, frame))

    def flush(self, fd: int) -> None:
        """Write what the pipe takes. Raises ``BrokenPipeError`` when nobody reads it any more."""
        try:
            while self._waiting:
                self._written(os.writev(fd, tuple(islice(self._waiting, _PIECES))))
        except BlockingIOError:
            return

    def _written(self, count: int) -> None:
        while count:
            piece = self._waiting.popleft()
            if count < len(piece):
                self._waiting.appendleft(piece[count:])
            count -= min(count, len(piece))


def read_frame(fd: int) -> Frame:
    """The next frame from a pipe that may block. Raises ``EOFError`` when the other side has closed, ``ChannelError``."""
    length, kind, task = _parse(_read_exactly(fd, _HEADER.size))
    return Frame(kind, task, _read_exactly(fd, length))


def write_frame(fd: int, frame: tuple[bytes, ...]) -> None:
    """Write a frame to a pipe that may block."""
    for piece in frame:
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(fd, rest) :]


def _read_exactly(fd: int, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        data = os.read(fd, min(_READ_BYTES, count - len(parts)))
        if not data:
            raise EOFError
        parts += data
    return bytes(parts)


def _parse(data: bytes | bytearray) -> tuple[int, Kind, int]:
    length, number, task = _HEADER.unpack_from(data)
    kind = _KINDS.get(number)
    if kind is None or length > _MOST_BYTES:
        raise ChannelError("not a frame")
    return length, kind, task
