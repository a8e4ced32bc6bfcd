"""Say why a document could not be opened, from its first bytes or the error of the operating system."""

import os
import re

from pdfbatch.errors import Cause, DocumentError
from pdfbatch.text import storable_text

_HEADER_BYTES = 1024
_LATE_HEADER_BYTES = 64 * 1024
_HEADER = b"%PDF-"
_NEW_HEADER, _TAIL_BYTES = b"%PDF-1.4\n", 64 * 1024
_END = re.compile(rb"startxref\s+(\d{1,18})\s+%%EOF(?!.*%%EOF)", re.DOTALL)
# What stands where the end says that the table of objects begins, give or take what was lost before it.
_TABLE, _LOST_BYTES = re.compile(rb"(?<!start)xref\s+\d|/XRef\b"), 1024
_OTHER_HEADER = re.compile(rb"%!PS-Adobe-\d\.\d PDF-\d\.\d")  # ISO 32000-1, annex H.3.4.1
_TEXT, _UNKNOWN = "plain text", "unknown data"
_SIGNATURES = (
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"%!PS", "PostScript"),
    (b"{\\rtf", "an RTF document"),
    (b"\xd0\xcf\x11\xe0", "an old office document"),
    (b"\x1f\x8b", "gzip-compressed data"),
    (b"From ", "an e-mail"),
)
_MARKUP = (b"<!doctype html", b"<html", b"<head", b"<body")


def source_name(source: str | bytes) -> str:
    """Return the name of a source for messages: its path, or ``document`` for bytes."""
    return storable_text(source) if isinstance(source, str) else "document"


def open_error(source: str | bytes, reason: str) -> DocumentError:
    """Return the error for a source that an engine could not parse.

    ``reason`` is what the engine said; it is the message for a source that looks like a PDF. A source that cannot even be
    read gets a storage cause.
    """
    name = source_name(source)
    try:
        head = _head(source)
    except OSError as error:
        return read_error(name, error)
    if not head:
        return DocumentError(f"{name}: the file is empty", cause=Cause.EMPTY_INPUT)
    if _HEADER not in head:
        return DocumentError(f"{name}: not a PDF but {_kind(head)}", cause=Cause.NOT_A_PDF)
    return DocumentError(f"{name}: {reason}", cause=Cause.MALFORMED)


def find_late_header(source: str | bytes) -> bytes | None:
    """Return a source from its PDF header on, when that comes after the first 1,024 bytes and within the first 65,536.

    A source that has no such header gets one, if it has the other header that PDFs may have, or ends as a PDF does; a text
    about PDFs names no table of objects that is there. ``None`` for any other source. Mail gateways and web servers leave their
    own lines in front of a PDF.
    """
    try:
        head = _head(source, _LATE_HEADER_BYTES)
        start = head.find(_HEADER)
        if 0 <= start < _HEADER_BYTES - len(_HEADER):
            return None
        other = _OTHER_HEADER.search(head, 0, _HEADER_BYTES)
        if start < 0 and other is None and (_is_of_another_kind(head) or _END.search(_tail(source)) is None):
            return None
        data = source if isinstance(source, bytes) else _content(source)
    except OSError:
        return None
    if start > 0:
        return data[start:]
    if other is None:
        return _NEW_HEADER + data if _names_its_table(data) else None
    # The places of objects are counted from the header.
    return _NEW_HEADER.ljust(other.end() - other.start(), b"%") + data[other.end() :]


def read_error(name: str, error: OSError) -> DocumentError:
    """Return the error for a file that the operating system does not let us read."""
    reason = error.strerror or type(error).__name__
    match error:
        case FileNotFoundError():
            cause = Cause.STORAGE_NOT_FOUND
        case PermissionError():
            cause = Cause.STORAGE_DENIED
        case IsADirectoryError():
            cause = Cause.NOT_A_FILE
        case _:
            cause = Cause.STORAGE_UNAVAILABLE
    return DocumentError(f"{name}: {reason}", cause=cause)


def _head(source: str | bytes, size: int = _HEADER_BYTES) -> bytes:
    if isinstance(source, bytes):
        return source[:size]
    with open(os.fsencode(source), "rb") as file:
        return file.read(size)


def _tail(source: str | bytes) -> bytes:
    """Return the last bytes of a source, without what fills up its last sectors."""
    if isinstance(source, bytes):
        tail = source[-_TAIL_BYTES:]
    else:
        with open(os.fsencode(source), "rb") as file:
            file.seek(max(os.fstat(file.fileno()).st_size - _TAIL_BYTES, 0))
            tail = file.read(_TAIL_BYTES)
    return tail.rstrip(b"\0 \t\r\n")[-_HEADER_BYTES:]


def _names_its_table(data: bytes) -> bool:
    """Return whether a table of objects is about where the end of the data says."""
    end = _END.search(_tail(data))
    place = int(end[1]) if end else 0
    return _TABLE.search(data, max(place - _LOST_BYTES, 0), place + _LOST_BYTES) is not None


def _content(path: str) -> bytes:
    with open(os.fsencode(path), "rb") as file:
        return file.read()


def _is_of_another_kind(head: bytes) -> bool:
    """Return whether the first bytes are surely those of another kind of file."""
    return _kind(head[:_HEADER_BYTES]) not in (_TEXT, _UNKNOWN)


def _kind(head: bytes) -> str:
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if any(tag in head.lower() for tag in _MARKUP):
        return "an HTML page"
    if head.lstrip().startswith(b"<?xml"):
        return "an XML document"
    # The last character may be cut in two, so it does not count.
    text = head.decode("utf-8", "replace")[:-1]
    return _UNKNOWN if "\ufffd" in text or "\0" in text else _TEXT
