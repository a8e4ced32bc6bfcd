"""Find content that ends early, from the bytes of a document: pdfium shows what comes before, and does not tell.

Few pages are looked at so: those of a document whose table of objects had to be rebuilt, and those whose text ends far above
the bottom. For most of them one search of the document's bytes, which is kept, says that nothing in it is damaged.
"""

import os
import re
from ctypes import byref
from typing import Any

import pypdfium2.raw

from pdfbatch.engines.flate import is_damaged

pdfium: Any = pypdfium2.raw
"""Generated bindings, without types."""

Handle = Any
"""A pointer from pdfium."""

# A text that goes on below this share of the page is taken for whole.
_LOWEST = 0.25
# How a stream is packed that may be content of a page. Pictures, fonts and tables of objects are none.
_FILTER = b"/FlateDecode"
_STREAM, _END_OF_OBJECT, _END_OF_LINES = b"stream", b"endobj", (b"\n", b"\r\n")
_NO_CONTENT = re.compile(
    rb"/Subtype\s*/(?:Image|Type1C|CIDFontType0C|OpenType|XML)|/Length[123]\b|/Type\s*/(?:ObjStm|XRef)"
)
_DICTIONARY_BYTES = 1_000
# Bounds: larger documents are not searched, and no more is unpacked, which takes some milliseconds.
_FILE_BYTES = 64 * 1024 * 1024
_STREAM_BYTES = 256 * 1024
_ALL_BYTES = 512 * 1024


def may_be_cut(document: Handle, page: Handle, text: Handle) -> bool:
    """Return whether there is a reason to look for damage in a page that pdfium has read. Takes microseconds."""
    if pdfium.FPDF_DocumentHasValidCrossReferenceTable(document) != 1:
        return True
    last = pdfium.FPDFText_CountChars(text) - 1
    if last < 0:
        return bool(pdfium.FPDFPage_CountObjects(page) == 0)
    found, shown = pdfium.FS_RECTF(), pdfium.FS_RECTF()
    pdfium.FPDFText_GetLooseCharBox(text, last, byref(found))
    pdfium.FPDF_GetPageBoundingBox(page, byref(shown))
    height, width = shown.top - shown.bottom, shown.right - shown.left
    sides: tuple[tuple[float, float], ...] = (
        (found.bottom - shown.bottom, height),
        (shown.right - found.right, width),
        (shown.top - found.top, height),
        (found.left - shown.left, width),
    )
    below, side = sides[int(pdfium.FPDFPage_GetRotation(page)) % 4]
    return bool(below > _LOWEST * side)


def may_have_damage(source: str | bytes) -> bool:
    """Return whether some packed stream that may be content of a page ends early. Not known of encrypted documents."""
    data = source if isinstance(source, bytes) else _content(source)
    if b"/Encrypt" in data:
        return False
    place, left = data.find(_FILTER), _ALL_BYTES
    while place >= 0 and left > 0:
        start = _start_of_stream(data, place)
        if start >= 0:
            first = max(data.rfind(b" obj", max(place - _DICTIONARY_BYTES, 0), place), place - _DICTIONARY_BYTES, 0)
            end = data.find(b"endstream", start)
            if end - start <= _STREAM_BYTES and not _NO_CONTENT.search(data, first, start):
                left -= end - start
                if is_damaged(data[start : end if end >= 0 else len(data)]):
                    return True
        place = data.find(_FILTER, place + 1)
    return False


def _start_of_stream(data: bytes, place: int) -> int:
    """Return where the stream begins whose dictionary has an entry at ``place``, -1 when there is none."""
    stream = data.find(_STREAM, place, place + 2 * _DICTIONARY_BYTES)
    if stream < 0:
        return -1
    rest = data[place:stream].rstrip()
    if not rest.endswith(b">>") or len(rest) > _DICTIONARY_BYTES + 2 or _END_OF_OBJECT in rest:
        return -1
    for end in _END_OF_LINES:
        if data.startswith(end, stream + len(_STREAM)):
            return stream + len(_STREAM) + len(end)
    return -1


def _content(path: str) -> bytes:
    with open(os.fsencode(path), "rb") as file:
        return file.read() if os.fstat(file.fileno()).st_size <= _FILE_BYTES else b""
