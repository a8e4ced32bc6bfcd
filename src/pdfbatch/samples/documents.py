"""Sample PDFs of each kind, as bytes: born digital, scanned, mixed, blank, encrypted and broken."""

from collections.abc import Sequence
from functools import cache

from pdfbatch.samples.encryption import standard_cipher
from pdfbatch.samples.writer import Sheet, build, text_operators

PageText = str | Sequence[str]
"""The text of a page: one string, or its lines."""

_TINY_MARK = b"0000000000"


def text_pdf(pages: Sequence[PageText], *, title: str = "", table: bool = False) -> bytes:
    """A born-digital PDF; ``table`` sets it in Courier, so that columns line up."""
    return build([_text_sheet(page, table=table) for page in pages], title=title)


def blank_pdf(pages: int = 1) -> bytes:
    """A PDF whose pages have nothing on them."""
    return build([Sheet()] * pages)


def encrypted_pdf(pages: Sequence[PageText], *, password: str = "") -> bytes:
    """A born-digital PDF under RC4; with an empty password anyone can read it, and only changes are locked."""
    cipher = standard_cipher(password, f"owner of {password}")
    return build([_text_sheet(page) for page in pages], cipher=cipher)


def tiny_pdf(number: int) -> bytes:
    """A one-page PDF that says its number: a different one for each number below ten billion, in a few microseconds."""
    head, tail = _tiny_parts()
    return b"%s%010d%s" % (head, number, tail)


def truncated(pdf: bytes, share: float = 0.5) -> bytes:
    """The first part of a PDF, as a broken transfer leaves it."""
    return pdf[: int(len(pdf) * share)]


def html_page() -> bytes:
    """An error page of a web server, as it is found under a PDF's name."""
    return b"<!doctype html>\n<html><head><title>403</title></head><body><h1>403 Forbidden</h1></body></html>\n"


def lines_of(page: PageText) -> list[str]:
    """The lines of a page."""
    return page.splitlines() if isinstance(page, str) else list(page)


def _text_sheet(page: PageText, *, table: bool = False) -> Sheet:
    return Sheet(content=text_operators(lines_of(page), table=table))


@cache
def _tiny_parts() -> tuple[bytes, bytes]:
    head, tail = text_pdf([f"Receipt {_TINY_MARK.decode()}"]).split(_TINY_MARK + b")")
    return head, b")" + tail
