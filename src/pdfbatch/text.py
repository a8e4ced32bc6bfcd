"""Text that can be stored: what all engines and OCR engines do with the characters that they find."""


def storable_text(text: str) -> str:
    r"""Return the text without characters that cannot be stored; other text comes back unchanged.

    ``\r\n`` becomes ``\n``. NUL is left out, because PostgreSQL and C programs refuse it. A form feed becomes ``\n``, because
    form feeds separate the pages of an output. Two halves of a surrogate pair become one character, and a half without the
    other, which cannot be encoded, becomes U+FFFD.
    """
    text = text.replace("\r\n", "\n")
    if "\0" in text:
        text = text.replace("\0", "")
    if "\f" in text:
        text = text.replace("\f", "\n")
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
