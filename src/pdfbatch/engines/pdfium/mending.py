"""Mend what pdfium gets wrong in the text of a page, by where its glyphs lie. Each repair needs a sign in the text."""

import math
import re
from collections.abc import Iterator
from ctypes import addressof
from itertools import pairwise
from typing import Any
from unicodedata import combining, normalize

import pypdfium2.raw

from pdfbatch.engines.coverage import Area
from pdfbatch.engines.pdfium.glyphs import Glyphs, find_index, glyph_area
from pdfbatch.engines.pdfium.word_gaps import is_broken, join_lines, lacks_spaces, may_lack_spaces, part_words

pdfium: Any = pypdfium2.raw
"""Generated bindings, without types."""

Handle = Any
"""A pointer from pdfium."""

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
    + "\xad\u0590-\u08ff\ud800-\udfff\ufb00-\ufb06\ufb1d-\ufdff\ufe70-\ufefc\ufffe\uffff]"
)
"""Characters of a text that is to be looked at more closely, or that cannot be stored."""

# Ligatures by their codes in TeX's fonts, old and new encoding, some of which tell pdfium nothing but these codes.
_LIGATURE_CODES = {code + old: text for code, text in enumerate(("ff", "fi", "fl", "ffi", "ffl")) for old in (11, 27)}
_LIGATURE_CODE = re.compile("[\x0b-\x0c\x0e-\x0f\x1b-\x1f]|\r(?!\n)")
_RETURN = ord("\r")
_CONTROL = re.compile("[\x01-\x08\x0b-\x1f]")
_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}
_LIGATURE = re.compile("[\ufb00-\ufb06]")

# Ordinary text has a space to five or six letters, text whose letters stand apart one to each. So does a table of contents with
# dots between spaces, so words are counted in what has that many spaces.
_SPACED = 0.35
_SPACED_LOOK = 300
_WORD = re.compile(r"[^\W_]+")
_SPACED_WORDS = 20
_ONE_LETTER_WORDS = 0.85
# A line in which more words have several letters is not letter-spaced, whatever the page is.
_OTHER_WORDS = 0.35
# Characters that are farther apart than they are high are columns of a table.
_COLUMN_GAP = 1.0
# In parts of the height of the font. Two words are that much farther apart than two letters of a word are, mostly.
_WORD_GAP = 0.15
# So many glyphs before and after an accent its letter is looked for: pdfium may move an accent to the end of its line.
_NEAR = 8
_FAR = 200
_ROUNDS = 5
_CLOSER = 0.4
# Two text objects that are so much farther apart than the letters of their line, in parts of the height of the font, are two
# words. pdfium takes some for one where the letters are drawn closer together than their font has them.
_OBJECT_GAP = 0.11
_JOIN, _INDENT = b"aA", b"\n "
# Bounds: a page of code has many joined words, a page of tables many lines that begin with a space.
_PLACES = 8
# Each letter of a text as what it is: a small letter, a capital, a space, the end of a line, or something else.
_KINDS = bytes(
    97 if 97 <= byte <= 122 else 65 if 65 <= byte <= 90 else byte if byte in b" \n" else 46 for byte in range(256)
)


