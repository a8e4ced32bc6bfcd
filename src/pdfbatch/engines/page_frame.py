"""From the coordinates of a page's content to the page as it is shown."""

from collections.abc import Sequence
from typing import NamedTuple

from pdfbatch.engines.coverage import Area
from pdfbatch.ports import Box


class Boxes(NamedTuple):
    """Many rectangles, as one list of numbers for each side."""

    left: Sequence[float]
    top: Sequence[float]
    right: Sequence[float]
    bottom: Sequence[float]

    def part(self, first: int, end: int) -> "Boxes":
        """Return some of the rectangles."""
        return Boxes(*(side[first:end] for side in self))


class PageFrame(NamedTuple):
    """The visible part of a page, and how many quarter turns clockwise it is shown (/Rotate)."""

    area: Area
    turns: int = 0

    def shows(self, area: Area) -> bool:
        """Return whether any part of an area of the content can be seen."""
        low_x, low_y, high_x, high_y = self.area
        return area.left < high_x and area.right > low_x and area.bottom < high_y and area.top > low_y

    def box(self, area: Area) -> Box:
        """Return where an area of the content is shown."""
        left, bottom, right, top = ([side] for side in area)
        return Box(*(side[0] for side in self.boxes(Boxes(left, top, right, bottom))))

    def boxes(self, areas: Boxes) -> Boxes:
        """Return where areas of the content are shown."""
        low_x, low_y, high_x, high_y = self.area
        left, top, right, bottom = areas
        match self.turns % 4:
            case 0:
                return Boxes(_from(low_x, left), _to(high_y, top), _from(low_x, right), _to(high_y, bottom))
            case 1:
                return Boxes(_from(low_y, bottom), _from(low_x, left), _from(low_y, top), _from(low_x, right))
            case 2:
                return Boxes(_to(high_x, right), _from(low_y, bottom), _to(high_x, left), _from(low_y, top))
            case _:
                return Boxes(_to(high_y, top), _to(high_x, right), _to(high_y, bottom), _to(high_x, left))


def _from(edge: float, numbers: Sequence[float]) -> list[float]:
    return [number - edge for number in numbers]


def _to(edge: float, numbers: Sequence[float]) -> list[float]:
    return [edge - number for number in numbers]
