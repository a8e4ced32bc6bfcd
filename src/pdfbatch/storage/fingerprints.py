"""Tell versions of an input apart by their facts alone, and refuse empty or too large ones."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from pdfbatch.errors import Cause, DocumentError

# What the file systems of fsspec call an etag, a checksum, a version or a time of change, the most reliable first.
_TAGS = (
    *("ETag", "etag", "md5", "content_md5", "checksum", "generation", "version_id", "CRC", "LastModified"),
    *("last_modified", "updated", "modified", "mtime", "created"),
)

# An etag has some dozens; a server may send kilobytes.
_TAG_CHARACTERS = 200
_SIZE_DIGITS = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """The size of an input, and what else tells its versions apart: etag, time of change, or hash.

    ``size_bytes`` is ``None`` where a server does not tell it. ``str()`` gives the form that a record keeps.
    """

    size_bytes: int | None
    tag: str

    def __str__(self) -> str:
        """Return the form that a record keeps: ``size:tag``."""
        return f"{'?' if self.size_bytes is None else self.size_bytes}:{self.tag}"

    @classmethod
    def of_bytes(cls, content: bytes) -> Self:
        """Return the fingerprint of bytes: their SHA-256."""
        return cls(size_bytes=len(content), tag=f"sha256={hashlib.sha256(content).hexdigest()}")

    @classmethod
    def of_stat(cls, facts: os.stat_result) -> Self:
        """Return the fingerprint of a local file: its time of change, to the nanosecond."""
        return cls(size_bytes=facts.st_size, tag=f"mtime={facts.st_mtime_ns}")

    @classmethod
    def of_info(cls, info: Mapping[str, object]) -> Self:
        """Return the fingerprint of what fsspec's ``info`` or ``ls`` says about an object.

        The way by which the headers of servers come in: a size that is none is not known, and a tag is one short line.
        """
        name = next((name for name in _TAGS if info.get(name)), None)
        tag = "" if name is None else f"{name.lower()}={_plain(info[name])}"
        return cls(size_bytes=_read_size(info.get("size")), tag=tag)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a fingerprint from the form that a record keeps. What is none is one that no input has."""
        size, colon, tag = text.partition(":")
        if not colon or not (size == "?" or (size.isascii() and size.isdecimal() and len(size) <= _SIZE_DIGITS)):
            return cls(size_bytes=None, tag=f"unknown={text[:_TAG_CHARACTERS]}")
        return cls(size_bytes=None if size == "?" else int(size), tag=tag)


def check_size(address: str, size_bytes: int, max_file_bytes: int | None) -> None:
    """Raise ``DocumentError`` (``empty_input``, ``limit_bytes``) when an input is empty or too large."""
    if size_bytes == 0:
        raise DocumentError(f"{address}: the file is empty", cause=Cause.EMPTY_INPUT)
    if max_file_bytes is not None and size_bytes > max_file_bytes:
        message = f"{address}: {size_bytes:,} bytes are more than the limit of {max_file_bytes:,}"
        raise DocumentError(message, cause=Cause.LIMIT_BYTES)


def _read_size(value: object) -> int | None:
    """Return a size; ``None`` for what is none. Some file systems pass on the text of a header."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= _SIZE_DIGITS:
        value = int(value)
    return value if type(value) is int and 0 <= value < 10**_SIZE_DIGITS else None


def _plain(value: object) -> str:
    """Return a tag on one line; a hash of it where it is long or not printable."""
    text = value.isoformat() if isinstance(value, datetime) else str(value).strip('"')
    if len(text) <= _TAG_CHARACTERS and text.isprintable():
        return text
    return f"sha256-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"
