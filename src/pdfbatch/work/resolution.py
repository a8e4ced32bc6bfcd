"""The resolution at which to draw a page for OCR. No I/O."""

from typing import TYPE_CHECKING

from pdfbatch.errors import Cause, DocumentError
from pdfbatch.ports import pixels_per_side

if TYPE_CHECKING:
    from pdfbatch.ports import PageFacts
    from pdfbatch.settings import Extraction

# A page that is too large for the limit on pixels is drawn at a lower resolution, but not below this, where OCR fails.
_LOWEST_DPI = 150
# An image inside a page may have more pixels than the drawn page. To decode it takes memory, so there is a limit too.
_IMAGE_PIXELS_FACTOR = 4


def dpi_for(facts: "PageFacts", extraction: "Extraction") -> int:
    """Return the resolution at which to draw a page for OCR.

    It is the resolution of a scan, between ``min_dpi`` and ``dpi``, because more pixels than the scan has cost time and show
    nothing new. It is ``dpi`` for a page that no image fills.
    """
    if facts.image_dpi <= 0 or facts.image_coverage < extraction.rules.image_coverage:
        return extraction.dpi
    return min(max(round(facts.image_dpi), extraction.min_dpi), extraction.dpi)


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


def pixels(facts: "PageFacts", dpi: float) -> int:
    """Return the number of pixels of a page that is drawn at ``dpi``."""
    return pixels_per_side(facts.width, dpi) * pixels_per_side(facts.height, dpi)


def _image_pixels(facts: "PageFacts") -> float:
    """Return the number of pixels of the largest image, assuming that it covers its share of the page alone."""
    return facts.image_coverage * (facts.width * facts.image_dpi / 72) * (facts.height * facts.image_dpi / 72)
