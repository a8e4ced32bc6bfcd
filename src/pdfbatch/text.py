"""Which text is stored: what every engine and OCR engine makes of the characters that it finds."""

import re

_ILL_SUITED = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_WINDOWS = re.compile(r"(?<=\w)[\x80-\x9f]|[\x80-\x9f](?=\w)")
_UNKNOWN = "\ufffd"


def storable_text(text: str) -> str:
    """Return the same text, fit to be stored as UTF-8 with pages parted by form feeds, and fit for XML.

    ``\\r\\n`` and a lone ``\\r`` become ``\\n``. NUL is left out: PostgreSQL and C programs refuse it. A form feed and a
    vertical tab become ``\\n``, since form feeds part the pages of an output. The codes 0x80 to 0x9F beside a letter or digit mean
    what they mean in Windows-1252, as browsers read them. Where they stand alone, and other control characters, U+FFFE and
    U+FFFF anywhere, they are glyphs whose meaning is unknown: they become U+FFFD. Halves of a surrogate pair are put together; a half that stands alone cannot be encoded and becomes
    U+FFFD. Nothing else is changed; clean text comes back as it is.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _ILL_SUITED.search(text):
        text = _WINDOWS.sub(_windows_character, text)
        text = _ILL_SUITED.sub(_stored_character, text)
    return text if _is_encodable(text) else _pair_surrogates(text)


def _stored_character(found: re.Match[str]) -> str:
    character = found[0]
    if character == "\0":
        return ""
    if character in "\f\v":
        return "\n"
    return _UNKNOWN


def _windows_character(found: re.Match[str]) -> str:
    return found[0].encode("latin-1").decode("cp1252", "replace")


def _is_encodable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _pair_surrogates(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
