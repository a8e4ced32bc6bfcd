"""Which pages need OCR, and why: pure functions on what an engine saw.

Most pages are settled by ``suspicious``, a first look that costs microseconds. Only a suspicious page is asked for its
facts, and ``decide`` says what becomes of it. A page that was drawn is held against ``is_blank`` before OCR.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from pdfbatch.errors import Cause, DocumentError
from pdfbatch.model import Reason
from pdfbatch.ports import pixels_per_side

if TYPE_CHECKING:
    from PIL.Image import Image

    from pdfbatch.ports import PageFacts
    from pdfbatch.settings import Extraction, PageRules

_UNPRINTABLE = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_PRIVATE_USE = "\ue000-\uf8ff\U000f0000-\U0010fffd"
_GARBAGE = re.compile(f"[{_UNPRINTABLE}{_PRIVATE_USE}\ufffd]")
_LETTER = re.compile(r"[^\W_]")

# Below this a page that is too large for the limit on pixels is refused: small print can no longer be read.
_LOWEST_DPI = 150
# An image inside a page may have more pixels than the page is drawn with; decoding it takes memory all the same.
_IMAGE_PIXELS_FACTOR = 4
_MARK_CONTRAST = 32
_INK_SIDE = 800
_GARBAGE_HINT = 0.02

LOOK_DPI = 72
"""At which a page is drawn that may well be blank: a thirtieth of the time that 300 dpi take, and a number still shows."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a page.

    ``source``: ``"text"`` keeps the text layer (which is empty when the reason is ``blank``), ``"ocr"`` draws the page and
    reads it, ``"look"`` draws it small first: unless it is blank, it is read by OCR for the same ``reason``.
    """

    source: Literal["text", "ocr", "look"]
    reason: Reason


def suspicious(text: str, rules: "PageRules") -> bool:
    """Whether a text layer may not be the page's text, so that the page's facts are worth asking for.

    True for little text and for text with a hint of garbage. Reads the first few hundred characters of a good page
    closely, and the rest only for characters that good text does not have.
    """
    if not _has_letters(text, rules.stamp_characters):
        return True
    # Some writers leave letters that look right between those that do not: a hint is enough to count unmapped glyphs.
    return _GARBAGE.search(text) is not None and garbage_share(text) > min(_GARBAGE_HINT, rules.garbage_share)


def decide(text: str, facts: "PageFacts", rules: "PageRules") -> Decision:
    """What becomes of a page, for ``ocr="auto"``.

    A page without text that has anything on it goes to OCR, a drawing too: its letters may be paths. So does a garbage
    text layer, and little text over an image that fills the page. Little text on a page that no image fills (a title page,
    a form, a chart) is the page's text.
    """
    if _is_garbage(text, facts, rules):
        return Decision("ocr", Reason.GARBAGE_TEXT_LAYER)
    if _has_letters(text, max(rules.stamp_characters, 1)):
        return Decision("text", Reason.TEXT_LAYER)
    has_text = _LETTER.search(text) is not None
    if facts.image_coverage >= rules.image_coverage:
        return Decision("ocr", Reason.STAMP_OVER_IMAGE if has_text else Reason.NO_TEXT_LAYER)
    if has_text:
        return Decision("text", Reason.LITTLE_TEXT_NO_SCAN)
    if facts.images or facts.vector_objects or facts.glyphs:
        return Decision("look", Reason.NO_TEXT_LAYER)
    return Decision("text", Reason.BLANK)


def garbage_share(text: str) -> float:
    """The share of the visible characters that no writer meant: U+FFFD, private use and control characters."""
    garbage = len(_GARBAGE.findall(text))
    plain = sum(map(len, _GARBAGE.sub("", text).split()))
    return garbage / (garbage + plain) if garbage else 0.0


def dpi_for(facts: "PageFacts", extraction: "Extraction") -> int:
    """The resolution at which a page is drawn for OCR.

    A scan is drawn at its own resolution, between ``min_dpi`` and ``dpi``: more pixels than it has cost time and show
    nothing new. A page that no image fills is drawn at ``dpi``.
    """
    if facts.image_dpi <= 0 or facts.image_coverage < extraction.rules.image_coverage:
        return extraction.dpi
    return min(max(round(facts.image_dpi), extraction.min_dpi), extraction.dpi)


def dpi_within(max_pixels: int | None, facts: "PageFacts", extraction: "Extraction") -> int:
    """The resolution at which a page is drawn for OCR: lower than ``dpi_for`` where that keeps it within the limit.

    Raises ``DocumentError`` (``limit_pixels``) when it would have to be too low to read, or the page's image is too large.
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
    """How many pixels a page has when it is drawn at ``dpi``."""
    return pixels_per_side(facts.width, dpi) * pixels_per_side(facts.height, dpi)


def ink(image: "Image") -> float:
    """The share of a grey picture (mode ``L``) that stands out from its paper, 0 to 1.

    The paper is the median grey, so that grey paper and white writing on black count as they look.
    """
    # Reduced, so that the grain of a scan and specks of dust average out and strokes stay.
    factor = max(max(image.size) // _INK_SIDE, 1)
    counts = image.reduce(factor).histogram()
    total = sum(counts)
    paper = _median(counts, total)
    plain = sum(counts[max(paper - _MARK_CONTRAST, 0) : paper + _MARK_CONTRAST + 1])
    return (total - plain) / total if total else 0.0


def is_blank(image: "Image", rules: "PageRules") -> bool:
    """Whether a drawn page (mode ``L``, any resolution) has nothing on it that could be read."""
    return ink(image) < rules.blank_ink


def split(pages: Sequence[int], part_pages: int) -> tuple[tuple[int, ...], ...]:
    """The pages in order, in parts of even size with ``part_pages`` at most; none when one part would do."""
    count = math.ceil(len(pages) / part_pages)
    if count <= 1:
        return ()
    edges = [len(pages) * number // count for number in range(count + 1)]
    return tuple(tuple(pages[first:last]) for first, last in pairwise(edges))


def _image_pixels(facts: "PageFacts") -> float:
    """Pixels of the largest image, if it covers the page."""
    return facts.image_coverage * (facts.width * facts.image_dpi / 72) * (facts.height * facts.image_dpi / 72)


def _is_garbage(text: str, facts: "PageFacts", rules: "PageRules") -> bool:
    unmapped_share = facts.unmapped_glyphs / facts.glyphs if facts.glyphs else 0.0
    return max(garbage_share(text), unmapped_share) > rules.garbage_share


def _has_letters(text: str, count: int) -> bool:
    return _letters_pattern(count).match(text) is not None


@lru_cache(maxsize=8)
def _letters_pattern(count: int) -> re.Pattern[str]:
    # Possessive: what is not there must not be looked for again and again.
    return re.compile(rf"(?:[\W_]*+[^\W_]){{{count}}}")


def _median(counts: Sequence[int], total: int) -> int:
    below = 0
    for level, count in enumerate(counts):
        below += count
        if below * 2 >= total:
            return level
    return 0
