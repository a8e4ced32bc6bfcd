"""Read from a TrueType or OpenType font what its glyphs mean: the table ``cmap``, backwards."""

import struct
from collections.abc import Iterator

_SFNT = (b"\0\1\0\0", b"true", b"OTTO")
_TABLES = 64
_CHARACTERS = 1 << 17
# Unicode, the whole of it first: platform and encoding.
_ENCODINGS = ((3, 10), (0, 6), (0, 4), (3, 1), (0, 3), (0, 2), (0, 1), (0, 0))
_RADICALS = range(0x2E80, 0x2FE0)
_FORMAT_4, _FORMAT_12 = 4, 12


def read_meanings(font: bytes) -> dict[int, str]:
    """Return the character of each glyph that has one, by its number; none of a font of another kind, or without the table."""
    found = dict[int, str]()
    try:
        for code, glyph in _pairs(_find_table(font)):
            # Of two characters with one glyph the first is meant, but for radicals, which are there beside whole characters.
            if glyph and (glyph not in found or ord(found[glyph]) in _RADICALS):
                found[glyph] = chr(code)
    except (struct.error, ValueError):
        return {}
    return found


def _find_table(font: bytes) -> bytes:
    """Return the subtable for Unicode, empty when there is none."""
    if not font.startswith(_SFNT):
        return b""
    (count,) = struct.unpack_from(">H", font, 4)
    for number in range(min(count, _TABLES)):
        tag, _, start, length = struct.unpack_from(">4sIII", font, 12 + 16 * number)
        if tag == b"cmap":
            table = font[start : start + length]
            (entries,) = struct.unpack_from(">H", table, 2)
            places = {
                (platform, encoding): place
                for platform, encoding, place in (
                    struct.unpack_from(">HHI", table, 4 + 8 * entry) for entry in range(min(entries, _TABLES))
                )
            }
            return next((table[places[kind] :] for kind in _ENCODINGS if kind in places), b"")
    return b""


def _pairs(table: bytes) -> Iterator[tuple[int, int]]:
    """Yield characters and their glyphs."""
    if not table:
        return
    (kind,) = struct.unpack_from(">H", table)
    if kind == _FORMAT_4:
        yield from _pairs_of_segments(table)
    elif kind == _FORMAT_12:
        (count,) = struct.unpack_from(">I", table, 12)
        left = _CHARACTERS
        for start, end, glyph in struct.iter_unpack(">III", table[16 : 16 + 12 * min(count, _CHARACTERS)]):
            left -= max(end - start + 1, 0)
            if left < 0 or end > 0x10FFFF:
                return
            yield from ((code, glyph + code - start) for code in range(start, end + 1))


def _pairs_of_segments(table: bytes) -> Iterator[tuple[int, int]]:
    (double,) = struct.unpack_from(">H", table, 6)
    count = double // 2
    ends = struct.unpack_from(f">{count}H", table, 14)
    starts, deltas, offsets = (struct.unpack_from(f">{count}H", table, 16 + double * number) for number in (1, 2, 3))
    for number, (start, end, delta, offset) in enumerate(zip(starts, ends, deltas, offsets, strict=True)):
        for code in range(start, min(end, 0xFFFE) + 1):
            glyph = code
            if offset:
                place = 16 + 3 * double + 2 * number + offset + 2 * (code - start)
                if place + 2 > len(table):
                    continue
                (glyph,) = struct.unpack_from(">H", table, place)
            yield code, (glyph + delta) & 0xFFFF if glyph or not offset else 0
