"""From the coordinates of a page's content to the page as it is shown."""

from typing import NamedTuple

from pdfbatch.engines.coverage import Area
from pdfbatch.ports import Box


class PageFrame(NamedTuple):
    """The visible part of a page, and how many quarter turns clockwise it is shown (/Rotate)."""

    area: Area
    turns: int = 0

    def box(self, area: Area) -> Box:
        """Return where an area of the content is shown."""
        left, bottom, right, top = self.area
        match self.turns % 4:
            case 0:
                return Box(area.left - left, top - area.top, area.right - left, top - area.bottom)
            case 1:
                return Box(area.bottom - bottom, area.left - left, area.top - bottom, area.right - left)
            case 2:
                return Box(right - area.right, area.bottom - bottom, right - area.left, area.top - bottom)
            case _:
                return Box(top - area.top, right - area.right, top - area.bottom, right - area.left)
