"""Grain in the image of a page: noise of a scanner, or of a copy of copies. OCR engines take it for marks, slowly."""

from typing import TYPE_CHECKING

from pdfbatch.work.print_marks import median_grey, quantile

if TYPE_CHECKING:
    from PIL.Image import Image

# In pixels at 200 dpi. Letters of 10 point have strokes of two to three pixels there, and grain is finer.
_RADIUS, _USUAL_DPI = 1.0, 200
# By so many grey levels half of the pixels of the paper differ from those around them: that is the grain. All pixels of a part
# would tell no grain from small print, whose edges are everywhere. Made pages of small print had 4 at most.
_HEAVY = 10
_PAPER_RADIUS, _PAPER_SHARE = 3.0, 0.25
_SIDE, _PLACES = 192, (0.25, 0.5, 0.75)
# Where three quarters of a part are of one grey, more or less, most of its paper cannot differ much from what is around it.
_EVEN, _EVEN_SHARE = 4, 0.75


def smooth_grain(image: "Image", dpi: int) -> "Image":
    """Return the image of a page (mode ``L``) smoothed if it has heavy grain, else as it is. Looks at nine small parts."""
    heavy = sum(_has_heavy_grain(image, across, down) for across in _PLACES for down in _PLACES)
    return smooth(image, dpi) if heavy * 2 > len(_PLACES) ** 2 else image


def smooth(image: "Image", dpi: int) -> "Image":
    """Return an image with its grain averaged out. Letters stay: they are larger."""
    from PIL import ImageFilter  # noqa: PLC0415 (most documents are never drawn)

    return image.filter(ImageFilter.GaussianBlur(_RADIUS * dpi / _USUAL_DPI))


def _has_heavy_grain(image: "Image", across: float, down: float) -> bool:
    from PIL import ImageChops, ImageFilter  # noqa: PLC0415 (as above)

    left, top = (
        max(round(size * share) - _SIDE // 2, 0) for size, share in zip(image.size, (across, down), strict=True)
    )
    part = image.crop((left, top, min(left + _SIDE, image.width), min(top + _SIDE, image.height)))
    if _is_even(part.histogram()):
        return False
    difference = ImageChops.difference(part, part.filter(ImageFilter.GaussianBlur(_RADIUS)))
    around = part.filter(ImageFilter.GaussianBlur(_PAPER_RADIUS))
    light, dark = (quantile(around.histogram(), share) for share in (1 - _PAPER_SHARE, _PAPER_SHARE))
    # Paper is lighter than print, or darker: grain is in both.
    masks = ([255 * (level >= light) for level in range(256)], [255 * (level <= dark) for level in range(256)])
    return all(quantile(difference.histogram(around.point(mask)), 0.5) >= _HEAVY for mask in masks)


def _is_even(counts: list[int]) -> bool:
    grey = median_grey(counts)
    return sum(counts[max(grey - _EVEN, 0) : grey + _EVEN + 1]) >= _EVEN_SHARE * sum(counts)
