"""The work of a worker on one task: open, read, recognize, split, write."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.work.document_work import DocumentWork
    from pdfbatch.work.page_rules import PREVIEW_DPI, Decision, decide, is_blank, needs_inspection
    from pdfbatch.work.resolution import dpi_for
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        document_work="DocumentWork",
        page_rules="PREVIEW_DPI Decision decide is_blank needs_inspection",
        resolution="dpi_for",
    )

__all__ = [
    "PREVIEW_DPI",
    "Decision",
    "DocumentWork",
    "decide",
    "dpi_for",
    "is_blank",
    "needs_inspection",
]
