"""Text that can be stored: what all engines and OCR engines do with the characters that they find."""

import re

_ILL_SUITED = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_WINDOWS = re.compile(r"(?<=\w)[\x80-\x9f]|[\x80-\x9f](?=\w)")
_MEANINGS = {"\0": "", "\f": "\n", "\v": "\n"}
_UNKNOWN = "\ufffd"


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
