"""A small PDF writer: sheets with base-14 text and one picture each. The same sheets give the same bytes."""

from collections.abc import Sequence
from dataclasses import dataclass

LETTER = (612, 792)
"""Width and height of a sheet in points (1/72 inch)."""

_CATALOG, _PAGES, _PROSE_FONT, _TABLE_FONT, _INFO = range(1, 6)
_FIXED_DATE = b"D:20240102030405Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An image as a PDF stores it: encoded bytes, and the dictionary entries that say how to decode them."""

    width: int
    height: int
    entries: bytes
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One page: a picture that fills it, and drawing operators on top of the picture."""

    content: bytes = b""
    picture: Picture | None = None
    size: tuple[int, int] = LETTER


def build(sheets: Sequence[Sheet], *, title: str = "", file_id: bytes = b"") -> bytes:
    """Return the bytes of a PDF 1.7 file with these sheets. ``file_id`` is written as both halves of its ID, if given."""
    objects = [
        b"<</Type/Catalog/Pages %d 0 R>>" % _PAGES,
        b"",
        _font(b"Helvetica"),
        _font(b"Courier"),
        _info(title),
    ]
    trailer = b"/Root %d 0 R/Info %d 0 R" % (_CATALOG, _INFO)
    if file_id:
        trailer += b"/ID[<%s><%s>]" % (file_id.hex().encode(), file_id.hex().encode())
    kids = [_add_sheet(objects, sheet) for sheet in sheets]
    references = b" ".join(b"%d 0 R" % kid for kid in kids)
    objects[_PAGES - 1] = b"<</Type/Pages/Kids[%s]/Count %d>>" % (references, len(kids))
    return _file(objects, trailer)


def text_operators(
    lines: Sequence[str], *, table: bool = False, size: float = 11, left: float = 72, top: float = 720
) -> bytes:
    """Return operators that write lines below each other, closer when there are many; ``table`` sets them in Courier."""
    leading = min(size * 1.3, (top - 50) / max(1, len(lines)))
    head = b"BT /F%d %.2f Tf %.2f TL %.2f %.2f Td" % (2 if table else 1, leading / 1.3, leading, left, top)
    shown = b"\n".join(b"(%s) '" % _escape(line) for line in lines)
    return b"%s\n%s\nET" % (head, shown)


def _add_sheet(objects: list[bytes], sheet: Sheet) -> int:
    width, height = sheet.size
    content, resources = sheet.content, b"/Font<</F1 %d 0 R/F2 %d 0 R>>" % (_PROSE_FONT, _TABLE_FONT)
    if sheet.picture:
        picture = _add_picture(objects, sheet.picture)
        resources += b"/XObject<</Im %d 0 R>>" % picture
        content = b"q %d 0 0 %d 0 0 cm /Im Do Q\n%s" % (width, height, content)
    stream = _add_stream(objects, b"", content)
    objects.append(
        b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 %d %d]/Resources<<%s>>/Contents %d 0 R>>"
        % (_PAGES, width, height, resources, stream)
    )
    return len(objects)


def _add_picture(objects: list[bytes], picture: Picture) -> int:
    entries = b"/Type/XObject/Subtype/Image/Width %d/Height %d" % (picture.width, picture.height)
    return _add_stream(objects, entries + picture.entries, picture.data)


def _add_stream(objects: list[bytes], entries: bytes, data: bytes) -> int:
    objects.append(b"<<%s/Length %d>>stream\n%s\nendstream" % (entries, len(data), data))
    return len(objects)


def _info(title: str) -> bytes:
    values = (title.encode("cp1252", "replace"), b"pdfbatch samples", _FIXED_DATE)
    return b"<</Title <%s>/Producer <%s>/CreationDate <%s>>>" % tuple(value.hex().encode() for value in values)


def _font(name: bytes) -> bytes:
    return b"<</Type/Font/Subtype/Type1/BaseFont/%s/Encoding/WinAnsiEncoding>>" % name


def _escape(text: str) -> bytes:
    encoded = text.encode("cp1252", "replace")
    return encoded.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _file(objects: Sequence[bytes], trailer: bytes) -> bytes:
    parts, offsets, position = [b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"], list[int](), 15
    for number, body in enumerate(objects, start=1):
        offsets.append(position)
        parts.append(b"%d 0 obj\n%s\nendobj\n" % (number, body))
        position += len(parts[-1])
    count = len(objects) + 1
    rows = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    parts.append(b"xref\n0 %d\n0000000000 65535 f \n%s" % (count, rows))
    parts.append(b"trailer\n<</Size %d%s>>\nstartxref\n%d\n%%%%EOF\n" % (count, trailer, position))
    return b"".join(parts)
