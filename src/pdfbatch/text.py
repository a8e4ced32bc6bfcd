"""Text that can be stored: what all engines and OCR engines do with the characters that they find."""

import re

_ILL_SUITED = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_WINDOWS = re.compile(r"(?<=\w)[\x80-\x9f]|[\x80-\x9f](?=\w)")
_MEANINGS = {"\0": "", "\f": "\n", "\v": "\n"}
_UNKNOWN = "\ufffd"


# Bytes of UTF-8 that a text may have without a closer look: printable ASCII but for the grave accent, and all bytes of
# letters of the Latin, Greek and Cyrillic scripts, of general punctuation and symbols, and of most East Asian characters.
_ORDINARY_BYTES = bytes(
    [
        *(*b"\t\n\r", *range(0x20, 0x60), *range(0x61, 0x7F), *range(0x80, 0xC0)),
        *(*range(0xC3, 0xCB), *range(0xCD, 0xD2), *range(0xE1, 0xED)),
    ]
)
# Of Latin-1 beyond ASCII: controls, accents that stand alone, and the soft hyphen.
_ODD_LATIN = re.compile(b"\xc2[\x80-\x9f\xa8\xad\xaf\xb4\xb8]")


def is_ordinary(text: str) -> bool:
    """Return whether a text surely has nothing that must be looked at more closely. Faster than a regular expression.

    An ordinary text can be stored as it is but for its ends of lines. It has no control or private-use character, no U+FFFD,
    no soft hyphen, no accent that stands alone and no letter that is written from right to left. Other texts may have none,
    either.
    """
    try:
        data = text.encode()
    except UnicodeEncodeError:
        return False
    left = data.translate(None, _ORDINARY_BYTES)
    return not left or (not left.strip(b"\xc2") and _ODD_LATIN.search(data) is None)


def storable_text(text: str) -> str:
    r"""Return the text without characters that cannot be stored or that XML forbids; other text comes back unchanged.

    ``\r\n`` and ``\r`` become ``\n``. NUL is left out, because PostgreSQL and C programs refuse it. A form feed becomes ``\n``,
    because form feeds separate the pages of an output, and so does a vertical tab. The codes 0x80 to 0x9F beside a letter or
    digit mean what they mean in Windows-1252, as browsers read them. Where they stand alone, they are glyphs of unknown
    meaning, as are other control characters, U+FFFE and U+FFFF: these become U+FFFD. Two halves of a surrogate pair become
    one character, and a half without the other, which cannot be encoded, becomes U+FFFD.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _ILL_SUITED.search(text):
        text = _WINDOWS.sub(_decode_windows, text)
        text = _ILL_SUITED.sub(lambda found: _MEANINGS.get(found[0], _UNKNOWN), text)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _decode_windows(found: re.Match[str]) -> str:
    return found[0].encode("latin-1").decode("cp1252", "replace")
