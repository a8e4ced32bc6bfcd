"""Find how a page lies: by a sign on its drawing that costs nearly nothing, and surely by reading one strip of it both ways."""

from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from typing import TYPE_CHECKING

from pdfbatch.ports import OcrEngine, Reading
from pdfbatch.work.skew import is_sideways, show_ink

if TYPE_CHECKING:
    from PIL.Image import Image

_STRIP_INCHES = 1.5
_MARGIN = 15.0
"""How much surer of its words a strip must be after a turn. The right way round was surer by 16 to 63 on 19 scans."""
_LEAST_CONFIDENCE = 50.0
"""What is read with less is not the right way round: print was read with 62 and more, and with 26 to 51 upside down."""
_SURE_CONFIDENCE = 80.0
"""A strip that is read with so much need not be tried another way round."""

_SIDE, _BANDS = 1100, 8
"""Pixels of the longer side, on which letters are some pixels high, and bands, in which slightly skewed lines stay apart."""
_PAPER, _RULE = 8, 200
"""Ink of a row of a band, of 255: less is no line of print, and more is a rule or a picture."""
_LINE_ROWS = range(5, 51)
_BODY = 0.5
"""Share of the ink of a line's darkest row that the rows through the small letters have."""
_BALANCE = 0.02
"""What makes a sign. Print had 0.03 to 0.1 in ten fonts and on scans, capitals, digits and most tables 0.01 or less."""


def likely_turns(image: "Image") -> tuple[int, ...]:
    """Return by how many degrees clockwise a page (mode ``L``) may have to be turned to stand upright, likeliest first.

    Mostly there is nothing. Lines that seem to run from top to bottom may be turned either way. More letters reach above the
    small ones than below. Both are no more than signs: of the second, capitals, digits and other scripts show nothing, some
    fonts little, and rules that touch the lines may show the contrary.
    """
    from PIL.Image import Transpose  # noqa: PLC0415 (loaded when used: most documents need no OCR)

    small = image.reduce(max(max(image.size) // _SIDE, 1))
    ink = show_ink(small, _SIDE)
    if is_sideways(small):
        return (270, 90) if balance_lines(ink.transpose(Transpose.ROTATE_90)) > 0 else (90, 270)
    return (180,) if balance_lines(ink) <= -_BALANCE else ()


def balance_lines(ink: "Image") -> float:
    """Return which share of the ink of lines is above the body of their small letters, less the share below."""
    profiles = ink.reduce((max(ink.width // _BANDS, 1), 1))
    rows, bands = profiles.tobytes(), profiles.width
    above = below = total = 0
    for line in (line for band in range(bands) for line in _lines(rows[band::bands])):
        body = [row for row, ink_of_row in enumerate(line) if ink_of_row >= _BODY * max(line)]
        above += sum(line[: body[0]])
        below += sum(line[body[-1] + 1 :])
        total += sum(line)
    return (above - below) / max(total, 1)


def _lines(band: bytes) -> Iterator[bytes]:
    """Yield the rows of each line of print in a band."""
    start = 0
    for row, ink in enumerate((*band, 0)):
        if ink < _PAPER:
            line = band[start:row]
            if len(line) in _LINE_ROWS and max(line) < _RULE:
                yield line
            start = row + 1


def find_turn(
    image: "Image",
    turns: Iterable[int],
    *,
    engine: OcrEngine,
    languages: str,
    dpi: int,
    remaining: Callable[[], float | None],
) -> int:
    """Return by how many degrees clockwise a page must be turned to stand upright, 0 when none of these turns helps.

    One does when a strip of the page is read with far more confidence than as the page lies. Where the turned strip makes no
    sense, the other one is not read. Engines may read lines from top to bottom, as they stand on a page that is turned
    clockwise, and say so: such a strip needs three more quarters of a turn.
    """

    def read_strip(page: "Image") -> Reading:
        strip = densest_strip(page, round(_STRIP_INCHES * dpi))
        return engine.read(strip, languages=languages, dpi=dpi, timeout=remaining())

    best: Reading | None = None
    upright = 0
    for degrees in turns:
        turned = read_strip(turn(image, degrees))
        if _confidence(turned) < max(_LEAST_CONFIDENCE, _confidence(best) if best else 0.0):
            continue
        best, upright = turned, _stand_up(degrees, turned)
        if _confidence(best) >= _SURE_CONFIDENCE:
            break
    if best is None or upright == 0:
        return 0
    as_it_is = read_strip(image)
    is_same = as_it_is.sideways and _stand_up(0, as_it_is) == upright
    return upright if is_same or _is_surer(best, as_it_is) else 0


def _stand_up(degrees: int, reading: Reading) -> int:
    """Return by how many degrees a page must be turned of which this was read after a turn."""
    return (degrees + 270 if reading.sideways else degrees) % 360


def _is_surer(turned: Reading, as_it_is: Reading) -> bool:
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
