"""Find and remove scanner streaks: thin vertical lines down a whole page, which dirt in a scanner or fax machine draws.

A sheet passes a row of sensors, and dirt on a sensor leaves a line that is exactly vertical and as long as the image. Tesseract
takes it for the rule between two columns and reads the halves of all lines one after the other, with a high confidence.
"""

from collections.abc import Iterable, Iterator
from itertools import count, groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

_REACH = 5
"""Distance, in columns, at which both sides must be brighter. At 300 dpi it is wider than one dot of 100 dpi or more."""
_CONTRAST = 96
"""How much brighter they must be, of 255. One dot of a fax (204 dpi), drawn at 300 dpi, differs by 160 and more."""
_EDGE = 0.02
"""Share of the height, at the top and at the bottom, that the rules of forms do not reach but streaks do."""
_TOUCHED = (0.01, 0.5)
"""Least and greatest share of the height at which something dark is right beside a streak, because it cuts through print. A
rule has nothing beside it or, when it is one of a pair, something all the way. 0.03 to 0.15 was found on faxes with streaks."""
_BESIDE = 3
_DARK = 128


def remove_streaks(image: "Image") -> "Image":
    """Return an image (mode ``L``) without its streaks, the same object when it has none."""
    found = find_streaks(image)
    if not found:
        return image
    copy = image.copy()
    for left, right in found:
        _interpolate(copy, left - 1, right + 1)
    return copy


def find_streaks(image: "Image") -> list[tuple[int, int]]:
    """Return the first column of each streak and the one after its last."""
    height = image.height
    edge = max(round(height * _EDGE), 1)
    dark = _dark_columns(image, 0, edge)
    for top, bottom in ((height - edge, height), (0, height)):
        if dark:
            dark &= _dark_columns(image, top, bottom)
    return [(left, right) for left, right in _runs(dark) if _cuts_writing(image, left, right)]


def _dark_columns(image: "Image", top: int, bottom: int) -> set[int]:
    """Return the columns that are darker, between two rows, than those at ``_REACH`` to either side."""
    greys = image.crop((0, top, image.width, bottom)).reduce((1, bottom - top)).tobytes()
    nearby = zip(count(_REACH), greys, greys[_REACH:], greys[2 * _REACH :], strict=False)
    return {column for column, left, grey, right in nearby if grey + _CONTRAST <= min(left, right)}


def _runs(columns: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield consecutive numbers as ranges (first, last + 1)."""
    for _, group in groupby(enumerate(sorted(columns)), key=lambda pair: pair[1] - pair[0]):
        run = [column for _, column in group]
        yield run[0], run[-1] + 1


def _cuts_writing(image: "Image", left: int, right: int) -> bool:
    from PIL import ImageChops  # noqa: PLC0415 (most images have no such line)

    beside = (_column(image, left - _BESIDE), _column(image, right + _BESIDE - 1))
    touched = sum(ImageChops.darker(*beside).histogram()[:_DARK]) / image.height
    least, most = _TOUCHED
    return least <= touched <= most


def _interpolate(image: "Image", left: int, right: int) -> None:
    """Fill columns with a transition between their neighbours, which keeps strokes that cross the streak."""
    from PIL import Image  # noqa: PLC0415 (as above)

    sides = Image.new("L", (2, image.height))
    sides.paste(_column(image, left - 1), (0, 0))
    sides.paste(_column(image, right), (1, 0))
    image.paste(sides.resize((right - left, image.height), Image.Resampling.BILINEAR), (left, 0))


def _column(image: "Image", number: int) -> "Image":
    return image.crop((number, 0, number + 1, image.height))
