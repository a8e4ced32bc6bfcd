"""Choose between the text layer of a page and what OCR has read, or join both. The rule is written here once.

1. A reading without a word changes nothing: the page has its text layer.
2. A weak reading (mean confidence below 45, or most words weak) never replaces printable text: the page has its text layer,
   with the reason ``weak-ocr``. Where there is no printable text, the reading stays, and its confidence says what it is worth.
3. On a page of which the text layer is a part (``stamp-over-image``, ``print-outside-text``) both are joined, each line once;
   below a confidence of 80, lines of the reading that do not look like words are left out. When the reading adds no word,
   the page has its text layer.
4. A text layer that was taken for garbage is the text after all when the reading confirms it: most of what was read is
   in it. A chart, or a table of single letters, has the signs of garbage, and OCR reads less of it than the layer has.
5. Otherwise (no text layer, garbage, ``ocr="always"``) the reading is the text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from unicodedata import normalize

from pdfbatch.model import Page, Reason, TextSource
from pdfbatch.ports import Reading
from pdfbatch.work.merging import merge
from pdfbatch.work.text_signs import badness, has_garbage

_WEAK = 45.0
_MOSTLY_WEAK = 0.6
_SURE = 80.0
_HALF_BAD = 0.5
# Of the characters of the words that OCR has read: it misreads some, and takes lines of a drawing for some more.
_CONFIRMED, _LEAST_CONFIRMED = 0.7, 8
_WORD, _MARK = re.compile(r"[^\W_]{2,}"), re.compile("[\u0300-\u036f]")
_LETTER = re.compile(r"[^\W_]")
_JOINED = frozenset({Reason.STAMP_OVER_IMAGE, Reason.PRINT_OUTSIDE_TEXT})


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLayer:
    """The text layer of a page that OCR has read.

    ``tops`` says how far down the page, 0 to 1, its lines lie. ``invisible`` says that most of it is another program's OCR.
    """

    text: str = field(repr=False)
    tops: Sequence[float] = ()
    invisible: bool = False


def choose_text(number: int, reason: Reason, layer: TextLayer, reading: Reading) -> Page:
    """Return the page with the text that the rule chooses."""
    if not _LETTER.search(reading.text):
        return layer_page(number, layer.text, reason) if layer.text.strip() else _ocr_page(number, reading, reason)
    printable = _LETTER.search(layer.text) is not None and badness(layer.text) < _HALF_BAD
    if printable and is_weak(reading):
        return layer_page(number, layer.text, Reason.WEAK_OCR)
    if reason is Reason.GARBAGE_TEXT_LAYER and _is_confirmed(layer.text, reading.text):
        return layer_page(number, layer.text, Reason.TEXT_LAYER)
    if reason not in _JOINED:
        return _ocr_page(number, reading, reason)
    strict = (reading.confidence or 0.0) < _SURE
    merged = merge(layer.text, reading.text, tops=layer.tops, prefer_layer=not layer.invisible, strict=strict)
    if not merged.new_words:
        return layer_page(number, layer.text, reason)
    return _ocr_page(number, reading, reason, merged.text)


def _is_confirmed(layer: str, reading: str) -> bool:
    """Return whether a text layer without a glyph that means nothing has most of the words that OCR has read."""
    if has_garbage(layer):
        return False
    words = _plain_words(reading)
    known = words & _plain_words(layer)
    characters = sum(map(len, known))
    return characters >= max(_LEAST_CONFIRMED, _CONFIRMED * sum(map(len, words)))


def _plain_words(text: str) -> set[str]:
    """Return the words of a text without accents, which OCR in another language does not know."""
    return {word.casefold() for word in _WORD.findall(_MARK.sub("", normalize("NFKD", text)))}


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
