"""Rules that decide which pages need OCR, and why. They do no I/O.

``needs_inspection`` looks at the text layer alone and lets most pages pass. For the others the engine collects ``PageFacts``,
from which ``decide`` chooses; where facts are not enough, ``decide_by_print`` chooses by a small image of the page.
``is_blank`` looks at the image of a page before OCR, ``choose_text`` at what OCR has read.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from pdfbatch.model import Reason
from pdfbatch.work.print_marks import find_faint_print, find_print, mask_of, median_grey
from pdfbatch.work.text_signs import garbage_share, has_garbage, has_garbage_block

if TYPE_CHECKING:
    from PIL.Image import Image

    from pdfbatch.ports import Box, PageFacts
    from pdfbatch.settings import PageRules

_LETTER = re.compile(r"[^\W_]")
_LETTERS = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LETTERS_LOOK = 3

_MARK_CONTRAST = 32
_INK_SIDE = 800
_FAINT_SIDE = 1_000
_A_FAINT_WORD = 3
_COVERAGE_OF_A_FIGURE = 0.2
_TWO_LAYERS = 1.5
_GARBAGE_HINT = 0.02

PREVIEW_DPI = 72
"""Resolution at which a page that may be blank is drawn first. It is fast, and a page number is still visible."""


# A look at a page wants print of 5 to 20 pixels, also on a page whose size is absurd.
_LOOK_SIDES = (500.0, 2_000.0)
# A text layer that leaves so little of the page free has no room for much more print. Boxes are widened by half a line.
_FULL_OF_TEXT = 0.45
_HALF_A_LINE = 6.0
# In units of ``Print.amount``: a word, a few lines.
_A_WORD, _SOME_LINES = 6, 100
_FEW_LETTERS = 100
_SHARE_OVER_IMAGE, _SHARE_ELSEWHERE = 0.2, 0.5
_EXTENT_OF_A_PAGE = 0.5
_MANY_DRAWINGS = 300


@dataclass(frozen=True, slots=True)
class Decision:
    """The source of a page's text, and the reason for the choice.

    ``"text"`` is the text layer, which is empty when the reason is ``blank``. ``"ocr"`` is OCR. ``"preview"`` is OCR unless the
    page turns out to be blank when it is drawn at a low resolution. ``"look"`` is what ``decide_by_print`` says; the text layer
    where the page cannot be drawn.
    """

    source: Literal["text", "ocr", "preview", "look"]
    reason: Reason


def needs_inspection(text: str, rules: "PageRules") -> bool:
    """Return whether a text layer may be unusable, so that ``decide`` must see the facts of the page.

    True for little text and for text with a little garbage. Fast: of a good page it counts the letters of the first few
    hundred characters, and searches the rest for garbage only.
    """
    if not _has_letters(text, rules.stamp_characters):
        return True
    # Some PDF writers map only some of the glyphs. So a little garbage is enough to let the engine count unmapped glyphs.
    return has_garbage(text) and garbage_share(text) > min(_GARBAGE_HINT, rules.garbage_share)


def decide(text: str, facts: "PageFacts", rules: "PageRules") -> Decision:
    """Choose the source of a page's text, for ``ocr="auto"``.

    OCR reads a page without text on which there is anything, even a drawing, because its letters may be paths. OCR also
    reads a page whose text layer is garbage, and one with little text over an image that fills the page. Any other page with
    images or drawings beside its text must be looked at: the text may be a stamp, a header, or all there is.
    """
    if _is_garbage(text, facts, rules):
        return Decision("ocr", Reason.GARBAGE_TEXT_LAYER)
    shows_more = facts.images or facts.vector_objects
    if _has_letters(text, max(rules.stamp_characters, 1)):
        # Letters that are drawn are hundreds of paths, more than the text layer has letters.
        drawn = facts.vector_objects >= _MANY_DRAWINGS and not _has_letters(text, facts.vector_objects)
        return Decision("look" if drawn or facts.image_coverage >= _COVERAGE_OF_A_FIGURE else "text", Reason.TEXT_LAYER)
    has_text = _LETTER.search(text) is not None
    if facts.image_coverage >= rules.image_coverage:
        return Decision("ocr", Reason.STAMP_OVER_IMAGE if has_text else Reason.NO_TEXT_LAYER)
    if has_text:
        return Decision("look" if shows_more else "text", Reason.LITTLE_TEXT_NO_SCAN)
    if shows_more or facts.glyphs:
        return Decision("preview", Reason.NO_TEXT_LAYER)
    return Decision("text", Reason.BLANK)


def dpi_to_look(facts: "PageFacts") -> float:
    """Return the resolution at which to draw a page for ``decide_by_print``."""
    longest = max(facts.width, facts.height, 1.0)
    least, most = _LOOK_SIDES
    return PREVIEW_DPI * min(max(longest, least), most) / longest


def is_full_of_text(boxes: Sequence["Box"], facts: "PageFacts") -> bool:
    """Return whether the text layer leaves no room on the page for much more print."""
    size = max(round(facts.width / 8), 1), max(round(facts.height / 8), 1)
    mask = mask_of(size, boxes, PREVIEW_DPI / 8, margin=_HALF_A_LINE)
    return mask is not None and mask.histogram()[255] >= _FULL_OF_TEXT * size[0] * size[1]


def has_two_layers(boxes: Sequence["Box"], facts: "PageFacts") -> bool:
    """Return whether nearly every line of a text layer lies on another one, as after OCR of a page that had a layer already."""
    size = max(round(facts.width), 1), max(round(facts.height), 1)
    mask = mask_of(size, boxes, PREVIEW_DPI, margin=0.0)
    covered = 0 if mask is None else mask.histogram()[255]
    # A rectangle that is drawn has one more pixel each way than the box is long.
    return sum((box.right - box.left + 1) * (box.bottom - box.top + 1) for box in boxes) > covered * _TWO_LAYERS > 0


def decide_by_print(
    text: str, facts: "PageFacts", rules: "PageRules", *, boxes: Sequence["Box"], image: "Image", dpi: float
) -> Decision:
    """Choose the source of the text of a page that has text and shows more than that, by the print outside of the text.

    OCR reads the page when an image fills it and some lines of print, a fifth of all, are outside of the text's boxes; on other
    pages, when most print is outside and reaches over half the page, as on a scan that was cut into pieces or turned into
    curves. With hardly any text, a word of print is enough. Print in a figure of a page with text is not read, but the reason
    says so.
    """
    outside = find_print(image, boxes, dpi=dpi)
    if facts.image_coverage < rules.image_coverage and not _has_letters(
        text, min(_FEW_LETTERS, rules.stamp_characters)
    ):
        if outside.amount >= _A_WORD:
            return Decision("ocr", Reason.PRINT_OUTSIDE_TEXT)
        return Decision("text", Reason.LITTLE_TEXT_NO_SCAN)
    enough = _has_letters(text, max(rules.stamp_characters, 1))
    if outside.amount < _SOME_LINES:
        return Decision("text", Reason.TEXT_LAYER if enough else Reason.LITTLE_TEXT_NO_SCAN)
    whole = max(find_print(image, dpi=dpi).amount, outside.amount)
    over_image = facts.image_coverage >= rules.image_coverage
    share = _SHARE_OVER_IMAGE if over_image else _SHARE_ELSEWHERE
    if outside.amount >= share * whole and (over_image or outside.extent >= _EXTENT_OF_A_PAGE):
        return Decision("ocr", Reason.PRINT_OUTSIDE_TEXT)
    return Decision("text", Reason.PRINT_IN_FIGURE)


def ink_share(image: "Image") -> float:
    """Return the share of a grey image (mode ``L``) that differs from its background, 0 to 1.

    The background is the median grey, so that grey paper and white print on black are measured correctly.
    """
    # A smaller image averages out the grain of a scan and specks of dust, but not strokes.
    factor = max(max(image.size) // _INK_SIDE, 1)
    counts = image.reduce(factor).histogram()
    total = sum(counts)
    paper = median_grey(counts)
    plain = sum(counts[max(paper - _MARK_CONTRAST, 0) : paper + _MARK_CONTRAST + 1])
    return (total - plain) / total if total else 0.0


def is_blank(image: "Image", rules: "PageRules") -> bool:
    """Return whether the image of a page (mode ``L``, any resolution) has nothing on it that OCR could read, however faint."""
    return is_pale(image, rules) and not has_faint_print(image)


def is_pale(image: "Image", rules: "PageRules") -> bool:
    """Return whether nothing in an image differs clearly from its background."""
    return ink_share(image) < rules.blank_ink


def has_faint_print(image: "Image") -> bool:
    """Return whether there is anything like lines of print in an image, at any contrast. Grain has no lines."""
    factor = max(round(max(image.size) / _FAINT_SIDE), 1)
    return find_faint_print(image.reduce(factor)).amount >= _A_FAINT_WORD


def split(pages: Sequence[int], part_pages: int) -> tuple[tuple[int, ...], ...]:
    """Return the pages in parts of equal size, ``part_pages`` at most, in order; no part when one would be enough."""
    count = math.ceil(len(pages) / part_pages)
    if count <= 1:
        return ()
    edges = [len(pages) * number // count for number in range(count + 1)]
    return tuple(tuple(pages[first:last]) for first, last in pairwise(edges))


def _is_garbage(text: str, facts: "PageFacts", rules: "PageRules") -> bool:
    unmapped_share = facts.unmapped_glyphs / facts.glyphs if facts.glyphs else 0.0
    return max(garbage_share(text), unmapped_share) > rules.garbage_share or has_garbage_block(text)


def _has_letters(text: str, count: int) -> bool:
    # Letters of ASCII in the beginning are enough for most texts, and are counted in one pass.
    data = text[: _LETTERS_LOOK * count].encode("ascii", "ignore")
    if len(data) - len(data.translate(None, _LETTERS)) >= count:
        return True
    return _letters_pattern(count).match(text) is not None


@lru_cache(maxsize=8)
def _letters_pattern(count: int) -> re.Pattern[str]:
    # The possessive ``*+`` keeps a text without letters from being searched again from each of its characters.
    return re.compile(rf"(?:[\W_]*+[^\W_]){{{count}}}")
