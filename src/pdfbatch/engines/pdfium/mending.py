"""Mend what pdfium gets wrong in the text of a page, by where its glyphs lie. Each repair needs a sign in the text."""

import re
from unicodedata import combining, normalize

from pdfbatch.engines.coverage import Area
from pdfbatch.engines.pdfium.glyphs import Glyphs

_ARABIC_ALEF = "\u0622\u0623\u0625\u0627"
_LAM = "\u0644"
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_SOFT_HYPHEN = "\xad"
# Accents that stand alone, as TeX's old fonts have them, and the marks that combine with a letter.
_ACCENTS = {
    "`": "\u0300",
    "\xb4": "\u0301",
    "\u02c6": "\u0302",
    "\u02dc": "\u0303",
    "\xaf": "\u0304",
    "\u02d8": "\u0306",
    "\u02d9": "\u0307",
    "\xa8": "\u0308",
    "\u02da": "\u030a",
    "\u02dd": "\u030b",
    "\u02c7": "\u030c",
    "\xb8": "\u0327",
    "\u02db": "\u0328",
}
_DOTLESS = {"\u0131": "i", "\u0237": "j"}
_ACCENT = re.compile(f"[{''.join(_ACCENTS)}]")

SIGNS = re.compile(
    "[\0-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f"
    + "".join(_ACCENTS)
    + "\xad\u0590-\u08ff\ud800-\udfff\ufb1d-\ufdff\ufe70-\ufefc\ufffe\uffff]"
)
"""Characters of a text that is to be looked at more closely, or that cannot be stored."""

# Ordinary text has a space to five or six letters, text whose letters stand apart one to each. So does a table of contents with
# dots between spaces, so words are counted in what has that many spaces.
_SPACED = 0.35
_WORD = re.compile(r"[^\W_]+")
_SPACED_WORDS = 20
_ONE_LETTER_WORDS = 0.85
# In parts of the height of the font. Two words are that much farther apart than two letters of a word are, mostly.
_WORD_GAP = 0.15
_NEAR = 8


def is_letter_spaced(text: str) -> bool:
    """Whether so much of a text is spaces that they may stand between letters of a word."""
    if text.count(" ") <= _SPACED * len(text):
        return False
    lengths = [len(word) for word in _WORD.findall(text)]
    return len(lengths) >= _SPACED_WORDS and lengths.count(1) > _ONE_LETTER_WORDS * len(lengths)


def mends_by_glyphs(text: str) -> bool:
    """Whether a text has a sign of something that only a look at its glyphs mends."""
    return bool(_RIGHT_TO_LEFT.search(text) or _ACCENT.search(text) or _SOFT_HYPHEN in text) or is_letter_spaced(text)


def mend(glyphs: Glyphs, text: str) -> None:
    """Mend the texts of glyphs in place; ``text`` is the page's as pdfium gave it."""
    if _RIGHT_TO_LEFT.search(text):
        _turn_lam_alef(glyphs)
        _part_lines(glyphs)
    if _ACCENT.search(text):
        _combine_accents(glyphs)
    if _SOFT_HYPHEN in text:
        _show_soft_hyphens(glyphs)
    if is_letter_spaced(text):
        _join_spaced_letters(glyphs)


def _turn_lam_alef(glyphs: Glyphs) -> None:
    """Put lam before alef where one glyph stands for both: pdfium takes the order in which Arabic is drawn."""
    texts = glyphs.texts
    for index in range(len(texts) - 1):
        is_pair = texts[index] and texts[index] in _ARABIC_ALEF and texts[index + 1] == _LAM
        if is_pair and glyphs.areas[index] == glyphs.areas[index + 1]:
            texts[index], texts[index + 1] = texts[index + 1], texts[index]


def _part_lines(glyphs: Glyphs) -> None:
    """End a line where the next glyph stands above or below all of it, which pdfium overlooks when lines are far apart."""
    last = -1
    for index, text in enumerate(glyphs.texts):
        if not text or glyphs.added[index] or combining(text[0]):
            if text.endswith("\n"):
                last = -1
            continue
        if last >= 0 and _are_far_apart(glyphs.areas[last], glyphs.areas[index]):
            glyphs.texts[index] = f"\n{text}"
        last = index


