"""The work of a worker on one task: open, read, recognize, split, write."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.work.document_work import DocumentWork
    from pdfbatch.work.page_reader import PageReader
    from pdfbatch.work.page_rules import PREVIEW_DPI, Decision, decide, dpi_for, is_blank
    from pdfbatch.work.second_opinion import SecondOpinion
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        document_work="DocumentWork",
        page_reader="PageReader",
        page_rules="PREVIEW_DPI Decision decide dpi_for is_blank",
        second_opinion="SecondOpinion",
    )

__all__ = [
    "PREVIEW_DPI",
    "Decision",
    "DocumentWork",
    "PageReader",
    "SecondOpinion",
    "decide",
    "dpi_for",
    "is_blank",
]
