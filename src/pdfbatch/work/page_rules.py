"""Rules that decide which pages need OCR, and why. They do no I/O.

``needs_inspection`` looks at the text layer alone and lets most pages pass. For the others the engine collects ``PageFacts``,
from which ``decide`` chooses. ``is_blank`` looks at the image of a page before OCR.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from pdfbatch.model import Reason

if TYPE_CHECKING:
    from PIL.Image import Image

    from pdfbatch.ports import PageFacts
    from pdfbatch.settings import PageRules

_UNPRINTABLE = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_PRIVATE_USE = "\ue000-\uf8ff\U000f0000-\U0010fffd"
_GARBAGE = re.compile(f"[{_UNPRINTABLE}{_PRIVATE_USE}\ufffd]")
_LETTER = re.compile(r"[^\W_]")

_MARK_CONTRAST = 32
_INK_SIDE = 800
_GARBAGE_HINT = 0.02

PREVIEW_DPI = 72
"""Resolution at which a page that may be blank is drawn first. It is fast, and a page number is still visible."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The source of a page's text, and the reason for the choice.

    ``"text"`` is the text layer, which is empty when the reason is ``blank``. ``"ocr"`` is OCR. ``"preview"`` is OCR unless the
    page turns out to be blank when it is drawn at a low resolution.
    """

    source: Literal["text", "ocr", "preview"]
    reason: Reason


def needs_inspection(text: str, rules: "PageRules") -> bool:
    """Return whether a text layer may be unusable, so that ``decide`` must see the facts of the page.

    True for little text and for text with a little garbage. Fast: of a good page it counts the letters of the first few
    hundred characters, and searches the rest for garbage only.
    """
    if not _has_letters(text, rules.stamp_characters):
        return True
    # Some PDF writers map only some of the glyphs. So a little garbage is enough to let the engine count unmapped glyphs.
    return _GARBAGE.search(text) is not None and garbage_share(text) > min(_GARBAGE_HINT, rules.garbage_share)


def decide(text: str, facts: "PageFacts", rules: "PageRules") -> Decision:
    """Choose the source of a page's text, for ``ocr="auto"``.

    OCR reads a page without text on which there is anything, even a drawing, because its letters may be paths. OCR also
    reads a page whose text layer is garbage, and one with little text over an image that fills the page. Little text on
    any other page (a title page, a form, a chart) is the page's text.
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
        return Decision("preview", Reason.NO_TEXT_LAYER)
    return Decision("text", Reason.BLANK)


def garbage_share(text: str) -> float:
    """Return the share of the visible characters that are U+FFFD, private-use or control characters, 0 to 1."""
    garbage = len(_GARBAGE.findall(text))
    plain = sum(map(len, _GARBAGE.sub("", text).split()))
    return garbage / (garbage + plain) if garbage else 0.0


def ink_share(image: "Image") -> float:
    """Return the share of a grey image (mode ``L``) that differs from its background, 0 to 1.

    The background is the median grey, so that grey paper and white print on black are measured correctly.
    """
    # A smaller image averages out the grain of a scan and specks of dust, but not strokes.
    factor = max(max(image.size) // _INK_SIDE, 1)
    counts = image.reduce(factor).histogram()
    total = sum(counts)
    paper = _median(counts, total)
    plain = sum(counts[max(paper - _MARK_CONTRAST, 0) : paper + _MARK_CONTRAST + 1])
    return (total - plain) / total if total else 0.0


def is_blank(image: "Image", rules: "PageRules") -> bool:
    """Return whether the image of a page (mode ``L``, any resolution) has nothing on it that OCR could read."""
    return ink_share(image) < rules.blank_ink


def split(pages: Sequence[int], part_pages: int) -> tuple[tuple[int, ...], ...]:
    """Return the pages in parts of equal size, ``part_pages`` at most, in order; no part when one would be enough."""
    count = math.ceil(len(pages) / part_pages)
    if count <= 1:
        return ()
    edges = [len(pages) * number // count for number in range(count + 1)]
    return tuple(tuple(pages[first:last]) for first, last in pairwise(edges))


def _is_garbage(text: str, facts: "PageFacts", rules: "PageRules") -> bool:
    unmapped_share = facts.unmapped_glyphs / facts.glyphs if facts.glyphs else 0.0
    return max(garbage_share(text), unmapped_share) > rules.garbage_share


def _has_letters(text: str, count: int) -> bool:
    return _letters_pattern(count).match(text) is not None


@lru_cache(maxsize=8)
def _letters_pattern(count: int) -> re.Pattern[str]:
    # The possessive ``*+`` keeps a text without letters from being searched again from each of its characters.
    return re.compile(rf"(?:[\W_]*+[^\W_]){{{count}}}")


def _median(counts: Sequence[int], total: int) -> int:
    below = 0
    for level, count in enumerate(counts):
        below += count
        if below * 2 >= total:
            return level
    return 0
