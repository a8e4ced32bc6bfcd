"""The glyphs of a page, one by one. Slow (some microseconds a glyph), so it is for pages that need a closer look."""

import sys
from collections.abc import Iterable, Sequence
from ctypes import addressof, byref, c_double, c_ushort
from itertools import compress
from operator import sub
from typing import Any

import pypdfium2.raw

from pdfbatch.engines.coverage import Area
from pdfbatch.engines.page_frame import Boxes, PageFrame
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
# For pdfium to write into, which it does for each page and glyph: whoever holds the lock has them for himself.
_MANY = 1 << 15
_UNITS = (c_ushort * (_MANY + 1))()
_RECT = pdfium.FS_RECTF()
_RECT_PLACE = byref(_RECT)


class Glyphs:
    """The glyphs of a page's text, those that pdfium adds (spaces, ends of lines) included.

    ``texts`` has what each gives to the text of the page. Whoever mends the text changes it there. The caller holds the lock on
    pdfium.
    """

    def __init__(self, handle: Handle) -> None:
        """Read the glyphs of a text page."""
        self.handle = handle
        self._areas = dict[int, Area]()
        self.texts: list[str] = _texts_of(handle)

    def __len__(self) -> int:
        """Return the number of glyphs."""
        return len(self.texts)

    def area(self, index: int) -> Area:
        """Return where a glyph lies, as wide as it advances and as high as its font."""
        found = self._areas.get(index)
        if found is None:
            found = self._areas[index] = glyph_area(self.handle, index)
        return found

    def code(self, index: int) -> int:
        """Return the character that pdfium takes a glyph for, as a number."""
        return int(pdfium.FPDFText_GetUnicode(self.handle, index))

    def lacks_meaning(self, index: int) -> bool:
        """Whether the font of a glyph does not tell which character it is, so that pdfium takes its code for one."""
        return bool(pdfium.FPDFText_HasUnicodeMapError(self.handle, index) == 1)

    def is_added(self, index: int) -> bool:
        """Whether a glyph is not on the page: pdfium added it."""
        return bool(pdfium.FPDFText_IsGenerated(self.handle, index) == 1)

    def owner(self, index: int) -> int:
        """Return the address of the text object that a glyph belongs to, 0 for one that pdfium added."""
        found = pdfium.FPDFText_GetTextObject(self.handle, index)
        return addressof(found.contents) if found else 0

    def font(self, index: int) -> int:
        """Return the address of the font of a glyph, 0 for one that pdfium added."""
        owner = pdfium.FPDFText_GetTextObject(self.handle, index)
        found = pdfium.FPDFTextObj_GetFont(owner) if owner else None
        return addressof(found.contents) if found else 0

    def has_ink(self, index: int) -> bool:
        """Whether a glyph can be seen, as far as its outline tells."""
        left, right, bottom, top = (c_double() for _ in range(4))
        pdfium.FPDFText_GetCharBox(self.handle, index, byref(left), byref(right), byref(bottom), byref(top))
        area = self.area(index)
        return right.value > left.value and top.value - bottom.value > _THIN * (area.top - area.bottom)

    def cut(self, visible: Area, *, sharply: bool) -> None:
        """Leave out glyphs that lie outside the visible part of the page.

        If not ``sharply``, text that begins on the page and runs over its edge stays whole.
        """
        outside, begun = list[int](), set[int]()
        for index, text in enumerate(self.texts):
            if text.strip() and not self.is_added(index):
                if not visible.has_middle_of(self.area(index)):
                    outside.append(index)
                elif not sharply:
                    begun.add(self.owner(index))
        self.leave_out([index for index in outside if sharply or self.owner(index) not in begun])

    def leave_out(self, indices: Iterable[int]) -> None:
        """Leave out some glyphs, spaces between which nothing is left, and lines of which nothing is left."""
        lost = {*indices}
        line = list[int]()
        for index, text in enumerate(self.texts):
            if index in lost:
                self.texts[index] = "\n" if text.endswith("\n") else ""
            line.append(index)
            if text.endswith("\n") or index == len(self) - 1:
                if not lost.isdisjoint(line):
                    self._close_gaps(line)
                line = []

    def _close_gaps(self, line: Sequence[int]) -> None:
        is_empty = not any(self.texts[index].strip() for index in line)
        follows_space = True
        for index in line:
            text = self.texts[index]
            if text.isspace() and (is_empty if text.endswith("\n") else follows_space):
                self.texts[index] = ""
            elif text:
                follows_space = text.isspace()

    def text(self) -> str:
        """Return the text of the page."""
        return "".join(self.texts)

    def lines(self, frame: PageFrame) -> list[PlacedLine]:
        """Return the lines of the text, with offsets into ``text()``."""
        boxes, texts = self._boxes(frame), self.texts
        middles = [(left + right) / 2 for left, right in zip(boxes.left, boxes.right, strict=True)]
        found, offset, first = list[PlacedLine](), 0, 0
        last = {text for text in set(texts) if text.endswith("\n")}
        for end in (*(index for index, text in enumerate(texts, 1) if text in last), len(self)):
            some = texts[first:end]
            joined = "".join(some)
            if joined and not joined.isspace():  # what pdfium adds is white space
                found.append(_line(some, joined, offset, boxes.part(first, end), middles[first:end]))
            offset += len(joined)
            first = end
        return found

    def _boxes(self, frame: PageFrame) -> Boxes:
        # pdfium writes all areas into one piece of memory, from which they are read at once.
        areas = (pdfium.FS_RECTF * len(self))()
        for index, area in enumerate(areas):
            pdfium.FPDFText_GetLooseCharBox(self.handle, index, area)
        numbers = memoryview(areas).cast("B").cast("f").tolist()
        return frame.boxes(Boxes(numbers[0::4], numbers[1::4], numbers[2::4], numbers[3::4]))


