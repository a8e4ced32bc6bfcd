"""Glyphs whose font does not tell what they mean, although the font that is embedded knows."""

import struct
import zlib
from collections.abc import Iterable, Mapping

from pdfbatch.engines.pdfium import PdfiumEngine
from pdfbatch.engines.sfnt import read_meanings
from pdfbatch.testing.pdfs import join_objects, make_stream

# By the numbers of glyphs of a large font: each number is also a character, some of which hardly anybody writes.
GLYPHS = {0x3993: "黎", 0x3F21: "荣", 0x02D6: "\uff1a", 0x54FE: "张", 0x4102: "买"}
COUNT = 0x5500


def make_font(meanings: Iterable[tuple[int, str]], *, count: int = COUNT, kind: int = 4) -> bytes:
    """Return a TrueType font without outlines whose table ``cmap`` has these glyphs and characters."""
    pairs = sorted((ord(text), glyph) for glyph, text in meanings)
    tables = {
        b"cmap": make_table(pairs, kind) if pairs else b"",
        b"glyf": bytes(4),
        b"head": struct.pack(
            ">IIIIHHQQhhhhHHhhh", 1 << 16, 0, 0, 0x5F0F3CF5, 0, 1000, 0, 0, 0, 0, 900, 900, 0, 8, 2, 0, 0
        ),
        b"hhea": struct.pack(">IhhhH", 1 << 16, 900, -100, 0, 1000) + bytes(22) + struct.pack(">H", 1),
        b"hmtx": struct.pack(">Hh", 1000, 0) + bytes(2 * (count - 1)),
        b"loca": bytes(2 * (count + 1)),
        b"maxp": struct.pack(">IH", 1 << 16, count) + bytes(26),
    }
    tables = {name: data for name, data in tables.items() if data}
    header, body, start = struct.pack(">IHHHH", 1 << 16, len(tables), 0, 0, 0), b"", 12 + 16 * len(tables)
    for name, data in tables.items():
        header += struct.pack(">4sIII", name, 0, start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    return header + body


def make_table(pairs: list[tuple[int, int]], kind: int) -> bytes:
    """Return a table ``cmap`` of one subtable: characters and their glyphs."""
    if kind == 12:
        groups = b"".join(struct.pack(">III", code, code, glyph) for code, glyph in pairs)
        table = struct.pack(">HHIII", 12, 0, 16 + len(groups), 0, len(pairs)) + groups
        return struct.pack(">HHHHI", 0, 1, 3, 10, 12) + table
    ends = [code for code, _ in pairs] + [0xFFFF]
    deltas = [(glyph - code) & 0xFFFF for code, glyph in pairs] + [1]
    sides = b"".join(struct.pack(f">{len(ends)}H", *side) for side in (ends, deltas, [0] * len(ends)))
    data = struct.pack(f">{len(ends)}H", *ends) + bytes(2) + sides
    table = struct.pack(">7H", 4, 14 + len(data), 0, 2 * len(ends), 0, 0, 0) + data
    return struct.pack(">HHHHI", 0, 1, 3, 1, 12) + table


def page_text(codes: str, font: bytes, entries: bytes = b"", more: Mapping[int, bytes] | None = None) -> str:
    """Return the text of a page that shows glyphs by their numbers, in an embedded font."""
    content = b"BT /F1 12 Tf 72 700 Td <%s> Tj ET" % codes.encode("utf-16-be").hex().encode()
    pdf = join_objects(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
            4: make_stream(content),
            5: b"<</Type/Font/Subtype/Type0/BaseFont/ABCDEF+Sung/Encoding/Identity-H/DescendantFonts[6 0 R]%s>>"
            % entries,
            6: b"<</Type/Font/Subtype/CIDFontType2/BaseFont/ABCDEF+Sung/CIDToGIDMap/Identity/DW 1000/FontDescriptor 7 0 R"
            b"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>",
            7: b"<</Type/FontDescriptor/FontName/ABCDEF+Sung/Flags 4/FontBBox[0 0 1000 900]/ItalicAngle 0/Ascent 900"
            b"/Descent -100/CapHeight 700/StemV 80/FontFile2 8 0 R>>",
            8: make_stream(zlib.compress(font), b"/Filter/FlateDecode/Length1 %d" % len(font)),
            **(more or {}),
        }
    )
    with PdfiumEngine().open(pdf) as document, document.page(1) as page:
        return page.text()


