"""A small case file on disk: the documents that ``pdfbatch demo`` reads."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from pdfbatch.samples.documents import blank_pdf, encrypted_pdf, html_page, text_pdf
from pdfbatch.samples.prose import ledger, letter, memo, report_page
from pdfbatch.samples.scanned import mixed_pdf, scanned_pdf


def write_samples(folder: str | Path) -> list[Path]:
    """Write a case file of 13 documents (36 pages, and one file that is no PDF) below ``folder``; return its paths."""
    paths: list[Path] = []
    for name, data in chain(_born_digital(), _scans(), _oddities()):
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        paths.append(path)
    return paths


def _born_digital() -> Iterator[tuple[str, bytes]]:
    yield "letters/2019-03-18 Okafor to Harbourline.pdf", text_pdf([letter(1)], title="Letter of 18 March")
    yield "letters/2019-03-26 Harbourline in reply.pdf", text_pdf([letter(2), letter(3)], title="Reply")
    yield "letters/2019-04-09 letter before action.pdf", text_pdf([letter(4)], title="Letter before action")
    yield "memos/2019-03-15 night shift, bay seven.pdf", text_pdf([memo(1)], title="Night shift, bay seven")
    yield (
        "accounts/ledger 2019, folios 1-2.pdf",
        text_pdf([ledger(0), ledger(1)], title="Ledger 2019", table=True),
    )
    pages = [report_page(1, number) for number in range(1, 21)]
    yield "reports/Meridian survey of the cold store.pdf", text_pdf(pages, title="Report of survey")


def _scans() -> Iterator[tuple[str, bytes]]:
    yield "scans/delivery note 0417.pdf", scanned_pdf([letter(5)], dpi=200, encoding="fax")
    yield "scans/statement of T. Abernathy.pdf", scanned_pdf([memo(2), memo(3)], skew_degrees=0.7, noise=24, seed=1)
    yield "scans/invoice, filed sideways.pdf", scanned_pdf([letter(6)], rotate=90, encoding="flate")
    yield "bundles/exhibit C.pdf", mixed_pdf([letter(7), memo(4)], [letter(8)], stamp="EXHIBIT C-")


def _oddities() -> Iterator[tuple[str, bytes]]:
    yield "bundles/separator sheet.pdf", blank_pdf()
    yield "memos/minutes, locked against changes.pdf", encrypted_pdf([memo(5)])
    yield "letters/attachment (1).pdf", html_page()
