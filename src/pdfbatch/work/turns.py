"""Find whether a page stands on its head, by reading one strip of it both ways."""

from collections.abc import Callable
from itertools import accumulate
from typing import TYPE_CHECKING

from pdfbatch.ports import OcrEngine, Reading

if TYPE_CHECKING:
    from PIL.Image import Image

_STRIP_INCHES = 1.5
_MARGIN = 15.0
"""How much surer of its words a strip must be after half a turn. The right way round was surer by 16 to 63 on 19 scans."""


def is_upside_down(
    image: "Image", *, engine: OcrEngine, languages: str, dpi: int, remaining: Callable[[], float | None]
) -> bool:
    """Return whether the densest strip of a page is read with more confidence after half a turn.

    That is so for a page turned by 180 degrees, and for one turned by 90 degrees counterclockwise: engines read lines from top
    to bottom, as they stand on a page turned clockwise.
    """
    strip = densest_strip(image, round(_STRIP_INCHES * dpi))
    as_it_is = engine.read(strip, languages=languages, dpi=dpi, timeout=remaining())
    turned = engine.read(turn(strip, 180), languages=languages, dpi=dpi, timeout=remaining())
    enough_words = turned.words * 2 >= as_it_is.words
    return enough_words and _confidence(turned) > _confidence(as_it_is) + _MARGIN


def densest_strip(image: "Image", height: int) -> "Image":
    """Return the ``height`` rows of an image (mode ``L``) that have the most ink, a copy."""
    greys = image.reduce((image.width, 1)).tobytes()
    paper = sorted(greys)[len(greys) // 2]
    sums = [0, *accumulate(abs(grey - paper) for grey in greys)]
    last = max(image.height - height, 0)
    top = max(range(last + 1), key=lambda row: sums[min(row + height, image.height)] - sums[row])
    return image.crop((0, top, image.width, min(top + height, image.height)))


def turn(image: "Image", degrees: int) -> "Image":
    """Return an image that is turned clockwise by 90, 180 or 270 degrees."""
    from PIL.Image import Transpose  # noqa: PLC0415 (only pages with weak readings need it)

    counterclockwise = {90: Transpose.ROTATE_270, 180: Transpose.ROTATE_180, 270: Transpose.ROTATE_90}
    return image.transpose(counterclockwise[degrees])


def _confidence(reading: Reading) -> float:
    return reading.confidence or 0.0
