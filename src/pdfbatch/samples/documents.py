"""Sample PDFs with a text layer or blank pages, encrypted ones, and files that are no whole PDF, as bytes."""

import io
import re
from collections.abc import Sequence
from functools import cache

from pdfbatch.samples.writer import Sheet, build, text_operators

PageText = str | Sequence[str]
"""The text of a page: one string, or its lines."""

_TINY_MARK = b"0000000000"
_FILE_ID = b"pdfbatch samples"
_FILE_IDS = re.compile(rb"/ID \[ (<\w+>) <\w+> \]")


def text_pdf(pages: Sequence[PageText], *, title: str = "", table: bool = False) -> bytes:
    """Return a born-digital PDF; ``table`` sets it in Courier, so that columns line up."""
    return build([_text_sheet(page, table=table) for page in pages], title=title)


def blank_pdf(pages: int = 1) -> bytes:
    """Return a PDF whose pages have nothing on them."""
    return build([Sheet()] * pages)


def encrypted_pdf(pages: Sequence[PageText], *, password: str = "") -> bytes:
    """Return a born-digital PDF, encrypted by RC4 with 128 bits; with an empty password only changes are locked."""
    from pypdf import PdfWriter  # noqa: PLC0415 (most samples need no pypdf)
    from pypdf.constants import UserAccessPermissions as Permissions  # noqa: PLC0415 (as above)

    plain, file = build([_text_sheet(page) for page in pages], file_id=_FILE_ID), io.BytesIO()
    writer = PdfWriter(clone_from=io.BytesIO(plain))
    allowed = Permissions.all() & ~(Permissions.MODIFY | Permissions.ADD_OR_MODIFY)
    writer.encrypt(password, f"owner of {password}", algorithm="RC4-128", permissions_flag=allowed)
    writer.write(file)
    # pypdf derives the key from the first half of the ID and makes the second one up: repeat the first, so that the same
    # call gives the same bytes.
    return _FILE_IDS.sub(rb"/ID [ \1 \1 ]", file.getvalue())


def tiny_pdf(number: int) -> bytes:
    """Return a one-page PDF that says its number, in microseconds. Each number below ten billion gives other bytes."""
    head, tail = _tiny_parts()
    return b"%s%010d%s" % (head, number, tail)


def truncate(pdf: bytes, share: float = 0.5) -> bytes:
    """Return the first part of a PDF, as a broken transfer leaves it."""
    return pdf[: int(len(pdf) * share)]


def html_page() -> bytes:
    """Return an error page of a web server, which is often found under a PDF's name."""
    return b"<!doctype html>\n<html><head><title>403</title></head><body><h1>403 Forbidden</h1></body></html>\n"


def lines_of(page: PageText) -> list[str]:
    """Return the lines of a page."""
    return page.splitlines() if isinstance(page, str) else list(page)


def _text_sheet(page: PageText, *, table: bool = False) -> Sheet:
    return Sheet(content=text_operators(lines_of(page), table=table))


@cache
def _tiny_parts() -> tuple[bytes, bytes]:
    head, tail = text_pdf([f"Receipt {_TINY_MARK.decode()}"]).split(_TINY_MARK + b")")
    return head, b")" + tail
