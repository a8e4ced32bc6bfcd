"""Cheap signs that a text layer is no text that a reader could use. They compare two readings of one page, too."""

import re
from collections.abc import Sequence

from pdfbatch.text import is_ordinary
from pdfbatch.work.language import are_unspeakable, has_function_words, has_unspeakable_rows, is_gibberish, split_words

# A text layer whose glyphs mean nothing has these: control and private-use characters, and what stands for unknown ones.
_UNPRINTABLE = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff"
_PRIVATE_USE = "\ue000-\uf8ff\U000f0000-\U0010fffd"
_GARBAGE = re.compile(f"[{_UNPRINTABLE}{_PRIVATE_USE}\ufffd]")
_WORD = re.compile(r"[^\W\d_]+")
# Words of scripts that have spaces between words: a CJK text is one long word, and each of its characters may be one.
_ALPHABETIC_WORD = re.compile(r"(?:(?=[\0-\u058f])[^\W\d_])+")
_BYTES_OF_ALPHABETIC = bytes(range(0xD6))

# Some glyphs of a font without a map have the codes of letters: a passage may have a few between two signs of garbage.
_GARBAGE_BLOCK = re.compile(
    f"[{_UNPRINTABLE}{_PRIVATE_USE}\ufffd](?:[^{_UNPRINTABLE}{_PRIVATE_USE}\ufffd]{{0,3}}[{_UNPRINTABLE}{_PRIVATE_USE}\ufffd])+"
)
_BLOCK = 60
# Names of glyphs in place of what they mean: /g0035/C50/uni0041.
_GLYPH_NAMES = re.compile(r"(?:/[A-Za-z]{1,5}\d*[0-9A-F]{1,4})+(?=/|\s|$)")

_SAMPLE, _LONG_SAMPLE = 1_000, 4_000
_LEAST_CHARACTERS = 80
# Prose has 4 to 6 characters for each gap, a table of short numbers 3, letter-spaced words 2, words without spaces 20 and more.
_SHORT_WORDS, _LONG_WORDS = 2.6, 12.0
# Of Latin letters in nine languages these eight are 0.51 and more.
_FREQUENT = "eaintrso"
_FREQUENT_BYTES = (_FREQUENT + _FREQUENT.upper()).encode()
_FREQUENT_SHARE = 0.48
# Of visible characters, punctuation included.
_DOUBTFUL_SHARE = 0.45
_DIGITS = b"0123456789"
# Each in most pages of a language. Shorter ones would be in wrong alphabets, too, now and then.
_COMMON_WORDS = tuple(
    f" {word} "
    for words in (
        "the and for that with",
        "der die und den des von",
        "les des que pour dans est",
        "los las del para por una",
        "della che per non del",
        "het een van och att det som",
        "nie się jest",
    )
    for word in words.split()
)
_LEAST_WORDS, _LEAST_WORDS_OF_LANGUAGE = 40, 10
# 3,047 ordinary pages have at most 0.80.
_ONE_LETTER_SHARE = 0.85
_LONGEST_WORD = 30
_BEYOND_LATIN, _MOSTLY_LATIN = "\u0250", 0.7
# A letter of the others is about a word. Wrong maps lead to single ones among Latin letters.
_MOSTLY_ALPHABETIC = 0.9
# Formulas are of no language, either, but a third and more of their words are single letters.
_FORMULAS = 0.3
_DIFFERENT_WORDS = 12
_JOINED_SHARE = 0.3


def garbage_share(text: str) -> float:
    """Return the share of the visible characters that are U+FFFD, private-use or control characters, 0 to 1."""
    garbage = len(_GARBAGE.findall(text)) if has_garbage(text) else 0
    if not garbage:
        return 0.0
    plain = sum(map(len, _GARBAGE.sub("", text).split()))
    return garbage / (garbage + plain)


