"""Give glyphs whose font does not tell what they mean the meaning that the embedded font knows.

A font without a map to Unicode (``ToUnicode``) shows its glyphs by their numbers, and pdfium takes these for characters: of a
Chinese text it makes other Chinese characters, some of which hardly anybody writes. These are the sign.
"""

import re
from ctypes import addressof, byref, c_size_t, c_ubyte
from typing import Any

import pypdfium2.raw

from pdfbatch.engines.pdfium.glyphs import Glyphs
from pdfbatch.engines.sfnt import read_meanings

pdfium: Any = pypdfium2.raw
"""Generated bindings, without types."""

Handle = Any
"""A pointer from pdfium."""

# Characters of scripts and extensions that are rare, each of which is also the number of a glyph of a large font.
_RARE = re.compile(
    "[\u0250-\u02c5\u02c8-\u02d7\u02de-\u02ff\u0460-\u0481\u048a-\u0530\u0700-\u08ff\u0980-\u0b7f\u0c00-\u0dff\u0e80-\u10ff"
    "\u1200-\u1cff\u2c00-\u2dff\u3400-\u4dbf\ua000-\uabff]"
)
_LOOK = 2_000
# Numbers of glyphs are rare characters now and then; a text in a rare script has hardly any others.
_RARE_SHARES = 0.05, 0.8
_FONT_BYTES = 32 * 1024 * 1024
_UNKNOWN = "\ufffd"
# Characters whose codes are those of ASCII with the two bytes in wrong order, as some writers put them into the map.
_SWAPPED = {code << 8: chr(code) for code in range(0x20, 0x7F)}
_SWAPPED_CHARACTER = re.compile(f"[{''.join(map(chr, _SWAPPED))}]")
_MOSTLY_SWAPPED, _FEW_SWAPPED = 0.8, 8


def may_lack_meanings(text: str) -> bool:
    """Return whether a text has a rare character early. Takes microseconds, and less for ASCII."""
    return not text.isascii() and _RARE.search(text, 0, _LOOK) is not None


def order_bytes(text: str) -> str:
    """Return a text whose characters have the bytes of their codes in the right order, if hardly any has."""
    swapped = len(_SWAPPED_CHARACTER.findall(text))
    if swapped < max(_FEW_SWAPPED, _MOSTLY_SWAPPED * sum(not character.isspace() for character in text)):
        return text
    return text.translate(_SWAPPED)


def mend_meanings(glyphs: Glyphs) -> bool:
    """Mend the texts of glyphs in place. Return whether there was anything to mend.

    What no font tells becomes U+FFFD, so that the page is known to be unreadable in this way.
    """
    by_font = dict[int, list[int]]()
    fonts = dict[int, Handle]()
    for index, text in enumerate(glyphs.texts):
        if len(text) == 1 and not text.isspace() and pdfium.FPDFText_HasUnicodeMapError(glyphs.handle, index) == 1:
            font = _font_of(glyphs.handle, index)
            if font:
                address = addressof(font.contents)
                fonts[address] = font
                by_font.setdefault(address, []).append(index)
    mended = [_mend_font(glyphs, fonts[address], indices) for address, indices in by_font.items()]
    return any(mended)


def _mend_font(glyphs: Glyphs, font: Handle, indices: list[int]) -> bool:
    rare = sum(_RARE.match(glyphs.texts[index]) is not None for index in indices)
    if not rare or pdfium.FPDFFont_GetIsEmbedded(font) != 1:
        return False
    meanings = read_meanings(_data_of(font))
    found = [meanings.get(ord(glyphs.texts[index]), _UNKNOWN) for index in indices]
    is_known = _UNKNOWN not in found and not any(map(_RARE.match, found))
    least, most = _RARE_SHARES
    if not is_known and not least * len(indices) <= rare <= most * len(indices):
        return False
    for index, text in zip(indices, found, strict=True):
        glyphs.texts[index] = text
    return True


def _font_of(handle: Handle, index: int) -> Handle:
    owner = pdfium.FPDFText_GetTextObject(handle, index)
    return pdfium.FPDFTextObj_GetFont(owner) if owner else None


def _data_of(font: Handle) -> bytes:
    size = c_size_t()
    pdfium.FPDFFont_GetFontData(font, None, 0, byref(size))
    if not 0 < size.value <= _FONT_BYTES:
        return b""
    buffer = (c_ubyte * size.value)()
    return bytes(buffer) if pdfium.FPDFFont_GetFontData(font, buffer, size.value, byref(size)) else b""
