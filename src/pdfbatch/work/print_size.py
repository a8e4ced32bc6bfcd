"""Tell small print from ordinary print by the height of its words on a drawn page."""

from typing import TYPE_CHECKING

from pdfbatch.work.skew import is_sideways

if TYPE_CHECKING:
    from PIL.Image import Image

SMALL_RUN = 9
"""Print is small when most of its words are so many pixels high or lower. At 200 dpi words of 4.5 points have a median of 9, of
5.5 points one of 10 to 11, of 10 points one of 16, in all fonts that were tried."""

_SPECK = 4
"""What is so low or lower is dust, grain or a rule."""
_CELL = 4
"""Columns that are taken together: the gaps between letters vanish, and everything costs a quarter."""
_SMEAR = 4
"""Cells by which a word reaches to the right, so that the hollows of its letters vanish, too."""
_RULE_CELLS = 16
"""So many solid cells beside each other are a rule, an edge or a picture."""
_SOLID, _MARKED, _LEAST_CONTRAST = 0.7, 0.2, 16
_LEAST_RUNS = 150
"""With fewer runs than some five words have, nothing is known."""
_DARK_SHARE = 0.002


def has_small_print(image: "Image") -> bool:
    """Return whether most words of an image (mode ``L``) are at most ``SMALL_RUN`` pixels high.

    That is: most dark vertical runs, after its letters have been smeared into words. Runs of ``_SPECK`` pixels or fewer do not
    count. A page on its side is looked at the other way round.
    """
    if not _is_small(image):
        return False
    from PIL.Image import Transpose  # noqa: PLC0415 (few pages come so far)

    return not is_sideways(image) or _is_small(image.transpose(Transpose.ROTATE_90))


def _is_small(image: "Image") -> bool:
    words = _smear_words(image)
    runs = _count_runs(_erode(words, _SPECK + 1, (0, 1)))
    return runs >= _LEAST_RUNS and _count_runs(_erode(words, SMALL_RUN + 1, (0, 1))) * 2 < runs


def _smear_words(image: "Image") -> "Image":
    """Return the middle half of an image, 255 where there are words, in cells."""
    from PIL import ImageChops  # noqa: PLC0415 (loaded when used: most documents need no OCR)

    middle = image.crop((image.width // 4, 0, image.width - image.width // 4, image.height))
    cells = middle.reduce((_CELL, 1))
    paper, ink = _grey_at(cells, 0.5), _grey_at(cells, _DARK_SHARE)
    if paper < 128:
        cells = ImageChops.invert(cells)
        paper, ink = _grey_at(cells, 0.5), _grey_at(cells, _DARK_SHARE)
    solid = _darker_than(cells, paper - _SOLID * (paper - ink))
    marked = _darker_than(cells, paper - max(_MARKED * (paper - ink), _LEAST_CONTRAST))
    rules = _spread(_erode(solid, _RULE_CELLS, (1, 0)), _RULE_CELLS)
    for row in (-1, 0, 1):  # the soft edges of a rule belong to it
        marked = ImageChops.subtract(marked, _shift(rules, 0, row))
    return _spread(marked, _SMEAR)


def _grey_at(image: "Image", share: float) -> int:
    """Return the grey than which this share of the pixels is darker."""
    left, grey = image.width * image.height * share, 0
    counts = image.histogram()
    while (left := left - counts[grey]) > 0:
        grey += 1
    return grey


def _darker_than(image: "Image", limit: float) -> "Image":
    return image.point([255 if level < limit else 0 for level in range(256)])


def _erode(dark: "Image", length: int, step: tuple[int, int]) -> "Image":
    """Return where a run of ``length`` dark pixels begins, in the direction of ``step``."""
    from PIL import ImageChops  # noqa: PLC0415 (loaded when used: most documents need no OCR)

    reached = 1
    while reached < length:
        more = min(reached, length - reached)
        dark = ImageChops.darker(dark, _shift(dark, -more * step[0], -more * step[1]))
        reached += more
    return dark


def _spread(dark: "Image", length: int) -> "Image":
    """Return each dark pixel with the ones to its right, ``length`` together."""
    from PIL import ImageChops  # noqa: PLC0415 (loaded when used: most documents need no OCR)

    reached = 1
    while reached < length:
        more = min(reached, length - reached)
        dark = ImageChops.lighter(dark, _shift(dark, more, 0))
        reached += more
    return dark


def _count_runs(dark: "Image") -> int:
    """Return the number of dark vertical runs: of dark pixels below one that is not."""
    from PIL import ImageChops  # noqa: PLC0415 (loaded when used: most documents need no OCR)

    return ImageChops.subtract(dark, _shift(dark, 0, 1)).histogram()[255]


def _shift(dark: "Image", right: int, down: int) -> "Image":
    """Return an image that is moved, without what leaves it, and with nothing dark where it came from."""
    return dark.crop((-right, -down, dark.width - right, dark.height - down))
