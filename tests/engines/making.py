"""PDFs written operator by operator, for pages that no ordinary writer makes."""

from collections.abc import Sequence

FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
LETTER = b"[0 0 612 792]"


def one_page(
    content: bytes, *, resources: bytes = b"", page: bytes = b"/MediaBox[0 0 612 792]", more: Sequence[bytes] = ()
) -> bytes:
    """A PDF with one page. ``more`` are further objects, numbered from 10; ``page`` and ``resources`` are entries."""
    resources = b"/Font<</F1 5 0 R>>" + resources
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[10 0 R]/DA(/F1 12 Tf 0 g)/DR<</Font<</F1 5 0 R>>>>>>>>"
        if b"/Widget" in b"".join(more)
        else b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<<%s>>%s>>" % (resources, page),
        4: stream(content),
        5: FONT,
        **dict(enumerate(more, 10)),
    }
    return whole(objects)


def text(words: bytes, *, size: int = 12, at: tuple[int, int] = (72, 700), mode: int = 0) -> bytes:
    """Operators that write words; mode 3 is invisible."""
    return b"BT %d Tr /F1 %d Tf %d %d Td (%s) Tj ET\n" % (mode, size, *at, words)


def stream(data: bytes, entries: bytes = b"") -> bytes:
    """A stream object."""
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (entries, len(data), data)


def image(width: int, height: int, *, grey: int = 0) -> bytes:
    """An image object of one even grey."""
    entries = b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 8" % (
        width,
        height,
    )
    return stream(bytes([grey]) * (width * height), entries)


def form(content: bytes, *, entries: bytes = b"", resources: bytes = b"", box: tuple[int, int] = (2000, 2000)) -> bytes:
    """A form XObject."""
    head = b"/Type/XObject/Subtype/Form/BBox[0 0 %d %d]/Resources<<%s>>%s" % (*box, resources, entries)
    return stream(content, head)


def unicode_font(mapping: Sequence[tuple[int, str]]) -> bytes:
    """Objects 10 and 11: a font whose codes mean what the mapping says. Lone surrogates can be said, too."""
    pairs = b"".join(b"<%02x> <%s>\n" % (code, _utf16(meaning)) for code, meaning in mapping)
    lines = (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Made def",
        b"1 begincodespacerange <00> <ff> endcodespacerange",
        b"%d beginbfchar\n%sendbfchar endcmap end end" % (len(mapping), pairs),
    )
    return stream(b"\n".join(lines))


def with_unicode(codes: bytes, mapping: Sequence[tuple[int, str]]) -> bytes:
    """A page that shows ``codes`` in a font whose codes mean what the mapping says."""
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 11 0 R>>"
    content = b"BT /F2 12 Tf 72 700 Td <%s> Tj ET" % codes.hex().encode()
    return whole(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F2 10 0 R>>>>>>",
            4: stream(content),
            10: font,
            11: unicode_font(mapping),
        }
    )


def whole(objects: dict[int, bytes]) -> bytes:
    """The bytes of a file with these objects; the first is the catalog."""
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
