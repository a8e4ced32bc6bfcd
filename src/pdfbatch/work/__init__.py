"""The work of a worker on one task: open, read, recognize, split, write."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.work.document_work import DocumentWork
    from pdfbatch.work.language import guess_language, is_gibberish
    from pdfbatch.work.language_choice import first_language
    from pdfbatch.work.page_reader import PageReader
    from pdfbatch.work.page_rules import PREVIEW_DPI, Decision, decide, dpi_for, is_blank, needs_inspection
    from pdfbatch.work.second_opinion import SecondOpinion
    from pdfbatch.work.transform import check_transform
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        document_work="DocumentWork",
        page_reader="PageReader",
        second_opinion="SecondOpinion",
        language_choice="first_language",
        language="guess_language is_gibberish",
        page_rules="PREVIEW_DPI Decision decide dpi_for is_blank needs_inspection",
        transform="check_transform",
    )

__all__ = [
    "PREVIEW_DPI",
    "Decision",
    "DocumentWork",
    "PageReader",
    "SecondOpinion",
    "check_transform",
    "decide",
    "dpi_for",
    "first_language",
    "guess_language",
    "is_blank",
    "is_gibberish",
    "needs_inspection",
]
