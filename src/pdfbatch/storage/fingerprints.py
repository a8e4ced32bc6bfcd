"""Which version of an input it is, told by its facts alone, and whether its size is acceptable."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pdfbatch.errors import Cause, DocumentError

# What the file systems of fsspec call an etag, a checksum, a version or a time of change, the surest first.
_TAGS = (
    *("ETag", "etag", "md5", "content_md5", "checksum", "generation", "version_id", "CRC", "LastModified"),
    *("last_modified", "updated", "modified", "mtime", "created"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """The size of an input, and what else tells its versions apart: etag, time of change, or hash.

    ``size_bytes`` is ``None`` where a server does not tell it. ``str()`` gives the form that a record keeps.
    """

    size_bytes: int | None
    tag: str

    def __str__(self) -> str:
        return f"{'?' if self.size_bytes is None else self.size_bytes}:{self.tag}"


def of_bytes(content: bytes) -> Fingerprint:
    """The fingerprint of bytes: their SHA-256."""
    return Fingerprint(size_bytes=len(content), tag=f"sha256={hashlib.sha256(content).hexdigest()}")


def parse_fingerprint(text: str) -> Fingerprint:
    """A fingerprint from the form that a record keeps."""
    size, _, tag = text.partition(":")
    return Fingerprint(size_bytes=None if size == "?" else int(size), tag=tag)


def of_stat(facts: os.stat_result) -> Fingerprint:
    """The fingerprint of a local file: its time of change, to the nanosecond."""
    return Fingerprint(size_bytes=facts.st_size, tag=f"mtime={facts.st_mtime_ns}")


def of_info(info: Mapping[str, object]) -> Fingerprint:
    """The fingerprint of what fsspec's ``info`` or ``ls`` says about an object."""
    size = info.get("size")
    name = next((name for name in _TAGS if info.get(name)), None)
    tag = "" if name is None else f"{name.lower()}={_plain(info[name])}"
    return Fingerprint(size_bytes=size if isinstance(size, int) else None, tag=tag)


def check_size(address: str, size_bytes: int, max_file_bytes: int | None) -> None:
    """Raise ``DocumentError`` (``empty_input``, ``limit_bytes``) when an input is empty or too large."""
    if size_bytes == 0:
        raise DocumentError(f"{address}: the file is empty", cause=Cause.EMPTY_INPUT)
    if max_file_bytes is not None and size_bytes > max_file_bytes:
        message = f"{address}: {size_bytes:,} bytes are more than the limit of {max_file_bytes:,}"
        raise DocumentError(message, cause=Cause.LIMIT_BYTES)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value).strip('"')
