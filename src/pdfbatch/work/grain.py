"""Grain in the image of a page: noise of a scanner, or of a copy of copies. OCR engines take it for marks, slowly."""

from typing import TYPE_CHECKING

from pdfbatch.work.print_marks import quantile

if TYPE_CHECKING:
    from PIL.Image import Image

# In pixels at 200 dpi. Letters of 10 point have strokes of two to three pixels there, and grain is finer.
_RADIUS, _USUAL_DPI = 1.0, 200
# By so many grey levels half of the pixels differ from those around them. Of 73 scans the grainiest had 2; with 16 a page was
# not read, with 14 it was.
_HEAVY = 10
_SIDE, _PLACES = 192, (0.25, 0.5, 0.75)


def smooth_grain(image: "Image", dpi: int) -> "Image":
    """Return the image of a page (mode ``L``) smoothed if it has heavy grain, else as it is. Looks at nine small parts."""
    levels = sorted(_grain(image, across, down) for across in _PLACES for down in _PLACES)
    return smooth(image, dpi) if levels[len(levels) // 2] >= _HEAVY else image


def smooth(image: "Image", dpi: int) -> "Image":
    """Return an image with its grain averaged out. Letters stay: they are larger."""
    from PIL import ImageFilter  # noqa: PLC0415 (most documents are never drawn)

    return image.filter(ImageFilter.GaussianBlur(_RADIUS * dpi / _USUAL_DPI))


def _grain(image: "Image", across: float, down: float) -> int:
    from PIL import ImageChops, ImageFilter  # noqa: PLC0415 (as above)

    left, top = (
        max(round(size * share) - _SIDE // 2, 0) for size, share in zip(image.size, (across, down), strict=True)
    )
    part = image.crop((left, top, min(left + _SIDE, image.width), min(top + _SIDE, image.height)))
    if not part.width or not part.height:
        return 0
    nearby = part.filter(ImageFilter.GaussianBlur(_RADIUS))
    return quantile(ImageChops.difference(part, nearby).histogram(), 0.5)
