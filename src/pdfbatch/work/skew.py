"""Find by how many degrees the lines of a page are skewed, and straighten it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

LEAST_SKEW = 3.0
"""Degrees up to which the OCR engines straighten lines themselves."""
_MOST_SKEW = 15.0
_SIDE = 480
"""Pixels of the longer side on which angles are tried: lines of print are some pixels apart."""
_STEP, _BANDS = 3.0, 4
"""Over a quarter of its width a line rises so little that steps of three degrees find it, among some other angles."""
_NEARLY_BEST = 0.85
_FINE_STEP, _FINEST_STEP = 0.5, 0.25
_CLEARER = 1.2
"""How much clearer lines must be after straightening than before."""
_LEAST_CONTRAST = 24


def straighten(image: "Image") -> "Image":
    """Return an image (mode ``L``) turned so that its lines are level, the same object when they are nearly so.

    Paper of the background's grey fills the corners.
    """
    angle = find_skew(image)
    if abs(angle) <= LEAST_SKEW:
        return image
    from PIL.Image import Resampling  # noqa: PLC0415 (loaded when used: most documents need no OCR)

    return image.rotate(angle, Resampling.BICUBIC, expand=True, fillcolor=_paper(image))


def find_skew(image: "Image") -> float:
    """Return by how many degrees counterclockwise the page must be turned to make its lines level, 0 when they are nearly so.

    Where the lines of a page are level, rows of print and rows of paper alternate most sharply. Lines of a page on its side
    are columns, for which the same holds.
    """
    ink = show_ink(image)
    coarse = {angle: _clarity(ink, angle, _BANDS) for angle in _around(0.0, _STEP, round(_MOST_SKEW / _STEP) + 1)}
    likely = [angle for angle, clarity in coarse.items() if clarity >= _NEARLY_BEST * max(coarse.values())]
    if likely == [0.0]:
        return 0.0
    fine = {angle for middle in likely for angle in _around(middle, _FINE_STEP, round(_STEP / 2 / _FINE_STEP))}
    best, _ = _best(ink, fine, 1)
    best, clarity = _best(ink, _around(best, _FINEST_STEP, 1), 1)
    return best if clarity > _CLEARER * _clarity(ink, 0.0, 1) else 0.0


def is_sideways(image: "Image") -> bool:
    """Return whether the lines of a page seem to run from top to bottom."""
    ink = show_ink(image)
    # Not squared, so that the edge of a column counts little beside many lines.
    return _alternation(ink, 1, 0, power=1) > _alternation(ink, 1, 1, power=1)


def _around(middle: float, step: float, number: int) -> Iterable[float]:
    return (middle + step * place for place in range(-number, number + 1))


def _best(ink: "Image", angles: Iterable[float], bands: int) -> tuple[float, float]:
    """Return the angle at which the lines are clearest, and how clear they are."""
    return max(((angle, _clarity(ink, angle, bands)) for angle in angles), key=lambda pair: pair[1])


def _clarity(ink: "Image", angle: float, bands: int) -> float:
    turned = ink.rotate(angle) if angle else ink
    return max(_alternation(turned, bands, 1), _alternation(turned, bands, 0))


def _alternation(ink: "Image", bands: int, axis: int, power: int = 2) -> float:
    """Return how much neighbouring rows (axis 1) or columns (axis 0) differ in ink, within bands."""
    from PIL import ImageChops  # noqa: PLC0415 (loaded when used: most documents need no OCR)

    width = max(ink.size[1 - axis] // bands, 1)
    profile = ink.reduce((width, 1) if axis else (1, width))
    right, bottom = profile.size
    one = profile.crop((0, 0, right, bottom - 1) if axis else (0, 0, right - 1, bottom))
    other = profile.crop((0, 1, right, bottom) if axis else (1, 0, right, bottom))
    counts = ImageChops.difference(one, other).histogram()
    return sum(count * float(level) ** power for level, count in enumerate(counts)) / bands


def show_ink(image: "Image", side: int = _SIDE) -> "Image":
    """Return a small image, about ``side`` pixels long, that shows by how much the page differs from its paper."""
    small = image.reduce(max(max(image.size) // side, 1))
    paper = _paper(small)
    differences = (abs(level - paper) for level in range(256))
    return small.point([min(2 * one, 255) if one >= _LEAST_CONTRAST else 0 for one in differences])


def _paper(image: "Image") -> int:
    half, grey = image.width * image.height / 2, 0
    counts = image.histogram()
    while (half := half - counts[grey]) > 0:
        grey += 1
    return grey
