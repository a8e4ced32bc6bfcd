"""Lines that dirt in a scanner or fax machine draws down a whole page, through the writing: found and taken out.

Sheets are drawn past one row of sensors, and a speck on a sensor leaves a thin line, exactly vertical and as long as the
picture. Tesseract takes it for the rule between two columns and reads the halves of all lines one after the other, with
high confidence. Measured on three faxes (four pages) with two such lines each, tesseract 5.3: character error rates of 0.002,
0.526 and 0.398 as they came, 0.000, 0.000 and 0.003 without the lines. No other of 313 scanned pages of that set has a line
that counts as a streak.
"""

from collections.abc import Iterable, Iterator
from itertools import count, groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

_REACH = 5
"""Columns to either side that must be brighter: at 300 dpi a streak of one dot at 100 dpi or more is narrower."""
_CONTRAST = 96
"""How much brighter (of 255): a line of one dot at 204 dpi, drawn at 300, differs from its paper by 160 and more."""
_EDGE = 0.02
"""The share of the height, at the top and at the bottom, where a rule of a form has ended and a streak has not."""
_TOUCHED = (0.01, 0.5)
"""The share of the height at which there is something dark right beside it. A rule keeps its distance from the writing, or,
when it is one of a pair, has the other beside it all the way. The streaks above were touched at 0.03 to 0.15."""
_BESIDE = 3
_DARK = 128


def mended(image: "Image") -> "Image":
    """The picture (mode ``L``) without its streaks; the very same picture when it has none."""
    found = streaks(image)
    if not found:
        return image
    copy = image.copy()
    for left, right in found:
        _bridge(copy, left - 1, right + 1)
    return copy


def streaks(image: "Image") -> list[tuple[int, int]]:
    """The first column of each streak and the one after its last. Costs a millisecond on a page of A4 that has none."""
    height = image.height
    edge = max(round(height * _EDGE), 1)
    dark = _dark_columns(image, 0, edge)
    for top, bottom in ((height - edge, height), (0, height)):
        if dark:
            dark &= _dark_columns(image, top, bottom)
    return [(left, right) for left, right in _runs(dark) if _cuts_writing(image, left, right)]


def _dark_columns(image: "Image", top: int, bottom: int) -> set[int]:
    """The columns that are darker, between two rows, than those at some distance to either side."""
    greys = image.crop((0, top, image.width, bottom)).reduce((1, bottom - top)).tobytes()
    nearby = zip(count(_REACH), greys, greys[_REACH:], greys[2 * _REACH :], strict=False)
    return {column for column, left, grey, right in nearby if grey + _CONTRAST <= min(left, right)}


def _runs(columns: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Numbers that follow each other, as ranges."""
    for _, group in groupby(enumerate(sorted(columns)), key=lambda pair: pair[1] - pair[0]):
        run = [column for _, column in group]
        yield run[0], run[-1] + 1


def _cuts_writing(image: "Image", left: int, right: int) -> bool:
    from PIL import ImageChops  # noqa: PLC0415 (most pictures have no such line)

    beside = (_column(image, left - _BESIDE), _column(image, right + _BESIDE - 1))
    touched = sum(ImageChops.darker(*beside).histogram()[:_DARK]) / image.height
    least, most = _TOUCHED
    return least <= touched <= most


def _bridge(image: "Image", left: int, right: int) -> None:
    """Fill the columns with a transition between their neighbours: a stroke that goes across stays, paper becomes paper."""
    from PIL import Image  # noqa: PLC0415 (as above)

    sides = Image.new("L", (2, image.height))
    sides.paste(_column(image, left - 1), (0, 0))
    sides.paste(_column(image, right), (1, 0))
    image.paste(sides.resize((right - left, image.height), Image.Resampling.BILINEAR), (left, 0))


def _column(image: "Image", number: int) -> "Image":
    return image.crop((number, 0, number + 1, image.height))