def has_garbage_block(text: str) -> bool:
    """Return whether a whole passage of a text is garbage, however good the rest is. Single bullets are no passage."""
    return any(sum(map(len, block[0].split())) >= _BLOCK for block in _GARBAGE_BLOCK.finditer(text))


def has_garbage(text: str) -> bool:
    """Return whether there is any garbage. Fast."""
    return not is_ordinary(text) and _GARBAGE.search(text) is not None


def is_doubtful(text: str) -> bool:
    """Return whether a text may be bad: letter-spaced, without spaces, or no language. Takes some microseconds.

    ``badness`` tells for sure, more slowly.
    """
    sample = text[:_SAMPLE]
    if len(sample) < _LEAST_CHARACTERS:
        return False
    gaps = sample.count(" ") + sample.count("\n") + 1
    if not _SHORT_WORDS * gaps <= len(sample) <= _LONG_WORDS * gaps:
        return True
    data = sample.encode(errors="replace")  # counts many letters in one pass
    frequent = len(data) - len(data.translate(None, _FREQUENT_BYTES))
    if frequent < (len(sample) - gaps) * _DOUBTFUL_SHARE:
        digits = len(data) - len(data.translate(None, _DIGITS))
        if frequent < (len(sample) - gaps - digits) * _DOUBTFUL_SHARE:
            return True
    # In some wrong alphabets, the letters in place of frequent ones are frequent ones, too.
    return not any(word in sample for word in _COMMON_WORDS) and has_unspeakable_rows(sample)


def badness(text: str) -> float:
    """Return how bad a text is: 0 when it has no sign of it, 1 when nobody could use it."""
    words = _split_alphabetic(text[:_LONG_SAMPLE])
    lengths = list(map(len, words))
    letters = sum(lengths)
    named = sum(map(len, _GLYPH_NAMES.findall(text))) if "/" in text else 0
    found = max(garbage_share(text), named / len(text) if named else 0.0)
    if len(words) >= _LEAST_WORDS:
        one_letter = lengths.count(1) / len(words)
        found = max(found, one_letter if one_letter >= _ONE_LETTER_SHARE else 0.0)
    if letters >= _LEAST_CHARACTERS and max(lengths) > _LONGEST_WORD:
        joined = sum(length for length in lengths if length > _LONGEST_WORD) / letters
        found = max(found, joined if joined >= _JOINED_SHARE else 0.0)
    return 1.0 if found < 1.0 and _is_cipher(words) else found


def is_language(text: str) -> bool:
    """Return whether a text of ten words or more surely is language, by its function words."""
    words = split_words(text)
    return len(words) >= _LEAST_WORDS_OF_LANGUAGE and has_function_words(words)


def _split_alphabetic(text: str) -> list[str]:
    """Return the words of alphabetic scripts. The pattern that leaves out others is slow, and most texts have no others.

    A text of other scripts has none: of what stands in it in Latin letters (names of programs, labels) little can be said.
    """
    words = _WORD.findall(text)
    joined = "".join(words)
    if not joined.encode().translate(None, _BYTES_OF_ALPHABETIC):
        return words
    alphabetic = _ALPHABETIC_WORD.findall(text)
    return alphabetic if sum(map(len, alphabetic)) >= len(joined) * _MOSTLY_ALPHABETIC else []


def _is_cipher(words: Sequence[str]) -> bool:
    """Return whether words are those of a font with a wrong map or none: as long as those of prose, and of no language."""
    latin = [word for word in words if word < _BEYOND_LATIN]
    if len(latin) < len(words) * _MOSTLY_LATIN or list(map(len, latin)).count(1) > len(latin) * _FORMULAS:
        return False
    if len(set(latin)) < _DIFFERENT_WORDS:
        return False
    joined = " ".join(latin).lower()
    # To count letters is much faster than to look for function words.
    frequent = sum(map(joined.count, _FREQUENT))
    is_odd = frequent < (len(joined) - len(latin)) * _FREQUENT_SHARE or are_unspeakable(joined.split())
    return is_odd and is_gibberish(joined)
