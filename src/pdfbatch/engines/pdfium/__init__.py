"""The pdfium engine."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.engines.pdfium.engine import PdfiumEngine
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        engine="PdfiumEngine",
    )

__all__ = [
    "PdfiumEngine",
]