def _line(texts: list[str], joined: str, start: int, boxes: Boxes, middles: list[float]) -> PlacedLine:
    """Return the line of some glyphs, of which at least one can be seen; ``joined`` are their texts."""
    if len(joined) == len(texts) - texts.count(""):  # each glyph is one character, or none, as in most lines
        centers = list(compress(middles, texts))
        if joined.endswith("\n"):
            centers.pop()
    else:
        centers = list[float]()
        for text, middle in zip(texts, middles, strict=True):
            centers += (middle,) * (len(text) - text.endswith("\n"))
    seen = [text and not text.isspace() for text in texts]
    return PlacedLine(start, start + len(centers), _around(Boxes(*(list(compress(it, seen)) for it in boxes))), centers)


def _around(boxes: Boxes) -> Box:
    """Return the box of a line around its glyphs: as high as most of them, not as the tallest."""
    top, bottom = boxes.top, boxes.bottom
    heights = list(map(sub, bottom, top))
    tall = 1.5 * sorted(heights)[len(heights) // 2]
    if max(heights) > tall:
        usual = [height <= tall for height in heights]
        if any(usual):
            top, bottom = list(compress(top, usual)), list(compress(bottom, usual))
    return Box(min(boxes.left), sorted(top)[len(top) // 2], max(boxes.right), sorted(bottom)[len(bottom) // 2])


def whole_text(handle: Handle) -> str:
    """Return the text of a text page as pdfium gives it, but for hyphens at ends of lines."""
    text, units = _raw_text(handle, pdfium.FPDFText_CountChars(handle))
    return _with_hyphens(handle, text, is_basic=len(text) == units) if _SIGNAL in text else text


def _raw_text(handle: Handle, count: int) -> tuple[str, int]:
    """Return the text of so many glyphs as pdfium gives it, and how many units of UTF-16 it has."""
    if count <= 0:
        return "", 0
    buffer = _UNITS if count < _MANY else (c_ushort * (count + 1))()
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


def find_index(handle: Handle, text: str, place: int) -> int:
    """Return the index of the glyph at a place in a page's ``whole_text``."""
    # A hyphen and the end of its line are one character for pdfium, which ends other lines in "\r\n", and counts in UTF-16.
    units = len(text[:place].encode("utf-16-le", "surrogatepass")) // 2
    return int(pdfium.FPDFText_GetCharIndexFromTextIndex(handle, units - text.count("-\n", 0, place)))


def glyph_area(handle: Handle, index: int) -> Area:
    """Return where a glyph lies, as wide as it advances and as high as its font."""
    pdfium.FPDFText_GetLooseCharBox(handle, index, _RECT_PLACE)
    return Area(_RECT.left, _RECT.bottom, _RECT.right, _RECT.top)
