"""PDFs for tests of engines, written operator by operator: pages that no ordinary writer makes."""

from collections.abc import Sequence

FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
LETTER = b"[0 0 612 792]"


def make_page_pdf(
    content: bytes, *, resources: bytes = b"", page: bytes = b"/MediaBox[0 0 612 792]", more: Sequence[bytes] = ()
) -> bytes:
    """Return a PDF with one page, 612 by 792 points unless ``page`` says otherwise.

    ``resources`` and ``page`` are entries of these dictionaries. ``more`` are further objects, numbered from 10; font F1 is
    Helvetica.
    """
    resources = b"/Font<</F1 5 0 R>>" + resources
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[10 0 R]/DA(/F1 12 Tf 0 g)/DR<</Font<</F1 5 0 R>>>>>>>>"
        if b"/Widget" in b"".join(more)
        else b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<<%s>>%s>>" % (resources, page),
        4: make_stream(content),
        5: FONT,
        **dict(enumerate(more, 10)),
    }
    return join_objects(objects)


def show_text(words: bytes, *, size: int = 12, at: tuple[int, int] = (72, 700), mode: int = 0) -> bytes:
    """Return operators that show words in font F1. ``mode`` is the text rendering mode: 3 is invisible."""
    return b"BT %d Tr /F1 %d Tf %d %d Td (%s) Tj ET\n" % (mode, size, *at, words)


def make_field_pdf(
    content: bytes, fields: Sequence[tuple[str, tuple[int, int, int, int]]], *, flags: int = 4, drawn: bool = True
) -> bytes:
    """Return a page with text fields: the value of each and its rectangle (left, bottom, right, top).

    ``flags`` are those of annotations: 2 is hidden, 4 printed, 32 not viewed. Fields that are not ``drawn`` have no appearance.
    """
    objects = list[bytes]()
    for index, (value, box) in enumerate(fields):
        words, (left, bottom, right, top) = value.encode("latin-1"), box
        look = b"/Tx BMC BT /F1 11 Tf 0 g 2 5 Td (%s) Tj ET EMC" % words
        appearance = b"/AP<</N %d 0 R>>" % (10 + 2 * index + 1) if drawn else b""
        objects += (
            b"<</Type/Annot/Subtype/Widget/FT/Tx/T(field%d)/V(%s)/DA(/F1 11 Tf 0 g)/F %d/Rect[%d %d %d %d]%s>>"
            % (index, words, flags, *box, appearance),
            make_form(look, resources=b"/Font<</F1 5 0 R>>", box=(right - left, top - bottom)),
        )
    annotations = b" ".join(b"%d 0 R" % (10 + 2 * index) for index in range(len(fields)))
    return make_page_pdf(content, page=b"/MediaBox[0 0 612 792]/Annots[%s]" % annotations, more=objects)


def make_stream(data: bytes, entries: bytes = b"") -> bytes:
    """Return a stream object."""
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (entries, len(data), data)


def make_image(width: int, height: int, *, grey: int = 0) -> bytes:
    """Return an image object with pixels of one grey, 0 for black."""
    entries = b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 8" % (
        width,
        height,
    )
    return make_stream(bytes([grey]) * (width * height), entries)


def make_form(
    content: bytes, *, entries: bytes = b"", resources: bytes = b"", box: tuple[int, int] = (2000, 2000)
) -> bytes:
    """Return a form XObject."""
    head = b"/Type/XObject/Subtype/Form/BBox[0 0 %d %d]/Resources<<%s>>%s" % (*box, resources, entries)
    return make_stream(content, head)


def _make_unicode_map(mapping: Sequence[tuple[int, str]]) -> bytes:
    """Return a ToUnicode map. Half a surrogate pair can be mapped, too."""
    pairs = b"".join(b"<%02x> <%s>\n" % (code, _utf16(meaning)) for code, meaning in mapping)
    lines = (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Made def",
        b"1 begincodespacerange <00> <ff> endcodespacerange",
        b"%d beginbfchar\n%sendbfchar endcmap end end" % (len(mapping), pairs),
    )
    return make_stream(b"\n".join(lines))


def make_unicode_pdf(codes: bytes, mapping: Sequence[tuple[int, str]]) -> bytes:
    """Return a page that shows ``codes`` in a font that maps each code of ``mapping`` to its text."""
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 11 0 R>>"
    content = b"BT /F2 12 Tf 72 700 Td <%s> Tj ET" % codes.hex().encode()
    return join_objects(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F2 10 0 R>>>>>>",
            4: make_stream(content),
            10: font,
            11: _make_unicode_map(mapping),
        }
    )


def make_unmapped_pdf(glyphs: int) -> bytes:
    """Return a page whose font does not say what its glyphs mean."""
    shown = b"".join(b"%04x" % number for number in range(1, glyphs + 1))
    return join_objects(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox%s/Contents 4 0 R/Resources<</Font<</F2 10 0 R>>>>>>" % LETTER,
            4: make_stream(b"BT /F2 12 Tf 72 700 Td <%s> Tj ET" % shown),
            10: b"<</Type/Font/Subtype/Type0/BaseFont/Odd/Encoding/Identity-H/DescendantFonts[11 0 R]>>",
            11: b"<</Type/Font/Subtype/CIDFontType2/BaseFont/Odd/FontDescriptor 12 0 R"
            b"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>",
            12: b"<</Type/FontDescriptor/FontName/Odd/Flags 4/FontBBox[0 0 1000 1000]/ItalicAngle 0"
            b"/Ascent 800/Descent -200/CapHeight 700/StemV 80>>",
        }
    )


def join_objects(objects: dict[int, bytes]) -> bytes:
    """Return the file with these objects by number; object 1 is the catalog."""
    data, offsets = b"%PDF-1.7\n", dict[int, int]()
    for number, body in objects.items():
        offsets[number] = len(data)
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    rows = b"".join(b"%d 1\n%010d 00000 n \n" % (number, offset) for number, offset in sorted(offsets.items()))
    head = b"xref\n0 1\n0000000000 65535 f \n"
    tail = b"trailer <</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (max(objects) + 1, len(data))
    return data + head + rows + tail


def _utf16(meaning: str) -> bytes:
    return meaning.encode("utf-16-be", "surrogatepass").hex().encode()
