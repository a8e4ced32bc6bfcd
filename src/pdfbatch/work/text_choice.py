"""Choose between the text layer of a page and what OCR has read, or join both. The rule is written here once.

1. A reading without a word changes nothing: the page has its text layer.
2. A weak reading (mean confidence below 45, or most words weak) never replaces printable text: the page has its text layer,
   with the reason ``weak-ocr``. Where there is no printable text, the reading stays, and its confidence says what it is worth.
3. On a page of which the text layer is a part (``stamp-over-image``, ``print-outside-text``) both are joined, each line once;
   below a confidence of 80, lines of the reading that do not look like words are left out. When the reading adds no word,
   the page has its text layer.
4. Otherwise (no text layer, garbage, ``ocr="always"``) the reading is the text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pdfbatch.model import Page, Reason, TextSource
from pdfbatch.ports import Reading
from pdfbatch.work.merging import merge
from pdfbatch.work.text_signs import badness

_WEAK = 45.0
_MOSTLY_WEAK = 0.6
_SURE = 80.0
_HALF_BAD = 0.5
_LETTER = re.compile(r"[^\W_]")
_JOINED = frozenset({Reason.STAMP_OVER_IMAGE, Reason.PRINT_OUTSIDE_TEXT})


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLayer:
    """The text layer of a page that OCR has read.

    ``tops`` says how far down the page, 0 to 1, its lines lie. ``invisible`` says that most of it is another program's OCR.
    """

    text: str
    tops: Sequence[float] = ()
    invisible: bool = False


def choose_text(number: int, reason: Reason, layer: TextLayer, reading: Reading) -> Page:
    """Return the page with the text that the rule chooses."""
    if not _LETTER.search(reading.text):
        return layer_page(number, layer.text, reason) if layer.text.strip() else _ocr_page(number, reading, reason)
    printable = _LETTER.search(layer.text) is not None and badness(layer.text) < _HALF_BAD
    if printable and is_weak(reading):
        return layer_page(number, layer.text, Reason.WEAK_OCR)
    if reason not in _JOINED:
        return _ocr_page(number, reading, reason)
    strict = (reading.confidence or 0.0) < _SURE
    merged = merge(layer.text, reading.text, tops=layer.tops, prefer_layer=not layer.invisible, strict=strict)
    if not merged.new_words:
        return layer_page(number, layer.text, reason)
    return _ocr_page(number, reading, reason, merged.text)


def is_weak(reading: Reading, least: float = _WEAK) -> bool:
    """Return whether the words of a reading are too doubtful to trust."""
    if reading.weak_share is not None and reading.weak_share > _MOSTLY_WEAK:
        return True
    return (reading.confidence or 0.0) < least


def layer_page(number: int, text: str, reason: Reason) -> Page:
    """Return a page with a text layer."""
    source = TextSource.TEXT_LAYER if text and not text.isspace() else TextSource.NONE
    return Page(number=number, text=text, source=source, reason=reason)


def _ocr_page(number: int, reading: Reading, reason: Reason, text: str | None = None) -> Page:
    return Page(
        number=number,
        text=reading.text if text is None else text,
        source=TextSource.OCR,
        reason=reason,
        confidence=None if reading.confidence is None else round(reading.confidence, 1),
        weak_words=None if reading.weak_share is None else round(reading.weak_share, 3),
    )
