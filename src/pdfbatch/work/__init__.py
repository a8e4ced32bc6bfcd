"""What a worker does to one task: open, read, recognize, split, write."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.work.document_work import DocumentWork
    from pdfbatch.work.page_rules import LOOK_DPI, Decision, decide, dpi_for, is_blank, suspicious
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        document_work="DocumentWork",
        page_rules="Decision LOOK_DPI decide dpi_for is_blank suspicious",
    )

__all__ = [
    "LOOK_DPI",
    "Decision",
    "DocumentWork",
    "decide",
    "dpi_for",
    "is_blank",
    "suspicious",
]
