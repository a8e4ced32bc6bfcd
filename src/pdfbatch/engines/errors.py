"""Say why a document could not be opened, from its first bytes or the error of the operating system."""

import os

from pdfbatch.errors import Cause, DocumentError
from pdfbatch.text import storable_text

_HEADER_BYTES = 1024
_LATE_HEADER_BYTES = 64 * 1024
_HEADER = b"%PDF-"
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

    ``None`` for any other source. Mail gateways and web servers leave their own lines in front of a PDF.
    """
    try:
        head = _head(source, _LATE_HEADER_BYTES)
        start = head.find(_HEADER)
        if start < _HEADER_BYTES - len(_HEADER):
            return None
        return (source if isinstance(source, bytes) else _content(source))[start:]
    except OSError:
        return None


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


def _content(path: str) -> bytes:
    with open(os.fsencode(path), "rb") as file:
        return file.read()


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
    return "unknown data" if "\ufffd" in text or "\0" in text else "plain text"
