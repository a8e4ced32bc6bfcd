"""Put what lies on a page beside its text layer (values of form fields, notes) among the lines of that text."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from pdfbatch.ports import Box

# Two boxes are on one line when that much of the lower one is at the height of the other.
_SAME_LINE = 0.5
# A label further to the left than this, in points, gives way to a line that lies directly above.
_FAR_LEFT = 150.0
_DIRECTLY_ABOVE = 20.0
# A letter that reaches so far into a box, in points, still stands before it.
_EDGE = 2.0
# From here on scripts have no spaces between words, and a word may be one character.
_WITHOUT_SPACES = "\u2e80"


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """A line of a text layer: its characters ``start`` to ``end``, their horizontal centres, and where it lies, as shown."""

    start: int
    end: int
    box: Box
    centers: Sequence[float] = field(repr=False)


class Block(NamedTuple):
    """A text to be placed, and the rectangle in which the page shows it; ``own_line`` for a note, which completes no line."""

    text: str
    box: Box
    own_line: bool = False


class _Place(NamedTuple):
    """Before which character a block goes, and whether it becomes a line of its own there."""

    at: int
    own_line: bool


def place_blocks(text: str, lines: Sequence[PlacedLine], blocks: Iterable[Block]) -> str:
    """Return a text layer with blocks in reading position.

    A block goes into the line at its height, behind the words that stand or begin to its left. Where no line is at its height,
    it becomes a line of its own below the nearest line above it. A block whose text the layer has at that very place is left
    out.
    """
    new = (block for block in blocks if block.text and not _is_there(block, text, lines))
    rows = _rows(list(new))
    places = [
        (_behind_word(_place(block, lines, len(text)), text), number, block)
        for number, row in enumerate(rows)
        for block in row
    ]
    places.sort(key=lambda entry: entry[0])  # stable: what shares a place stays in reading order
    parts, done = list[str](), 0
    for place, group in groupby(places, key=lambda entry: entry[0]):
        parts.append(text[done : place.at])
        parts.append(_part_by_space(_join_rows(group), place, text))
        done = place.at
    return "".join((*parts, text[done:]))


def is_on_line(first: Box, second: Box) -> bool:
    """Whether two boxes are at the same height."""
    common = min(first.bottom, second.bottom) - max(first.top, second.top)
    lower = min(first.bottom - first.top, second.bottom - second.top)
    return common > 0 and common >= _SAME_LINE * lower


def _is_there(block: Block, text: str, lines: Sequence[PlacedLine]) -> bool:
    left, top, right, bottom = block.box
    inside = list[str]()
    for line in lines:
        if line.box.top < bottom and line.box.bottom > top and is_on_line(line.box, block.box):
            inside += (text[line.start + at] for at, center in enumerate(line.centers) if left <= center <= right)
    return "".join(block.text.split()) in "".join("".join(inside).split())


def _rows(blocks: list[Block]) -> list[list[Block]]:
    rows = list[list[Block]]()
    for block in sorted(blocks, key=lambda block: (block.box.top, block.box.left)):
        if rows and is_on_line(rows[-1][0].box, block.box):
            rows[-1].append(block)
        else:
            rows.append([block])
    return [sorted(row, key=lambda block: block.box.left) for row in rows]


def _place(block: Block, lines: Sequence[PlacedLine], length: int) -> _Place:
    box = block.box
    level = [line for line in lines if line.box.top < box.bottom and line.box.bottom > box.top]
    level = [line for line in level if is_on_line(line.box, box)]
    if block.own_line and level:
        return _Place(max(line.end for line in level), own_line=True)
    gaps = [(gap, line.box.top, line) for line in level if (gap := _gap_to_the_left(line, box)) is not None]
    above = _line_above(box, lines)
    if gaps:
        gap, _, line = min(gaps, key=lambda entry: entry[:2])
        if gap <= _FAR_LEFT or above is None or not _is_directly_below(box, above.box):
            return _Place(line.start + _count_left_of(line, box), own_line=False)
    elif level:
        nearest = min(level, key=lambda line: line.box.left)
        return _Place(nearest.start, own_line=False)
    if above is not None:
        return _Place(above.end, own_line=True)
    return _Place(min((line.start for line in lines), default=length), own_line=True)


def _behind_word(place: _Place, text: str) -> _Place:
    """Return a place that is not within a word: a stamp over print parts no word."""
    at = place.at
    while 0 < at < len(text) and all(letter.isalnum() and letter < _WITHOUT_SPACES for letter in text[at - 1 : at + 1]):
        at += 1
    return place._replace(at=at)


def _count_left_of(line: PlacedLine, box: Box) -> int:
    """Return how many characters of a line stand before a box; centres need not be in order everywhere."""
    before = [at for at, center in enumerate(line.centers) if center < box.left + _EDGE]
    return before[-1] + 1 if before else 0


def _gap_to_the_left(line: PlacedLine, box: Box) -> float | None:
    count = _count_left_of(line, box)
    return max(box.left - line.centers[count - 1], 0.0) if count else None


def _line_above(box: Box, lines: Sequence[PlacedLine]) -> PlacedLine | None:
    middle = (box.top + box.bottom) / 2
    above = [line for line in lines if line.box.bottom <= middle + 1]

    def distance(line: PlacedLine) -> tuple[bool, float]:
        apart = line.box.right < box.left or line.box.left > box.right
        return apart, box.top - line.box.bottom

    return min(above, key=distance, default=None)


def _is_directly_below(box: Box, above: Box) -> bool:
    return above.left <= box.right and above.right >= box.left and box.top - above.bottom <= _DIRECTLY_ABOVE


def _join_rows(group: "Iterable[tuple[_Place, int, Block]]") -> str:
    rows = groupby(group, key=lambda entry: entry[1])
    return "\n".join(" ".join(block.text for _, _, block in row) for _, row in rows)


def _part_by_space(inserted: str, place: _Place, text: str) -> str:
    """Return an insertion with the white space that parts it from what stands before and after it."""
    gap = "\n" if place.own_line else " "
    before, after = text[place.at - 1 : place.at] if place.at else "", text[place.at : place.at + 1]
    end = "\n" if place.own_line or "\n" in inserted else " "
    head = "" if not before or before == "\n" or (before.isspace() and not place.own_line) else gap
    tail = "" if not after or after == "\n" or (after.isspace() and end == " ") else end
    return f"{head}{inserted}{tail}"
