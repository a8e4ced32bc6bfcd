"""Find content that ends early, from the bytes of a document: pdfium shows what comes before, and does not tell.

Few pages are looked at so: those of a document whose table of objects had to be rebuilt, and those whose text ends far above
the bottom. For most of them one search of the document's bytes, which is kept, says that nothing in it is damaged.
"""

import os
import re
from collections.abc import Iterator
from ctypes import byref
from typing import Any

import pypdfium2.raw

from pdfbatch.engines.flate import begins_within, is_damaged, stops_within, strip_text_filters, unpack

pdfium: Any = pypdfium2.raw
"""Generated bindings, without types."""

Handle = Any
"""A pointer from pdfium."""

# A text that goes on below this share of the page is taken for whole.
_LOWEST = 0.25
# For pdfium to write into, which it does for each page: whoever holds the lock has them for himself.
_FOUND, _SHOWN = pdfium.FS_RECTF(), pdfium.FS_RECTF()
_FOUND_PLACE, _SHOWN_PLACE = byref(_FOUND), byref(_SHOWN)
# Dictionaries of streams, of which pictures, fonts, profiles and tables of objects are no content of a page.
_STREAM = re.compile(rb">>\s*stream(?:\r\n|\n|\r)")
_END_OF_STREAM, _OBJECT = b"endstream", b" obj"
_NO_CONTENT = re.compile(
    rb"/Subtype\s*/(?:Image|Type1C|CIDFontType0C|OpenType|XML)|/Length[123]\b|/Type\s*/(?:ObjStm|XRef)"
)
_FILTERS, _NAME = re.compile(rb"/Filter\s*(?:\[([^\]]*)\]|(/\w+))"), re.compile(rb"/(\w+)")
_NUMBERS, _SIZE = re.compile(rb"\b(\d+)\s+\d+\s+obj\b"), re.compile(rb"/Size\s+(\d+)")
_END_OF_FILE, _TAIL_BYTES = b"%%EOF", 1_024
_DICTIONARY_BYTES = 1_000
# Bounds: larger documents are not searched, and no more is unpacked, which takes some milliseconds.
_FILE_BYTES = 64 * 1024 * 1024
_STREAM_BYTES = 256 * 1024
_ALL_BYTES = 512 * 1024


def ends_high(page: Handle, text: Handle) -> bool:
    """Return whether the text of a page ends far above its bottom, so that some of it may be missing. Takes microseconds."""
    last = pdfium.FPDFText_CountChars(text) - 1
    if last < 0:
        return bool(pdfium.FPDFPage_CountObjects(page) == 0)
    pdfium.FPDFText_GetLooseCharBox(text, last, _FOUND_PLACE)
    pdfium.FPDF_GetPageBoundingBox(page, _SHOWN_PLACE)
    turns = int(pdfium.FPDFPage_GetRotation(page)) % 4
    if turns % 2:
        below = _SHOWN.right - _FOUND.right if turns == 1 else _FOUND.left - _SHOWN.left
        return bool(below > _LOWEST * (_SHOWN.right - _SHOWN.left))
    below = _SHOWN.top - _FOUND.top if turns == 2 else _FOUND.bottom - _SHOWN.bottom
    return bool(below > _LOWEST * (_SHOWN.top - _SHOWN.bottom))


def may_have_damage(source: str | bytes, *, is_rebuilt: bool = False) -> bool:
    """Return whether some stream that may be content of a page ends early, or stops in the midst.

    Of a document whose table of objects ``is_rebuilt``, return also whether objects may be missing. Damage of encrypted
    documents is not known.
    """
    data = source if isinstance(source, bytes) else _content(source)
    if is_rebuilt and (b"/Encrypt" in data or _lacks_objects(data)):
        return True
    if b"/Encrypt" in data:
        return False
    ends, left = 0, _ALL_BYTES
    for start, filters in _starts_of_content(data):
        end = data.find(_END_OF_STREAM, start)
        if end < 0:
            return True
        content = data[start:end]
        if len(content) > _STREAM_BYTES or content.isspace() or not content:
            continue
        left -= len(content)
        if left < 0:
            break
        if filters:
            packed = strip_text_filters(filters, content)
            if packed is None:
                continue
            unpacked = unpack(packed)
            if unpacked is None and is_damaged(packed):
                return True
            content = unpacked or b""
        # What one of a page's streams leaves open, the next one ends.
        ends += stops_within(content) - begins_within(content)
    return ends > 0


def _starts_of_content(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield where the streams begin that may be content of a page, and the filters of each."""
    for found in _STREAM.finditer(data):
        first = data.rfind(_OBJECT, max(found.start() - _DICTIONARY_BYTES, 0), found.start())
        entries = data[max(first, 0) : found.start() + 2]
        if first >= 0 and not _NO_CONTENT.search(entries):
            names = _FILTERS.search(entries)
            text = (names[1] or names[2] or b"") if names else b""
            yield found.end(), [name.decode("ascii") for name in _NAME.findall(text)]


def _lacks_objects(data: bytes) -> bool:
    """Return whether some object of a document is not there, as far as a search for their beginnings tells."""
    sizes = [int(size) for size in _SIZE.findall(data)]
    numbers = {int(number) for number in _NUMBERS.findall(data)}
    return _END_OF_FILE not in data[-_TAIL_BYTES:] or len(numbers) < max(sizes, default=2) - 1


def _content(path: str) -> bytes:
    with open(os.fsencode(path), "rb") as file:
        return file.read() if os.fstat(file.fileno()).st_size <= _FILE_BYTES else b""
