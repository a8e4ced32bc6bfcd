"""A page that is drawn for OCR, as finely as its print needs. One image of it is in memory at a time."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pdfbatch.ports import OpenPage, PageFacts
from pdfbatch.settings import Extraction
from pdfbatch.work.grain import smooth_grain
from pdfbatch.work.print_size import has_small_print
from pdfbatch.work.resolution import USUAL_DPI, dpi_for, dpi_for_small_print, dpi_within, is_within

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(slots=True)
class DrawnPage:
    """A page, drawn when its image is first asked for.

    Raises ``DocumentError`` (``limit_pixels``) when it is made for a page that is too large to be drawn.
    """

    page: OpenPage
    facts: PageFacts
    extraction: Extraction
    max_pixels: int | None
    dpi: int = 0
    _image: "Image | None" = None

    def __post_init__(self) -> None:
        self.dpi = dpi_within(self.max_pixels, self.facts, self.extraction)

    @property
    def image(self) -> "Image":
        """The page as it was drawn last, in grey (mode ``L``), with heavy grain averaged out."""
        if self._image is None:
            self._image = smooth_grain(self.page.image(self.dpi), self.dpi)
        return self._image

    @property
    def print_dpi(self) -> int:
        """The resolution of the print: ``dpi``, but that of a sheet where the size of the page is not believed."""
        if self.extraction.dpi is not None:
            return self.dpi
        return max(round(self.dpi * USUAL_DPI / dpi_for(self.facts, self.extraction)), 1)

    def sharpen(self) -> None:
        """Draw the page again at twice the resolution if its print is small, and nothing is against it."""
        finer = dpi_for_small_print(self.dpi, self.max_pixels, self.facts, self.extraction)
        if finer != self.dpi and has_small_print(self.image):
            self._draw(finer)

    def redraw(self, dpi: int) -> bool:
        """Draw the page at another resolution. Return false when it would be too large, or the caller chose one."""
        if self.extraction.dpi is not None or not is_within(self.max_pixels, self.facts, dpi):
            return False
        self._draw(dpi)
        return True

    def _draw(self, dpi: int) -> None:
        self._image, self.dpi = None, dpi
        self._image = smooth_grain(self.page.image(dpi), dpi)
