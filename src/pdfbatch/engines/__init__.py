"""Text engines: PDF to text layer and page images."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.engines.errors import open_error
    from pdfbatch.engines.pdfium import PdfiumEngine
    from pdfbatch.engines.pypdf import PypdfEngine
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        errors="open_error",
        pdfium="PdfiumEngine",
        pypdf="PypdfEngine",
    )

__all__ = [
    "PdfiumEngine",
    "PypdfEngine",
    "open_error",
]
