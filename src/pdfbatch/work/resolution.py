"""The resolution at which to draw a page for OCR. No I/O."""

from typing import TYPE_CHECKING

from pdfbatch.errors import Cause, DocumentError
from pdfbatch.ports import pixels_per_side

if TYPE_CHECKING:
    from pdfbatch.ports import PageFacts
    from pdfbatch.settings import Extraction

USUAL_DPI = 200
"""Enough for print of 5.5 points and more. More pixels cost time and make no page better on the average."""

# No scanner has smoothed the edges of print that is drawn: letters that are curves need more pixels to be told apart.
_DRAWN_DPI = 300
# A page that is too large for the limit on pixels is drawn at a lower resolution, but not below this, where OCR fails.
_LOWEST_DPI = 150
# An image inside a page may have more pixels than the drawn page. To decode it takes memory, so there is a limit too.
_IMAGE_PIXELS_FACTOR = 4
_SMALL_PRINT_FACTOR = 2

# The size of a page is not believed when one image is the page, and it would be finer than scanners are, or larger than sheets.
_WHOLE_PAGE = 0.8
_FINEST_SCAN, _COARSEST_SCAN = 700, 100
_LARGEST_SHEET = 14.5
_USUAL_SHEET = 11


def dpi_for(facts: "PageFacts", extraction: "Extraction") -> int:
    """Return the resolution at which to draw a page for OCR, if its print is not small.

    It is ``extraction.dpi`` where that is set, else ``USUAL_DPI``, and 300 for a page without images, or as much more as
    ``extraction.min_dpi`` asks for. But the size of a page says nothing when a single image is the page, and it would have been
    scanned with more than 700 dpi, or with less than 100 from a sheet longer than 14.5 inches: programs that make PDFs of faxes
    and photographs invent such sizes. Such an image is
    drawn as if it were a sheet of 11 inches.
    """
    if extraction.dpi is not None:
        return extraction.dpi
    least = extraction.min_dpi or 0
    usual = max(USUAL_DPI, least)
    if not facts.images:
        return max(_DRAWN_DPI, least)
    if facts.image_coverage < _WHOLE_PAGE or facts.image_dpi <= 0:
        return usual
    inches = max(facts.width, facts.height) / 72
    as_sheet = usual * _USUAL_SHEET / max(inches, 0.01)
    if facts.image_dpi > _FINEST_SCAN:
        return max(round(min(as_sheet, facts.image_dpi)), usual)
    if facts.image_dpi < _COARSEST_SCAN and inches > _LARGEST_SHEET:
        return max(round(as_sheet), 1)
    return usual


def dpi_within(max_pixels: int | None, facts: "PageFacts", extraction: "Extraction") -> int:
    """Return the resolution of ``dpi_for``, or a lower one that keeps the drawn page within ``max_pixels``.

    Raises ``DocumentError`` (``limit_pixels``) when OCR could not read the page at that resolution, or when the image inside
    the page is too large.
    """
    wanted = dpi_for(facts, extraction)
    if max_pixels is None:
        return wanted
    dpi = min(wanted, int(wanted * (max_pixels / pixels(facts, wanted)) ** 0.5))
    if dpi < min(wanted, _LOWEST_DPI) or _image_pixels(facts) > max_pixels * _IMAGE_PIXELS_FACTOR:
        size = f"{facts.width / 72:.0f} x {facts.height / 72:.0f} inches"
        message = f"too large to be drawn ({size}; limit {max_pixels:,} pixels)"
        raise DocumentError(message, cause=Cause.LIMIT_PIXELS)
    return dpi


def dpi_for_small_print(dpi: int, max_pixels: int | None, facts: "PageFacts", extraction: "Extraction") -> int:
    """Return the resolution for a page with small print that was drawn at ``dpi``: twice that, if nothing is against it.

    Against it are a resolution that the caller chose, and the limit on pixels.
    """
    finer = dpi * _SMALL_PRINT_FACTOR
    return finer if extraction.dpi is None and is_within(max_pixels, facts, finer) else dpi


def is_within(max_pixels: int | None, facts: "PageFacts", dpi: float) -> bool:
    """Return whether a page that is drawn at ``dpi`` keeps to the limit on pixels."""
    return max_pixels is None or pixels(facts, dpi) <= max_pixels


def pixels(facts: "PageFacts", dpi: float) -> int:
    """Return the number of pixels of a page that is drawn at ``dpi``."""
    return pixels_per_side(facts.width, dpi) * pixels_per_side(facts.height, dpi)


def _image_pixels(facts: "PageFacts") -> float:
    """Return the number of pixels of the largest image, assuming that it covers its share of the page alone."""
    return facts.image_coverage * (facts.width * facts.image_dpi / 72) * (facts.height * facts.image_dpi / 72)
