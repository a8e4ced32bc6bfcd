"""The glyphs of a page, one by one. Slow (some microseconds a glyph), so it is for pages that need a closer look."""

import sys
from collections.abc import Sequence
from ctypes import addressof, byref, c_double, c_ushort
from typing import Any

import pypdfium2.raw

from pdfbatch.engines.coverage import Area
from pdfbatch.engines.page_frame import PageFrame
from pdfbatch.engines.placement import PlacedLine
from pdfbatch.ports import Box

pdfium: Any = pypdfium2.raw
"""Generated bindings, without types."""

Handle = Any
"""A pointer from pdfium."""

# What pdfium says, glyph by glyph and in whole texts, for a hyphen at the end of a line whose end it leaves out.
_HYPHEN = 2
_SIGNAL = "\ufffe"
_UNKNOWN = "\ufffd"
# In parts of the height of the font: less than that is no stroke but an error of rounding.
_THIN = 0.01
# For pdfium to write into, which it does for each glyph: whoever holds the lock has it for himself.
_RECT = pdfium.FS_RECTF()
_RECT_PLACE = byref(_RECT)


class Glyphs:
    """The glyphs of a page's text, those that pdfium adds (spaces, ends of lines) included.

    ``texts`` has what each gives to the text of the page. Whoever mends the text changes it there. The caller holds the lock on
    pdfium.
    """

    def __init__(self, handle: Handle) -> None:
        """Read the glyphs of a text page."""
        self._handle = handle
        self._areas = dict[int, Area]()
        self.texts: list[str] = _texts_of(handle)

    def __len__(self) -> int:
        """Return the number of glyphs."""
        return len(self.texts)

    def area(self, index: int) -> Area:
        """Return where a glyph lies, as wide as it advances and as high as its font."""
        found = self._areas.get(index)
        if found is None:
            found = self._areas[index] = glyph_area(self._handle, index)
        return found

    def is_added(self, index: int) -> bool:
        """Whether a glyph is not on the page: pdfium added it."""
        return bool(pdfium.FPDFText_IsGenerated(self._handle, index) == 1)

    def owner(self, index: int) -> int:
        """Return the address of the text object that a glyph belongs to, 0 for one that pdfium added."""
        found = pdfium.FPDFText_GetTextObject(self._handle, index)
        return addressof(found.contents) if found else 0

    def has_ink(self, index: int) -> bool:
        """Whether a glyph can be seen, as far as its outline tells."""
        left, right, bottom, top = (c_double() for _ in range(4))
        pdfium.FPDFText_GetCharBox(self._handle, index, byref(left), byref(right), byref(bottom), byref(top))
        area = self.area(index)
        return right.value > left.value and top.value - bottom.value > _THIN * (area.top - area.bottom)

    def cut(self, visible: Area) -> None:
        """Leave out glyphs that lie outside the visible part of the page."""
        for index, text in enumerate(self.texts):
            if text.strip() and not self.is_added(index) and not visible.has_middle_of(self.area(index)):
                self.texts[index] = "\n" if text.endswith("\n") else ""

    def text(self) -> str:
        """Return the text of the page."""
        return "".join(self.texts)

    def lines(self, frame: PageFrame) -> list[PlacedLine]:
        """Return the lines of the text, with offsets into ``text()``."""
        found, offset, first = list[PlacedLine](), 0, 0
        ends = [index + 1 for index, text in enumerate(self.texts) if text.endswith("\n")]
        for end in (*ends, len(self)):
            found += self._line(range(first, end), offset, frame)
            offset += sum(map(len, self.texts[first:end]))
            first = end
        return found

    def _line(self, indices: Sequence[int], start: int, frame: PageFrame) -> list[PlacedLine]:
        shown = [(index, text) for index in indices if (text := self.texts[index].rstrip("\n"))]
        centers, seen = list[float](), list[Box]()
        for (index, text), box in zip(shown, frame.boxes(self.area(index) for index, _ in shown), strict=True):
            centers += [(box.left + box.right) / 2] * len(text)
            if not text.isspace() and not self.is_added(index):
                seen.append(box)
        if not seen:
            return []
        tall = sorted(box.bottom - box.top for box in seen)[len(seen) // 2]
        return [PlacedLine(start, start + len(centers), _around(seen, tall), centers)]


def _around(boxes: Sequence[Box], height: float) -> Box:
    """Return the box of a line: as high as most of its glyphs, not as the tallest."""
    usual = [box for box in boxes if box.bottom - box.top <= 1.5 * height] or boxes
    return Box(
        min(box.left for box in boxes),
        sorted(box.top for box in usual)[len(usual) // 2],
        max(box.right for box in boxes),
        sorted(box.bottom for box in usual)[len(usual) // 2],
    )


def whole_text(handle: Handle) -> str:
    """Return the text of a text page as pdfium gives it, but for hyphens at ends of lines."""
    text, units = _raw_text(handle, pdfium.FPDFText_CountChars(handle))
    return _with_hyphens(handle, text, is_basic=len(text) == units) if _SIGNAL in text else text


def _raw_text(handle: Handle, count: int) -> tuple[str, int]:
    """Return the text of so many glyphs as pdfium gives it, and how many units of UTF-16 it has."""
    if count <= 0:
        return "", 0
    buffer = (c_ushort * (count + 1))()
    units = max(pdfium.FPDFText_GetText(handle, 0, count, buffer) - 1, 0)
    # pdfium writes a NUL at the end; a unit has two bytes.
    return str(memoryview(buffer).cast("B")[: 2 * units], "utf-16-le", "surrogatepass"), units


def _with_hyphens(handle: Handle, text: str, *, is_basic: bool) -> str:
    """Return a text with the hyphens at ends of lines that pdfium replaced by a signal, and with those ends.

    pdfium gives the same signal for glyphs without a meaning, such as ligatures of some fonts: these become U+FFFD. In
    an ``is_basic`` text each character is one unit of UTF-16.
    """
    units = len if is_basic else _units
    first, *others = text.split(_SIGNAL)
    parts, place = [first], units(first)
    for part in others:
        index = pdfium.FPDFText_GetCharIndexFromTextIndex(handle, place)
        parts += ("-\n" if pdfium.FPDFText_IsHyphen(handle, index) == 1 else _UNKNOWN, part)
        place += 1 + units(part)
    return "".join(parts)


def _units(text: str) -> int:
    """Return how many units of UTF-16 a text has."""
    return len(text) + sum(character > "\uffff" for character in text)


def _texts_of(handle: Handle) -> list[str]:
    """Return what each glyph gives to the text of the page.

    Most texts have one character for each glyph, so that pdfium needs to be asked only once.
    """
    count = max(pdfium.FPDFText_CountChars(handle), 0)
    text, _ = _raw_text(handle, count)
    if len(text) != count:
        return [_text_of(handle, index) for index in range(count)]
    texts = ["" if character == "\r" else character for character in text]
    place = text.find(_SIGNAL)
    while place >= 0:
        texts[place] = _text_of(handle, place)
        place = text.find(_SIGNAL, place + 1)
    return texts


def _text_of(handle: Handle, index: int) -> str:
    code = pdfium.FPDFText_GetUnicode(handle, index)
    if code == _HYPHEN and pdfium.FPDFText_IsHyphen(handle, index) == 1:
        return "-\n"
    if code == 0:
        return "" if pdfium.FPDFText_IsGenerated(handle, index) == 1 else _UNKNOWN
    return chr(code) if code <= sys.maxunicode and code != ord("\r") else ""


def glyph_area(handle: Handle, index: int) -> Area:
    """Return where a glyph lies, as wide as it advances and as high as its font."""
    pdfium.FPDFText_GetLooseCharBox(handle, index, _RECT_PLACE)
    return Area(_RECT.left, _RECT.bottom, _RECT.right, _RECT.top)