def is_letter_spaced(text: str) -> bool:
    """Whether so much of a text is spaces that they may stand between letters of a word."""
    # A look at some letters from the middle settles nearly all pages.
    look = text[len(text) // 3 :][:_SPACED_LOOK]
    if look.count(" ") <= _SPACED * len(look):
        return False
    lengths = [len(word) for word in _WORD.findall(text)]
    return len(lengths) >= _SPACED_WORDS and lengths.count(1) > _ONE_LETTER_WORDS * len(lengths)


def has_odd_places(text: str) -> bool:
    """Whether a text has a capital after a small letter, or a line that begins with a space. Takes some microseconds."""
    kinds = _kinds_of(text)
    return _JOIN in kinds or _INDENT in kinds or kinds[:1] == b" "


def _kinds_of(text: str) -> bytes:
    return text.encode("latin-1", "replace").translate(_KINDS)


def mends_by_glyphs(handle: Handle, text: str) -> bool:
    """Whether a text has a sign of something that only a look at its glyphs mends."""
    if _SOFT_HYPHEN in text or is_letter_spaced(text) or _RIGHT_TO_LEFT.search(text) or _LIGATURE_CODE.search(text):
        return True
    if any(_may_lie_over(handle, text, found.start()) for found in _ACCENT.finditer(text)):
        return True
    if is_broken(text) or (may_lack_spaces(text) and lacks_spaces(handle, text)):
        return True
    return has_odd_places(text) and has_odd_lines(handle, text)


def has_odd_lines(handle: Handle, text: str) -> bool:
    """Whether two words stand together in a line, or columns in wrong order. Looks at a few glyphs of the odd places only."""
    kinds = _kinds_of(text)
    indents = [place + 1 for place in _places(kinds, _INDENT)] + ([0] if kinds[:1] == b" " else [])
    joins = _places(kinds, _JOIN)
    return any(_is_word_end(handle, find_index(handle, text, place)) for place in joins) or any(
        _begins_late(handle, text, start) for start in indents
    )


def _places(kinds: bytes, sign: bytes) -> list[int]:
    """Return the first places of a sign."""
    found = list[int]()
    place = kinds.find(sign)
    while place >= 0 and len(found) < _PLACES:
        found.append(place)
        place = kinds.find(sign, place + 1)
    return found


def _is_word_end(handle: Handle, index: int) -> bool:
    """Whether a glyph and the next one belong to two text objects that are as far apart as words."""
    first, second = (pdfium.FPDFText_GetTextObject(handle, place) for place in (index, index + 1))
    if not first or not second or addressof(first.contents) == addressof(second.contents):
        return False
    gap = _gap(glyph_area(handle, index), glyph_area(handle, index + 1))
    return gap is not None and gap > _OBJECT_GAP


def _begins_late(handle: Handle, text: str, start: int) -> bool:
    """Whether the end of a line lies left of its beginning. The line begins with a space."""
    end = text.find("\n", start)
    line = text[start:end] if end >= 0 else text[start:]
    shown = line.strip()
    if len(shown) <= 1:
        return False
    places = start + line.index(shown), start + len(line.rstrip()) - 1
    first, last = (find_index(handle, text, place) for place in places)
    return glyph_area(handle, last).right <= glyph_area(handle, first).left and not _is_turned(handle, first)


def _is_turned(handle: Handle, index: int) -> bool:
    """Whether a glyph is written from right to left: upside down, or mirrored."""
    return math.cos(pdfium.FPDFText_GetCharAngle(handle, index)) < 0


def _may_lie_over(handle: Handle, text: str, place: int) -> bool:
    """Whether an accent lies over a glyph near it, or at the end of a line, to which pdfium moves accents at times.

    Looks at a few glyphs only: a page of formulas or of code has many such characters that are no accents of letters.
    """
    behind = text[place + 1 : place + 4].lstrip(" ")
    if text[place] != "`" and (not behind or behind[0] in "\r\n"):
        return True
    index = find_index(handle, text, place)
    over = glyph_area(handle, index)
    around = (
        glyph_area(handle, other) for other in range(index - _NEAR, index + _NEAR + 1) if other not in (index, -1)
    )
    return any(_is_over(over, area) for area in around)


def mend(glyphs: Glyphs, text: str) -> None:
    """Mend the texts of glyphs in place; ``text`` is the page's as pdfium gave it."""
    if is_broken(text):
        join_lines(glyphs)
        text = glyphs.text()
    if _RIGHT_TO_LEFT.search(text):
        _turn_lam_alef(glyphs)
        _part_lines(glyphs)
    if _ACCENT.search(text):
        _combine_accents(glyphs)
    if _LIGATURE_CODE.search(text):
        _spell_ligature_codes(glyphs)
    if _SOFT_HYPHEN in text:
        _show_soft_hyphens(glyphs)
    if is_letter_spaced(text):
        _join_spaced_letters(glyphs)
        return
    if may_lack_spaces(text) and lacks_spaces(glyphs.handle, text):
        part_words(glyphs)
    if has_odd_places(text) and has_odd_lines(glyphs.handle, text):
        for line in _lines(glyphs):
            _part_words(glyphs, line)
            _order(glyphs, line)


def spell_ligatures(text: str) -> str:
    """Return a text with the letters that ligatures stand for."""
    return text.translate(_LIGATURES) if _LIGATURE.search(text) else text


def _lines(glyphs: Glyphs) -> list[list[int]]:
    """Return the glyphs of each line, without its end, from left to right."""
    lines, line = list[list[int]](), list[int]()
    for index, text in enumerate(glyphs.texts):
        if text.endswith("\n"):
            lines.append(line)
            line = []
        elif text:
            line.append(index)
    return [
        line
        for line in (*lines, line)
        if line and not _RIGHT_TO_LEFT.search("".join(glyphs.texts[index] for index in line))
    ]


def _part_words(glyphs: Glyphs, line: list[int]) -> None:
    """Put a space where two text objects are as far apart as words, and letters are not."""
    pairs = [pair for pair in pairwise(line) if not any(glyphs.texts[index].isspace() for index in pair)]
    gaps = {pair: gap for pair in pairs if (gap := _gap(*map(glyphs.area, pair))) is not None}
    if not gaps:
        return
    usual = max(sorted(gaps.values())[len(gaps) // 2], 0.0)
    for (first, second), gap in gaps.items():
        is_word = glyphs.texts[first][-1].isalnum() and glyphs.texts[second][0].isalnum()
        if is_word and gap > usual + _OBJECT_GAP and glyphs.owner(first) != glyphs.owner(second):
            glyphs.texts[second] = f" {glyphs.texts[second]}"


def _order(glyphs: Glyphs, line: list[int]) -> None:
    """Order a line that begins with a space and ends left of its beginning.

    pdfium gives rows so whose columns have spaces before them that begin left of the first column. Where those spaces lie says
    nothing, so gaps part the words.
    """
    shown = [index for index in line if not glyphs.texts[index].isspace()]
    if len(shown) <= 1 or not glyphs.texts[line[0]].isspace():
        return
    if glyphs.area(shown[-1]).right > glyphs.area(shown[0]).left or _is_turned(glyphs.handle, shown[0]):
        return
    base, height = glyphs.area(shown[0]).bottom, _height(glyphs.area(shown[0]))
    if any(abs(glyphs.area(index).bottom - base) >= height / 4 for index in shown):
        return
    ordered = sorted(shown, key=lambda index: glyphs.area(index).left)
    texts = [glyphs.texts[ordered[0]]]
    for first, second in pairwise(ordered):
        texts.append(f" {glyphs.texts[second]}" if _is_word_gap(glyphs, first, second) else glyphs.texts[second])
    for index in line:
        glyphs.texts[index] = ""
    for index, text in zip(shown, texts, strict=True):
        glyphs.texts[index] = text


def _gap(first: Area, second: Area) -> float | None:
    """Return how far apart two glyphs of one line and size are, in parts of their height; ``None`` for others."""
    height = _height(first)
    if height <= 0 or abs(first.bottom - second.bottom) > height / 10 or abs(height - _height(second)) > height / 10:
        return None
    return (second.left - first.right) / height


def _turn_lam_alef(glyphs: Glyphs) -> None:
    """Put lam before alef where one glyph stands for both: pdfium takes the order in which Arabic is drawn."""
    texts = glyphs.texts
    for index in range(len(texts) - 1):
        is_pair = texts[index] and texts[index] in _ARABIC_ALEF and texts[index + 1] == _LAM
        if is_pair and glyphs.area(index) == glyphs.area(index + 1):
            texts[index], texts[index + 1] = texts[index + 1], texts[index]


def _part_lines(glyphs: Glyphs) -> None:
    """End a line where the next glyph stands above or below all of it, which pdfium overlooks when lines are far apart."""
    last = -1
    for index, text in enumerate(glyphs.texts):
        if not text or glyphs.is_added(index) or combining(text[0]):
            if text.endswith("\n"):
                last = -1
            continue
        if last >= 0 and _are_far_apart(glyphs.area(last), glyphs.area(index)):
            glyphs.texts[index] = f"\n{text}"
        last = index


def _are_far_apart(first: Area, second: Area) -> bool:
    return first.bottom > second.top or second.bottom > first.top


def _combine_accents(glyphs: Glyphs) -> None:
    for index, text in enumerate(glyphs.texts):
        mark = _ACCENTS.get(text)
        if mark is not None and (base := _letter_under(glyphs, index, mark)) is not None:
            glyphs.texts[base] = _add_accent(glyphs.texts[base], mark)
            glyphs.texts[index] = ""
            _close_gap(glyphs, index)


def _letter_under(glyphs: Glyphs, accent: int, mark: str) -> int | None:
    """Return the letter that an accent stands over: one near it in the text, else one of the same or the next line."""
    over = glyphs.area(accent)
    middle = _middle(over)
    for reach in (_NEAR, _FAR):
        indices = range(max(accent - reach, 0), min(accent + reach + 1, len(glyphs)))
        under = [index for index in indices if index != accent and _is_over(over, glyphs.area(index))]
        found = [index for index in under if _takes(glyphs.texts[index], mark)]
        if found:
            return min(found, key=lambda index: abs(_middle(glyphs.area(index)) - middle))
        if under:
            # It stands over something that takes no accent: a symbol.
            return None
    return None


def _is_over(over: Area, under: Area) -> bool:
    """Whether an accent stands over a glyph, both on one line."""
    is_level = abs(under.bottom - over.bottom) < (over.top - over.bottom) / 2
    return is_level and under.left <= _middle(over) <= under.right and under.right > under.left


def _takes(letter: str, mark: str) -> bool:
    """Whether a letter and an accent are one character together."""
    return len(letter) == 1 and letter.isalpha() and len(_add_accent(letter, mark)) == 1


def _add_accent(letter: str, mark: str) -> str:
    return normalize("NFC", _DOTLESS.get(letter, letter) + mark)


def _middle(area: Area) -> float:
    return (area.left + area.right) / 2


def _close_gap(glyphs: Glyphs, accent: int) -> None:
    """Take out the spaces that pdfium added around an accent, but for one between two words."""
    first, last = accent, accent
    while first > 0 and glyphs.is_added(first - 1) and glyphs.texts[first - 1] in ("", " "):
        first -= 1
    while last + 1 < len(glyphs) and glyphs.is_added(last + 1) and glyphs.texts[last + 1] in ("", " "):
        last += 1
    spaces = [index for index in range(first, last + 1) if index != accent]
    for index in spaces:
        glyphs.texts[index] = ""
    if spaces and first > 0 and last + 1 < len(glyphs) and _is_word_gap(glyphs, first - 1, last + 1):
        glyphs.texts[spaces[0]] = " "


def _is_word_gap(glyphs: Glyphs, first: int, second: int) -> bool:
    before, after = glyphs.area(first), glyphs.area(second)
    return after.left - before.right > _WORD_GAP * (before.top - before.bottom)


def _spell_ligature_codes(glyphs: Glyphs) -> None:
    """Spell ligatures that stand beside a letter, unless more codes on the page stand for something else."""
    found = dict[int, str]()
    others = 0
    for index, text in enumerate(glyphs.texts):
        code = ord(text) if len(text) == 1 else glyphs.code(index) if not text else 0
        letters = _LIGATURE_CODES.get(code)
        if letters is not None and _is_beside_letter(glyphs, index) and _is_drawn_by_code(glyphs, index):
            found[index] = letters
        elif code == _RETURN and not glyphs.is_added(index):
            glyphs.texts[index] = "\n"
        elif text and _CONTROL.match(text):
            others += 1
    if len(found) > others:
        for index, letters in found.items():
            glyphs.texts[index] = letters


def _is_drawn_by_code(glyphs: Glyphs, index: int) -> bool:
    """Whether something is drawn for a code of which the font does not tell what it means. An end of a line draws nothing."""
    return glyphs.lacks_meaning(index) and glyphs.has_ink(index)


def _is_beside_letter(glyphs: Glyphs, index: int) -> bool:
    """Whether a glyph stands beside a letter of its own font. In fonts of symbols the same codes are quotation marks."""
    around = [place for place in (index - 1, index + 1) if 0 <= place < len(glyphs) and glyphs.texts[place].isalpha()]
    return bool(around) and glyphs.font(index) in map(glyphs.font, around)


def _show_soft_hyphens(glyphs: Glyphs) -> None:
    """Keep a soft hyphen that can be seen, as a hyphen; leave out others."""
    for index, text in enumerate(glyphs.texts):
        if text == _SOFT_HYPHEN:
            glyphs.texts[index] = "-" if glyphs.has_ink(index) else ""


def _join_spaced_letters(glyphs: Glyphs) -> None:
    """Leave spaces only where glyphs are farther apart than letters of a word are on this page.

    Lines whose words have several letters stay as they are: on a page of single characters (a table of a font) these are
    titles.
    """
    pairs = list[tuple[int, int, float]]()
    for line in _lines_of_letters(glyphs):
        for first, second in pairwise(line):
            gap = glyphs.area(second).left - glyphs.area(first).right
            pairs.append((first, second, gap / max(_height(glyphs.area(second)), 1.0)))
    if not pairs or sorted(gap for _, _, gap in pairs)[len(pairs) // 2] >= _COLUMN_GAP:
        return
    limit = _word_gap([gap for _, _, gap in pairs])
    for first, second, gap in pairs:
        for index in range(first + 1, second):
            glyphs.texts[index] = ""
        if gap > limit:
            glyphs.texts[second] = f" {glyphs.texts[second]}"


def _lines_of_letters(glyphs: Glyphs) -> Iterator[list[int]]:
    """Yield the glyphs of each line that has hardly any word of several letters, without spaces."""
    first = 0
    for end in (*(index for index, text in enumerate(glyphs.texts, 1) if text.endswith("\n")), len(glyphs)):
        words = _WORD.findall("".join(glyphs.texts[first:end]))
        if sum(len(word) > 1 for word in words) <= len(words) * _OTHER_WORDS:
            yield [index for index in range(first, end) if glyphs.texts[index].strip()]
        first = end


def _word_gap(gaps: list[float]) -> float:
    """Return the gap that parts those between letters from those between words: nearer to the first.

    Gaps between words differ more than those between letters do, where lines are justified.
    """
    kept = [min(gap, 1.0) for gap in gaps]
    letters = sorted(kept)[len(kept) // 2]
    words = letters + 2 * _WORD_GAP
    for _ in range(_ROUNDS):
        limit = letters + _CLOSER * (words - letters)
        near, far = [gap for gap in kept if gap <= limit], [gap for gap in kept if gap > limit]
        letters = sum(near) / len(near) if near else letters
        words = sum(far) / len(far) if far else words
    return max(letters + _CLOSER * (words - letters), letters + _WORD_GAP)


def _height(area: Area) -> float:
    return area.top - area.bottom
