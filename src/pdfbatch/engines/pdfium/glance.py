"""A glance at the text of a page, which settles most pages: what passes it needs no closer look."""

import re

from pdfbatch.engines.pdfium.mending import is_letter_spaced

# Controls, accents that stand alone and the soft hyphen; characters of U+2C00 to U+4DBF that are rare.
_SIGNS = re.compile(rb"\xc2[\x80-\x9f\xa8\xad\xaf\xb4\xb8]|\xe2[\xb0-\xb7]|\xe3[\x90-\xbf]|\xe4[\x80-\xb6]")
# The bytes of UTF-8 with which characters begin that are no sign of anything, and those with which some begin that are. Not
# among them are the grave accent, letters that are written from right to left, and rare ones.
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
_UNSURE = frozenset((0xC2, 0xE2, 0xE3, 0xE4))


def _kind_of(byte: int) -> int:
    """Return what a byte says: a letter, a capital, a space, the end of a line, "!" for a sign, "?" where there may be one."""
    if byte in b" \n":
        return byte
    if chr(byte).isascii() and chr(byte).isalpha():
        return ord("a") if chr(byte).islower() else ord("A")
    if byte in _UNSURE:
        return ord("?")
    return ord(".") if byte in _HARMLESS or 0x80 <= byte < 0xC0 else ord("!")


_KINDS = bytes(map(_kind_of, range(256)))
_JOIN, _INDENT = b"aA", b"\n "


def is_clean(text: str) -> bool:
    """Return whether a text surely needs no closer look. Other texts may need none, either.

    It can be stored but for its ends of lines, and has no sign of what ``mending`` and ``meanings`` mend.
    """
    try:
        data = text.encode()
    except UnicodeEncodeError:
        return False
    kinds = data.translate(_KINDS)
    if b"!" in kinds or _JOIN in kinds or _INDENT in kinds or kinds.startswith(b" "):
        return False
    return not (b"?" in kinds and _SIGNS.search(data)) and not is_letter_spaced(text)
