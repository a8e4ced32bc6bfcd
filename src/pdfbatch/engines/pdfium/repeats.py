"""Leave out what a page shows twice at the same place: content listed twice, or bold made of two copies.

pdfium leaves out a text object that is like one of the five before it, and reads others again.
"""

from itertools import combinations
from typing import Any

import pypdfium2.raw

from pdfbatch.engines.coverage import Area
from pdfbatch.engines.pdfium.glyphs import Glyphs, find_index, glyph_area

pdfium: Any = pypdfium2.raw
"""Generated bindings, without types."""

Handle = Any
"""A pointer from pdfium."""

# So many characters of a text, at three places, are looked for elsewhere in it.
_LENGTH, _OF_A_TITLE = 16, 12
# Copies that make letters bold, or give them a shadow, are less apart than two narrow letters: in parts of the font's height.
_APART = 0.16
_CELL = 4.0  # points
_PLACES = 3  # so many occurrences of a passage are looked at


def may_repeat(handle: Handle, text: str) -> bool:
    """Return whether a passage of a text stands in it twice, at the same place of the page. Takes microseconds."""
    quarter = len(text) // 4
    title = text[:_OF_A_TITLE].partition("\r")[0]
    for passage in (title, text[quarter : quarter + _LENGTH], text[3 * quarter : 3 * quarter + _LENGTH]):
        if text.count(passage) > 1 and _lie_together(handle, text, passage):
            return True
    return False


def drop_repeats(glyphs: Glyphs) -> None:
    """Leave out glyphs that lie on an earlier one of the same character, and lines of nothing else."""
    known, copies = dict[tuple[str, int, int], list[int]](), list[int]()
    for index, text in enumerate(glyphs.texts):
        if text.strip() and not glyphs.is_added(index) and _has_copy(glyphs, index, known):
            copies.append(index)
    glyphs.leave_out(copies)


def _has_copy(glyphs: Glyphs, index: int, known: dict[tuple[str, int, int], list[int]]) -> bool:
    """Return whether a glyph lies on one of ``known``, and add it to them if not."""
    text, area = glyphs.texts[index], glyphs.area(index)
    column, row = int(area.left // _CELL), int(area.bottom // _CELL)
    for cell in ((text, x, y) for x in (column, column - 1, column + 1) for y in (row, row - 1, row + 1)):
        for other in known.get(cell, ()):
            if _is_near(glyphs.area(other), area) and glyphs.owner(other) != glyphs.owner(index):
                return True
    known.setdefault((text, column, row), []).append(index)
    return False


def _lie_together(handle: Handle, text: str, passage: str) -> bool:
    """Whether two of the first occurrences of a passage stand at the same place of the page."""
    shown = passage.strip()
    if not shown:
        return False
    places, place = list[int](), text.find(shown)
    while place >= 0 and len(places) < _PLACES:
        places.append(place)
        place = text.find(shown, place + 1)
    areas = [glyph_area(handle, find_index(handle, text, at)) for at in places]
    return any(_is_near(*pair) for pair in combinations(areas, 2))


def _is_near(first: Area, second: Area) -> bool:
    apart = _APART * min(first.top - first.bottom, second.top - second.bottom)
    return apart > 0 and abs(first.left - second.left) <= apart and abs(first.bottom - second.bottom) <= apart
