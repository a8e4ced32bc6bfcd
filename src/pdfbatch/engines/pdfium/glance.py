"""A glance at the text of a page, which settles most pages: what passes it needs no closer look."""

import re

from pdfbatch.engines.pdfium.mending import is_letter_spaced
from pdfbatch.engines.pdfium.word_gaps import is_broken

# Characters that are a sign although others begin with the same byte of UTF-8, by that byte: controls, accents that stand alone
# and the soft hyphen; rare characters of U+0460 to U+047F and of U+2C00 to U+4DBF. A pattern that begins with its byte is found
# fast.
_SIGNS = tuple(
    (pattern[:1], re.compile(pattern))
    for pattern in (
        b"\xc2[\x80-\x9f\xa8\xad\xaf\xb4\xb8]",
        b"\xd1[\xa0-\xbf]",
        b"\xe2[\xb0-\xb7]",
        b"\xe3[\x90-\xbf]",
        b"\xe4[\x80-\xb6]",
    )
)
# Bytes with which no sign begins. Not among them are the grave accent, and the beginnings of letters that are rare, or written
# from right to left.
_HARMLESS = frozenset(
    (
        *b"\t\r",
        *range(0x21, 0x60),
        *range(0x7B, 0x7F),
        *range(0xC3, 0xC9),
        *range(0xCD, 0xD2),
        *range(0xE5, 0xEA),
        0xEB,
        0xEC,
    )
)
_FIRST_OF_SIGNS = frozenset(first[0] for first, _ in _SIGNS)


def _kind_of(byte: int) -> int:
    """Return what a byte says: a letter, a capital, a space, a comma, the end of a line, "!" for a sign, or nothing."""
    if byte in b" \n,":
        return byte
    if byte == ord(";"):
        return ord(",")
    if chr(byte).isascii() and chr(byte).isalpha():
        return ord("a") if chr(byte).islower() else ord("A")
    return ord(".") if byte in _HARMLESS | _FIRST_OF_SIGNS or 0x80 <= byte < 0xC0 else ord("!")


_KINDS = bytes(map(_kind_of, range(256)))
_JOIN, _INDENT, _LIST = b"aA", b"\n ", b",a"
# Korean words may lack spaces.
_HANGUL = b"\xeb", b"\xec"


def is_clean(text: str) -> bool:
    """Return whether a text surely needs no closer look. Other texts may need none, either.

    It can be stored but for its ends of lines, and has no sign of what ``mending`` and ``meanings`` mend.
    """
    try:
        data = text.encode()
    except UnicodeEncodeError:
        return False
    kinds = data.translate(_KINDS)
    if b"!" in kinds or _JOIN in kinds or _INDENT in kinds or kinds.startswith(b" ") or _LIST in kinds:
        return False
    if _HANGUL[0] in data or _HANGUL[1] in data or is_broken(text):
        return False
    if any(first in data and signs.search(data) for first, signs in _SIGNS):
        return False
    return not is_letter_spaced(text)
