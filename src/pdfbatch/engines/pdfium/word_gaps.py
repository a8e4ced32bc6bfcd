"""Spaces and ends of lines between glyphs that pdfium gets wrong where a writer places each word, or each letter, by itself.

On a page of few lines it may take the direction of writing for that from top to bottom: then each letter ends a line. And it
overlooks the gap between two words where letters are drawn closer than their font has them, and between Korean ones.
"""

import re
from itertools import pairwise
from typing import Any

from pdfbatch.engines.pdfium.glyphs import Glyphs, find_index, glyph_area

Handle = Any
"""A pointer from pdfium."""

# A text with an end of a line (two characters) to so many others is broken, or a column of single characters.
_BROKEN = 5
# In parts of the height of the font. Words are that far apart, letters of a word less.
_WORD_GAP = 0.15
# Two glyphs of one line overlap by half of the lower one's height, and the next one begins about where the last one ends.
_LEVEL, _BACK = 0.5, 0.25
_HANGUL = "\u1100-\u11ff\uac00-\ud7a3"
# Korean has a space after three syllables, with few exceptions after eight.
_HANGUL_ROW = re.compile(f"[{_HANGUL}]{{12}}")
# Syllables of each text of some length, or the parts of them, begin so in UTF-8. To look for bytes is faster than any pattern.
_HANGUL_BYTES = b"\xeb", b"\xec", b"\xe1\x84"
_LIST, _COMMA_AND_LETTER = re.compile(r"[^\W\d_][,;](?=[a-z])"), b",a"
_KINDS = bytes(44 if byte in b",;" else 97 if 97 <= byte <= 122 else 46 for byte in range(256))
_PLACES = 8


def is_broken(text: str) -> bool:
    """Return whether so many lines have a character or two that pdfium may have broken them."""
    return text.count("\n") * _BROKEN > len(text)


def may_lack_spaces(text: str) -> bool:
    """Return whether a text has a sign that spaces are missing: a comma before a letter, or a long Korean word."""
    data = text.encode("utf-8", "replace")
    if _COMMA_AND_LETTER in data.translate(_KINDS):
        return True
    return any(first in data for first in _HANGUL_BYTES) and _HANGUL_ROW.search(text) is not None


def lacks_spaces(handle: Handle, text: str) -> bool:
    """Return whether glyphs at a few of these places are as far apart as words are."""
    places = list[tuple[int, int]]()
    for pattern in (_LIST, _HANGUL_ROW):
        for number, found in enumerate(pattern.finditer(text)):
            if number == _PLACES:
                break
            places.append((found.end() - 1, found.end()) if pattern is _LIST else found.span())
    return any(_has_word_gap(handle, text, *place) for place in places)


def join_lines(glyphs: Glyphs) -> None:
    """Take out ends of lines between glyphs that stand side by side."""
    last, end = -1, -1
    for index, text in enumerate(glyphs.texts):
        if text == "\n":
            end = index
        elif text.strip():
            if last >= 0 and end > last and glyphs.is_added(end):
                gap = _gap(glyphs, last, index)
                if gap is not None:
                    _clear(glyphs, last + 1, index)
                    glyphs.texts[end] = " " if gap > _WORD_GAP else ""
            last = index


def part_words(glyphs: Glyphs) -> None:
    """Put a space where glyphs of a line are as far apart as words, and most are not."""
    line = list[int]()
    for index, text in enumerate(glyphs.texts):
        if text:
            line.append(index)
        if text.endswith("\n") or index == len(glyphs) - 1:
            _part_line(glyphs, line)
            line = []


def _part_line(glyphs: Glyphs, line: list[int]) -> None:
    pairs = [pair for pair in pairwise(line) if not any(glyphs.texts[index].isspace() for index in pair)]
    gaps = {pair: gap for pair in pairs if (gap := _gap(glyphs, *pair)) is not None}
    if not gaps:
        return
    usual = max(sorted(gaps.values())[len(gaps) // 2], 0.0)
    for (first, second), gap in gaps.items():
        if gap > usual + _WORD_GAP and _are_words(glyphs.texts[first], glyphs.texts[second]):
            glyphs.texts[second] = f" {glyphs.texts[second]}"


def _are_words(first: str, second: str) -> bool:
    """Whether two glyphs may end and begin a word of a script that has spaces between words."""
    if not second[0].isalpha() or not (first[-1].isalnum() or first[-1] in ",;"):
        return False
    return all(text < "\u0590" or re.match(f"[{_HANGUL}]", text) for text in (first[-1], second[0]))


def _gap(glyphs: Glyphs, first: int, second: int) -> float | None:
    """Return how far behind a glyph another one stands, in parts of their height; ``None`` where not in one line."""
    before, after = glyphs.area(first), glyphs.area(second)
    height = max(before.top - before.bottom, after.top - after.bottom)
    shared = min(before.top, after.top) - max(before.bottom, after.bottom)
    if height <= 0 or shared < _LEVEL * min(before.top - before.bottom, after.top - after.bottom):
        return None
    gap = (after.left - before.right) / height
    return gap if gap > -_BACK or after.left > before.left else None


def _has_word_gap(handle: Handle, text: str, start: int, end: int) -> bool:
    areas = [
        glyph_area(handle, find_index(handle, text, place)) for place in range(start, end + 1) if place < len(text)
    ]
    return any(
        0 < _WORD_GAP * (first.top - first.bottom) < second.left - first.right for first, second in pairwise(areas)
    )


def _clear(glyphs: Glyphs, start: int, end: int) -> None:
    for index in range(start, end):
        glyphs.texts[index] = ""
