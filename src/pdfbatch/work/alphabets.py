"""Texts in Cyrillic or Greek whose letters have come out as Latin ones with accents, such as "Íàáîð".

A font without a map to Unicode, as TeX makes them, shows bytes of an old encoding, and readers of PDFs take them for Latin-1.
Which encoding it was tells the frequency of letters.
"""

import re
from functools import cache

_ENCODINGS = "cp1251", "koi8_r", "iso8859_5", "cp1253"
# The small letters that are most frequent in running text: six to seven of ten are one of these, in a wrong encoding four.
_FREQUENT = {"cp1253": frozenset("αάεέηήιίοόνρςστυ")}
_FREQUENT_CYRILLIC = frozenset("оеаинтсрвл")
_LEAST_SHARE, _CLEARLY_MORE = 0.5, 0.1
# In a Latin script few longer words have accents on three of four letters ("ætíð"); here nearly all that have any.
_WORD, _HIGH_LETTER = re.compile("[A-Za-z\xa1-\xff]+"), re.compile("[\xc0-\xff]")
_LONG, _MOSTLY_HIGH, _MOST_WORDS = 4, 0.75, 0.8
_SAMPLE, _LEAST_LETTERS = 4_000, 40
# TeX's encoding of Cyrillic has the letters where Windows' has them, but for this one.
_OTHERWISE = {"cp1251": {0xBC: "ё"}}


def correct_alphabet(text: str) -> str:
    """Return a text with the letters that were meant; an empty one if it has no such letters, or it is not clear which."""
    sample = text[:_SAMPLE]
    if len(_HIGH_LETTER.findall(sample)) < _LEAST_LETTERS:
        return ""
    accented = [word for word in _WORD.findall(sample) if len(word) >= _LONG and _HIGH_LETTER.search(word)]
    letters = "".join(word for word in accented if _high_share(word) >= _MOSTLY_HIGH)
    if len(letters) < max(_LEAST_LETTERS, sum(map(len, accented)) * _MOST_WORDS):
        return ""
    shares = sorted((_frequent_share(letters, encoding), encoding) for encoding in _ENCODINGS)
    (second, _), (best, encoding) = shares[-2:]
    if best < max(_LEAST_SHARE, second + _CLEARLY_MORE):
        return ""
    return _WORD.sub(lambda found: _correct_word(found[0], encoding), text)


def _high_share(word: str) -> float:
    return len(_HIGH_LETTER.findall(word)) / len(word)


def _correct_word(word: str, encoding: str) -> str:
    return word.translate(_letters_of(encoding)) if _high_share(word) * 2 >= 1 else word


def _frequent_share(letters: str, encoding: str) -> float:
    meant = letters.translate(_letters_of(encoding))
    frequent = _FREQUENT.get(encoding, _FREQUENT_CYRILLIC)
    return sum(map(meant.count, frequent)) / len(letters)


@cache
def _letters_of(encoding: str) -> dict[int, str]:
    """Return the letters of an encoding by the codes that they have in Latin-1."""
    found = {code: bytes((code,)).decode(encoding, "replace") for code in range(0xA0, 0x100)}
    return {code: letter for code, letter in found.items() if letter.isalpha()} | _OTHERWISE.get(encoding, {})
