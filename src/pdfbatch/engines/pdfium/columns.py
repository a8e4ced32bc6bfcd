"""Text written in columns, from top to bottom, in a font that is not there: pdfium leaves it out without a word.

It reads no text object that is as wide as nothing. Such a column is, when no font of this machine has a shape for its letters:
vertical Japanese or Chinese whose font was not embedded.
"""

from ctypes import byref, c_float
from typing import Any

import pypdfium2.raw

from pdfbatch.engines.coverage import Area
from pdfbatch.engines.pdfium.glyphs import Glyphs
from pdfbatch.engines.pdfium.objects import OBJECTS, visible_area

pdfium: Any = pypdfium2.raw
"""Generated bindings, without types."""

Handle = Any
"""A pointer from pdfium."""

# In points. pdfium leaves out what is narrower.
_NOTHING = 0.01
# A longer text is what is left of a page with columns only if it is East Asian.
_SHORT, _LOOK, _EAST_ASIAN = 300, 50, "\u2e80"


def may_have_columns(text: str) -> bool:
    """Return whether a text may be what is left of a page with such columns."""
    return len(text) < _SHORT or (not text.isascii() and max(text[:_LOOK]) >= _EAST_ASIAN)


def lay_columns(page: Handle) -> bool:
    """Turn the columns of a page by 90 degrees, so that pdfium reads them as lines. Return whether there are any.

    The rightmost, which is read first, becomes the uppermost. Three objects are looked at, and all if one of them is a column.
    Nothing that can be seen changes its place: what pdfium leaves out it does not draw, either.
    """
    count = int(pdfium.FPDFPage_CountObjects(page))
    if not any(
        _is_column(pdfium.FPDFPage_GetObject(page, index)) for index in {0, count // 2, count - 1} if index >= 0
    ):
        return False
    area = visible_area(page)
    width, height = max(area.right - area.left, 1.0), max(area.top - area.bottom, 1.0)
    scale = min(width / height, height / width)
    place = (0, scale, -scale, 0, area.left + scale * area.top, area.bottom - scale * area.left)
    for index in range(min(count, OBJECTS)):
        handle = pdfium.FPDFPage_GetObject(page, index)
        if _is_column(handle):
            pdfium.FPDFPageObj_Transform(handle, *place)
    return True


def end_columns(glyphs: Glyphs) -> None:
    """End the lines that were columns: pdfium overlooks where they end, as they are as high as nothing."""
    last = -1
    for index, text in enumerate(glyphs.texts):
        if not text.strip():
            last = -1 if "\n" in text else last
            continue
        if last >= 0 and _goes_back(glyphs.area(last), glyphs.area(index)):
            glyphs.texts[index] = f"\n{text}"
        last = index


def _goes_back(first: Area, second: Area) -> bool:
    return second.left <= first.left and abs(second.bottom - first.bottom) > 1


def _is_column(handle: Handle) -> bool:
    if not handle or pdfium.FPDFPageObj_GetType(handle) != pdfium.FPDF_PAGEOBJ_TEXT:
        return False
    left, bottom, right, top = (c_float() for _ in range(4))
    pdfium.FPDFPageObj_GetBounds(handle, byref(left), byref(bottom), byref(right), byref(top))
    return right.value - left.value < _NOTHING <= top.value - bottom.value
