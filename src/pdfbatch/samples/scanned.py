"""Sample PDFs with scanned pages. The same seed and the same Pillow give the same bytes."""

from collections.abc import Sequence

from pdfbatch.samples.documents import PageText, lines_of
from pdfbatch.samples.scans import Encoding, Scanner
from pdfbatch.samples.writer import Sheet, build, text_operators


def scanned_pdf(
    pages: Sequence[PageText],
    *,
    dpi: int = 200,
    skew_degrees: float = 0.0,
    noise: int = 0,
    rotate: int = 0,
    seed: int = 0,
    encoding: Encoding = "jpeg",
) -> bytes:
    """Return a PDF of pictures without a text layer; the settings are those of ``Scanner``."""
    scanner = Scanner(dpi=dpi, skew_degrees=skew_degrees, noise=noise, rotate=rotate, encoding=encoding)
    return build([_scan_sheet(page, scanner, seed=seed + number) for number, page in enumerate(pages)])


def mixed_pdf(
    text_pages: Sequence[PageText], scanned_pages: Sequence[PageText], *, stamp: str = "", dpi: int = 200, seed: int = 0
) -> bytes:
    """Return a PDF of born-digital pages, then scanned ones.

    A ``stamp`` is text on top of each scanned page, followed by the page's number ("EXHIBIT C-0003").
    """
    first = len(text_pages) + 1
    texts = [Sheet(content=text_operators(lines_of(page))) for page in text_pages]
    scans = [
        _scan_sheet(page, Scanner(dpi=dpi), seed=seed + number, stamp=f"{stamp}{number:04}" if stamp else "")
        for number, page in enumerate(scanned_pages, start=first)
    ]
    return build([*texts, *scans])


def _scan_sheet(page: PageText, scanner: Scanner, *, seed: int, stamp: str = "") -> Sheet:
    picture, size = scanner.scan(lines_of(page), seed=seed)
    content = text_operators([stamp], size=9, left=430, top=40) if stamp else b""
    return Sheet(content=content, picture=picture, size=size)
