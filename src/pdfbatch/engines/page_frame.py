"""From the coordinates of a page's content to the page as it is shown."""

from collections.abc import Iterable
from typing import NamedTuple

from pdfbatch.engines.coverage import Area
from pdfbatch.ports import Box


class PageFrame(NamedTuple):
    """The visible part of a page, and how many quarter turns clockwise it is shown (/Rotate)."""

    area: Area
    turns: int = 0

    def box(self, area: Area) -> Box:
        """Return where an area of the content is shown."""
        return self.boxes((area,))[0]

    def boxes(self, areas: Iterable[Area]) -> list[Box]:
        """Return where areas of the content are shown."""
        left, bottom, right, top = self.area
        match self.turns % 4:
            case 0:
                return [Box(a.left - left, top - a.top, a.right - left, top - a.bottom) for a in areas]
            case 1:
                return [Box(a.bottom - bottom, a.left - left, a.top - bottom, a.right - left) for a in areas]
            case 2:
                return [Box(right - a.right, a.bottom - bottom, right - a.left, a.top - bottom) for a in areas]
            case _:
                return [Box(top - a.top, right - a.right, top - a.bottom, right - a.left) for a in areas]