CODES = "".join(map(chr, GLYPHS))
MEANT = "".join(GLYPHS.values())


def test_glyphs_mean_what_the_embedded_font_says() -> None:
    for kind in (4, 12):
        assert page_text(CODES, make_font(GLYPHS.items(), kind=kind)) == MEANT


def test_glyphs_that_no_font_explains_are_unknown() -> None:
    assert set(page_text(CODES, make_font(()))) == {"\ufffd"}


def test_glyphs_that_the_font_explains_stay() -> None:
    mapping = "".join(f"<{glyph:04X}> <{glyph:04X}>\n" for glyph in GLYPHS).encode()
    table = (
        b"/CIDInit /ProcSet findresource begin begincmap /CMapName /A def /CMapType 2 def 1 begincodespacerange"
        b" <0000> <FFFF> endcodespacerange %d beginbfchar\n%sendbfchar endcmap end" % (len(GLYPHS), mapping)
    )
    assert page_text(CODES, make_font(GLYPHS.items()), b"/ToUnicode 9 0 R", {9: make_stream(table)}) == CODES


def test_damaged_fonts_mean_nothing() -> None:
    font = make_font(GLYPHS.items())
    assert read_meanings(font) == GLYPHS
    place = font.index(b"cmap")
    for damaged in (b"", b"OTTO", font[:40], font[:place] + b"cmap" + b"\xff" * 60, b"\x80\1\0\4" + font):
        assert read_meanings(damaged) in ({}, GLYPHS), damaged[:20]
    assert read_meanings(make_font([(5, "\u2f29"), (6, "A")])) == {5: "\u2f29", 6: "A"}


def test_a_glyph_of_two_characters_is_the_first_that_is_no_radical() -> None:
    for kind in (4, 12):
        assert read_meanings(make_font([(5, "\u2f29"), (5, "小"), (3, " "), (3, "\xa0")], kind=kind)) == {
            3: " ",
            5: "小",
        }


def make_map(pairs: Mapping[int, bytes]) -> bytes:
    """Return a map to Unicode from numbers of glyphs to characters, each as its bytes."""
    rows = b"".join(b"<%04x> <%s>\n" % (code, text.hex().encode()) for code, text in pairs.items())
    head = b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap 1 begincodespacerange <0000> <ffff> "
    head += b"endcodespacerange\n"
    return make_stream(head + b"%d beginbfchar\n%sendbfchar endcmap end end" % (len(pairs), rows))


def test_glyphs_that_a_map_leaves_out_are_unknown_beside_others() -> None:
    known = dict(enumerate("\u0930\u092a\u091f\u092f\u0938\u091a\u0928\u0915", 0x300))
    table = make_map({code: text.encode("utf-16-be") for code, text in known.items()})
    codes = "\u0461" + "".join(map(chr, known)) + "\u045d"
    found = page_text(codes, make_font([]), b"/ToUnicode 9 0 R", {9: table})
    assert found == f"\ufffd{''.join(known.values())}\ufffd"


def test_a_map_with_bytes_in_wrong_order_is_understood() -> None:
    words = "Pure(K=100)Magenta"
    codes = {code: text.encode("utf-16-le") for code, text in enumerate(words, 0x300)}
    assert page_text("".join(map(chr, codes)), make_font([]), b"/ToUnicode 9 0 R", {9: make_map(codes)}) == words
    chinese = "一紀伀氀漀爀開堀"  # a few such characters stand in other texts
    codes = {code: text.encode("utf-16-be") for code, text in enumerate(chinese, 0x300)}
    assert page_text("".join(map(chr, codes)), make_font([]), b"/ToUnicode 9 0 R", {9: make_map(codes)}) == chinese