def _are_far_apart(first: Area, second: Area) -> bool:
    return first.bottom > second.top or second.bottom > first.top


def _combine_accents(glyphs: Glyphs) -> None:
    for index, text in enumerate(glyphs.texts):
        accent = _ACCENTS.get(text)
        if accent is not None and (base := _letter_under(glyphs, index, accent)) is not None:
            glyphs.texts[base] = _accented(glyphs.texts[base], accent)
            glyphs.texts[index] = ""
            _close_gap(glyphs, index)


def _letter_under(glyphs: Glyphs, accent: int, mark: str) -> int | None:
    """Return the letter that an accent stands over: one near it in the text, else any on the page."""
    near = range(max(accent - _NEAR, 0), min(accent + _NEAR + 1, len(glyphs)))
    for indices in (near, range(len(glyphs))):
        found = [index for index in indices if index != accent and _is_under(glyphs, accent, index, mark)]
        if found:
            return min(found, key=lambda index: abs(_middle(glyphs.areas[index]) - _middle(glyphs.areas[accent])))
    return None


def _is_under(glyphs: Glyphs, accent: int, letter: int, mark: str) -> bool:
    text = glyphs.texts[letter]
    if len(text) != 1 or not text.isalpha() or len(_accented(text, mark)) != 1:
        return False
    over, under = glyphs.areas[accent], glyphs.areas[letter]
    height = under.top - under.bottom
    return under.left <= _middle(over) <= under.right and abs(over.bottom - under.bottom) < height / 2


def _accented(letter: str, mark: str) -> str:
    return normalize("NFC", _DOTLESS.get(letter, letter) + mark)


def _middle(area: Area) -> float:
    return (area.left + area.right) / 2


def _close_gap(glyphs: Glyphs, accent: int) -> None:
    """Take out the spaces that pdfium added around an accent, but for one between two words."""
    first, last = accent, accent
    while first > 0 and glyphs.added[first - 1] and glyphs.texts[first - 1] in ("", " "):
        first -= 1
    while last + 1 < len(glyphs) and glyphs.added[last + 1] and glyphs.texts[last + 1] in ("", " "):
        last += 1
    spaces = [index for index in range(first, last + 1) if index != accent]
    for index in spaces:
        glyphs.texts[index] = ""
    if spaces and first > 0 and last + 1 < len(glyphs) and _is_word_gap(glyphs, first - 1, last + 1):
        glyphs.texts[spaces[0]] = " "


def _is_word_gap(glyphs: Glyphs, first: int, second: int) -> bool:
    before, after = glyphs.areas[first], glyphs.areas[second]
    return after.left - before.right > _WORD_GAP * (before.top - before.bottom)


def _show_soft_hyphens(glyphs: Glyphs) -> None:
    """Keep a soft hyphen that can be seen, as a hyphen; leave out others."""
    for index, text in enumerate(glyphs.texts):
        if text == _SOFT_HYPHEN:
            glyphs.texts[index] = "-" if glyphs.has_ink(index) else ""


def _join_spaced_letters(glyphs: Glyphs) -> None:
    """Leave spaces only where glyphs are farther apart than letters of a word are on this page."""
    pairs = list[tuple[int, int, float]]()
    last = -1
    for index, text in enumerate(glyphs.texts):
        if text.endswith("\n"):
            last = -1
        elif text.strip():
            if last >= 0:
                gap = glyphs.areas[index].left - glyphs.areas[last].right
                pairs.append((last, index, gap / max(_height(glyphs.areas[index]), 1.0)))
            last = index
    if not pairs:
        return
    usual = sorted(gap for _, _, gap in pairs)[len(pairs) // 2]
    for first, second, gap in pairs:
        for index in range(first + 1, second):
            glyphs.texts[index] = ""
        if gap > usual + _WORD_GAP:
            glyphs.texts[second] = f" {glyphs.texts[second]}"


def _height(area: Area) -> float:
    return area.top - area.bottom
