"""Put lines that were found anywhere on a page into the order in which they are read.

The page is levelled by the slope of its lines, then cut (XY-cut): into columns where a white gap runs through between long
lines, across where one of the halves has columns of its own, and into rows where there is nothing to cut, as in tables and
receipts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import atan2, cos, hypot, pi, sin
from statistics import median

Point = tuple[float, float]
Corners = tuple[Point, Point, Point, Point]

_FEWEST = 6
"""So few lines are not cut."""
_COLUMN_LINES = 4
"""A column has so many lines at least, and they are as long as so many are high:"""
_COLUMN_LENGTH = 8
_COLUMN_GAP, _ROW_GAP = 0.8, 0.35
"""Least white gap between columns, and between the parts above and below, in heights of a line."""
_WIDE = 0.6
"""Share of the width from which a line reaches over columns."""
_DEEPEST = 6
_WIDEST_CUTS = 8


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text and its box on the levelled page."""

    text: str = field(repr=False)
    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        """Height of the box."""
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        """Vertical middle of the box."""
        return (self.top + self.bottom) / 2


def order(lines: Iterable[tuple[str, Corners]]) -> list[list[str]]:
    """Return the texts in rows, top to bottom, left to right.

    Corners run clockwise from the start of the line's top.
    """
    found = list(lines)
    if not found:
        return []
    angle = _slope([corners for _, corners in found])
    level = [_level(text, corners, angle) for text, corners in found]
    return [[line.text for line in row] for row in _cut(level, median(line.height for line in level), 0)]


def _slope(boxes: Sequence[Corners]) -> float:
    """Return the slope of the long lines, in radians."""
    tops = [(start, end) for start, end, _, _ in boxes]
    lengths = [hypot(end[0] - start[0], end[1] - start[1]) for start, end in tops]
    usual = median(lengths)
    slopes = [
        atan2(end[1] - start[1], end[0] - start[0])
        for (start, end), length in zip(tops, lengths, strict=True)
        if length >= usual
    ]
    # The other way round is 180 degrees as well as -180, whose middle is neither.
    return slopes[0] + median((slope - slopes[0] + pi) % (2 * pi) - pi for slope in slopes)


def _level(text: str, corners: Corners, angle: float) -> Line:
    turned = [(x * cos(angle) + y * sin(angle), y * cos(angle) - x * sin(angle)) for x, y in corners]
    across, down = [x for x, _ in turned], [y for _, y in turned]
    return Line(text, min(across), min(down), max(across), max(down))


def _cut(lines: Sequence[Line], height: float, depth: int) -> list[list[Line]]:
    if len(lines) < _FEWEST or depth > _DEEPEST:
        return _rows(lines)
    parts = _columns(lines, height) or _stripes(lines, height)
    if parts is None:
        return _rows(lines)
    first, second = parts
    return [*_cut(first, height, depth + 1), *_cut(second, height, depth + 1)]


def _columns(lines: Sequence[Line], height: float) -> tuple[list[Line], list[Line]] | None:
    """Return the lines on both sides of the widest gap between columns, ``None`` where there is none."""
    for place in _gaps([(line.left, line.right) for line in lines], _COLUMN_GAP * height):
        left = [line for line in lines if line.right <= place]
        right = [line for line in lines if line.left >= place]
        if _is_column(left, height) and _is_column(right, height):
            return left, right
    return None


def _stripes(lines: Sequence[Line], height: float) -> tuple[list[Line], list[Line]] | None:
    """Return the lines above and below a gap, if columns appear by that; ``None`` otherwise.

    They appear when the line next to the gap is as wide as the page, such as a heading, and the others have columns.
    """
    widest = _WIDE * (max(line.right for line in lines) - min(line.left for line in lines))
    for place in _gaps([(line.top, line.bottom) for line in lines], _ROW_GAP * height)[:_WIDEST_CUTS]:
        above = [line for line in lines if line.bottom <= place]
        below = [line for line in lines if line.top >= place]
        if _columns(above, height) or _columns(below, height):
            return above, below
        beside = max(above, key=lambda line: line.bottom), min(below, key=lambda line: line.top)
        is_beside_wide = any(line.right - line.left >= widest for line in beside)
        if is_beside_wide and any(_columns(_narrower(part, widest), height) for part in (above, below)):
            return above, below
    return None


def _narrower(lines: Iterable[Line], width: float) -> list[Line]:
    return [line for line in lines if line.right - line.left < width]


def _is_column(lines: Sequence[Line], height: float) -> bool:
    return len(lines) >= _COLUMN_LINES and median(line.right - line.left for line in lines) > _COLUMN_LENGTH * height


def _gaps(spans: Iterable[tuple[float, float]], least: float) -> list[float]:
    """Return the middles of the gaps that no span touches, the widest first."""
    found: list[tuple[float, float]] = []
    reached: float | None = None
    for start, end in sorted(spans):
        if reached is not None and start - reached > least:
            found.append((start - reached, (start + reached) / 2))
        reached = end if reached is None else max(reached, end)
    return [middle for _, middle in sorted(found, reverse=True)]


def _rows(lines: Iterable[Line]) -> list[list[Line]]:
    """Return lines that are at the same height together, left to right."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.middle):
        for row in rows[-3:]:
            if abs(row[0].middle - line.middle) < 0.5 * min(row[0].height, line.height):
                row.append(line)
                break
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.left) for row in rows]
