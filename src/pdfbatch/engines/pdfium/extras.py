"""What a document has beside its pages, as far as pdfium tells. The caller holds the lock on pdfium."""

import os
import re
import zlib
from collections.abc import Iterator
from typing import Any, Literal

import pypdfium2.raw

pdfium: Any = pypdfium2.raw
"""Generated bindings, without types."""

Handle = Any
"""A pointer from pdfium."""

_COLLECTION = re.compile(rb"/Collection\b")
_OBJECT_STREAM = re.compile(rb"/ObjStm\b[^\0]{0,500}?stream\r?\n")
# Bounds: so much of a file is searched, and so much of what a stream unpacks to.
_FILE_BYTES = 256 * 1024 * 1024
_STREAM_BYTES = 4 * 1024 * 1024


def xfa_kind(document: Handle) -> Literal["none", "static", "dynamic"]:
    """Return what kind of XFA form a document has."""
    match pdfium.FPDF_GetFormType(document):
        case pdfium.FORMTYPE_XFA_FULL:
            return "dynamic"
        case pdfium.FORMTYPE_XFA_FOREGROUND:
            return "static"
        case _:
            return "none"


def count_attachments(document: Handle) -> int:
    """Return the number of files that are embedded in a document."""
    return max(int(pdfium.FPDFDoc_GetAttachmentCount(document)), 0)


def is_portfolio(source: str | bytes) -> bool:
    """Whether the catalog of a document says that it is a collection of files.

    pdfium does not tell, so its bytes are searched. Not found in an encrypted document whose objects are in object streams.
    """
    data = source if isinstance(source, bytes) else _content(source)
    return any(_COLLECTION.search(part) for part in (data, *_object_streams(data)))


def _content(path: str) -> bytes:
    with open(os.fsencode(path), "rb") as file:
        return file.read(_FILE_BYTES)


def _object_streams(data: bytes) -> Iterator[bytes]:
    for found in _OBJECT_STREAM.finditer(data):
        try:
            yield zlib.decompressobj().decompress(data[found.end() : found.end() + _STREAM_BYTES], _STREAM_BYTES)
        except zlib.error:
            continue
