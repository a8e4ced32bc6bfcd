"""The pypdf engine."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.engines.pypdf.engine import PypdfEngine
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        engine="PypdfEngine",
    )

__all__ = [
    "PypdfEngine",
]
