"""Find marks that look like print in the image of a page: lines of small marks of even height, at any contrast.

Print differs from photographs, drawings, rules, stains and grain by its shape: where a page is divided into narrow columns,
a line of print is a short dark run of about the same height and at the same place in several columns side by side. The sum
of those runs says how much print there is, in units of one run: a word of six letters in 10 point has about four.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

    from pdfbatch.ports import Box

# Pixels at 72 dpi. Of one pixel are rules, of more than 18 are photographs, headlines and dark areas.
_COLUMN = 8
_RUN = re.compile(rb"(?<!\x01)\x01{3,18}(?!\x01)")
# How much the places and the heights of runs in neighbouring columns differ: letters have ascenders and descenders.
_SHIFT, _STRETCH = 1, 2
_CHAIN = 3
_CONTRAST = 20
# Faint print is looked for in wider columns, in which grain averages out, with contrasts stretched before.
_FAINT_COLUMN = 16
_STRETCHED = 4
_NEARBY = 15
# The quietest tenth of a page tells its grain: margins have no print.
_QUIET, _ABOVE_QUIET = 0.1, 10
_FAINT_CONTRAST = 5
_TAIL = 0.05


@dataclass(frozen=True, slots=True)
class Print:
    """How much print an image shows, and from where to where it reaches, as shares of the height."""

    amount: int
    top: float = 0.0
    bottom: float = 0.0

    @property
    def extent(self) -> float:
        """The share of the page's height over which the print extends, without the outermost twentieths."""
        return self.bottom - self.top


def find_print(image: "Image", boxes: Iterable["Box"] = (), *, dpi: float = 72.0) -> Print:
    """Return the print in a grey image (mode ``L``) of a page that was drawn at about 72 dpi, outside of some boxes."""
    from PIL import ImageChops  # noqa: PLC0415 (most documents are never drawn)

    paper = median_grey(image.histogram())
    contrast = _map_levels(image, [abs(level - paper) for level in range(256)])
    hidden = mask_of(image.size, boxes, dpi)
    if hidden is not None:
        contrast = ImageChops.subtract(contrast, hidden)
    return _measure(_map_levels(_columns(contrast, _COLUMN), _from_level(_CONTRAST)))


def find_faint_print(image: "Image") -> Print:
    """Return the print in an image at about 72 dpi, however faint it is against paper of any grey and the grain of a scan."""
    from PIL import ImageChops, ImageFilter  # noqa: PLC0415 (as above)

    paper = median_grey(image.histogram())
    found = Print(0)
    for sign in (1, -1):  # dark print, then light print
        levels = [min(max(128 + sign * _STRETCHED * (level - paper), 0), 255) for level in range(256)]
        columns = _columns(_map_levels(image, levels), _FAINT_COLUMN)
        nearby = columns.filter(ImageFilter.BoxBlur((0, _NEARBY)))
        counts = ImageChops.difference(nearby, columns).histogram()
        least = max(round(quantile(counts, _QUIET) * _ABOVE_QUIET), _FAINT_CONTRAST)
        darkness = ImageChops.subtract(nearby, columns)
        found = max(found, _measure(_map_levels(darkness, _from_level(least))), key=lambda each: each.amount)
    return found


def mask_of(size: tuple[int, int], boxes: Iterable["Box"], dpi: float, *, margin: float = 1.0) -> "Image | None":
    """Return an image that is white inside of boxes on a page and black elsewhere; ``None`` without a box."""
    from PIL import Image, ImageDraw  # noqa: PLC0415 (as above)

    boxes = list(boxes)
    if not boxes:
        return None
    mask, scale = Image.new("L", size), dpi / 72
    draw = ImageDraw.Draw(mask)
    for left, top, right, bottom in boxes:
        place = [(left - margin) * scale, (top - margin) * scale, (right + margin) * scale, (bottom + margin) * scale]
        if place[0] <= place[2] and place[1] <= place[3]:
            draw.rectangle(place, fill=255)
    return mask


def median_grey(counts: Sequence[int]) -> int:
    """Return the median grey of a histogram."""
    return quantile(counts, 0.5)


def quantile(counts: Sequence[int], share: float) -> int:
    """Return the grey level below or at which a share of a histogram lies."""
    below, total = 0, sum(counts)
    for level, count in enumerate(counts):
        below += count
        if below >= total * share:
            return level
    return 0


def _columns(image: "Image", width: int) -> "Image":
    """Return an image of which each pixel is the mean of ``width`` pixels side by side."""
    count = max(image.width // width, 1)
    return image.crop((0, 0, min(count * width, image.width), image.height)).reduce((min(width, image.width), 1))


def _measure(columns: "Image") -> Print:
    """Add up the runs of 1 in the columns of an image of 0 and 1 that continue from column to column."""
    data, amount = columns.tobytes(), 0
    heights = [0] * (columns.height + 1)
    chains = dict[int, tuple[int, int]]()
    for column in range(columns.width):
        chains = {
            run.start(): (run.end() - run.start(), _chain(chains, run.start(), run.end() - run.start()) + 1)
            for run in _RUN.finditer(data[column :: columns.width])
        }
        for start, (_, length) in chains.items():
            new = _CHAIN if length == _CHAIN else int(length > _CHAIN)
            amount += new
            heights[start] += new
    top, bottom = quantile(heights, _TAIL), quantile(heights, 1 - _TAIL)
    return Print(amount, top / columns.height, bottom / columns.height) if amount else Print(0)


def _chain(chains: dict[int, tuple[int, int]], start: int, height: int) -> int:
    """Return how many columns the run goes back to the left."""
    longest = 0
    for place in range(start - _SHIFT, start + _SHIFT + 1):
        found = chains.get(place)
        if found is not None and abs(found[0] - height) <= _STRETCH:
            longest = max(longest, found[1])
    return longest


def _from_level(least: int) -> list[int]:
    return [int(level >= least) for level in range(256)]


def _map_levels(image: "Image", levels: list[int]) -> "Image":
    return image.point(levels)  # pyright: ignore[reportUnknownMemberType] (numpy's part of the signature)
