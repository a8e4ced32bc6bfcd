"""Which text is stored: what every engine and OCR engine makes of the characters that it finds."""

import re

_ILL_SUITED = re.compile("[\0\f\ud800-\udfff]")


def storable_text(text: str) -> str:
    """The same text, fit to be stored as UTF-8 with pages parted by form feeds.

    ``\\r\\n`` becomes ``\\n``. NUL is left out: PostgreSQL and C programs refuse it. A form feed becomes ``\\n``, since
    form feeds part the pages of an output. Halves of a surrogate pair are put together; a half that stands alone cannot be
    encoded and becomes U+FFFD. Nothing else is changed; clean text comes back as it is.
    """
    text = text.replace("\r\n", "\n")
    if "\0" in text:
        text = text.replace("\0", "")
    if "\f" in text:
        text = text.replace("\f", "\n")
    return text if _is_encodable(text) else _paired(text)


def _is_encodable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _paired(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
