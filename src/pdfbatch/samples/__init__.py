"""PDFs made in code, for a first look, for tests and for benchmarks. The same call gives the same bytes."""

from pdfbatch.samples.documents import blank_pdf, encrypted_pdf, html_page, text_pdf, tiny_pdf, truncate
from pdfbatch.samples.folder import write_samples
from pdfbatch.samples.prose import ledger, letter, memo, report_page
from pdfbatch.samples.scanned import mixed_pdf, scanned_pdf

__all__ = [
    "blank_pdf",
    "encrypted_pdf",
    "html_page",
    "ledger",
    "letter",
    "memo",
    "mixed_pdf",
    "report_page",
    "scanned_pdf",
    "text_pdf",
    "tiny_pdf",
    "truncate",
    "write_samples",
]
