"""The default text engine: pdfium, through pypdfium2. It also draws pages."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pdfbatch.engines.pdfium.document import PdfiumDocument


@dataclass(frozen=True, slots=True)
class PdfiumEngine:
    """Read and draw PDFs with pdfium. Threads may share it, but pdfium serves one at a time; processes work in parallel."""

    @property
    def name(self) -> str:
        """``pdfium``."""
        return "pdfium"

    @property
    def version(self) -> str:
        """Version of pypdfium2, which contains pdfium."""
        from importlib.metadata import version  # noqa: PLC0415 (it loads many modules, and workers do not need it)

        return version("pypdfium2")

    def __reduce__(self) -> "tuple[Callable[[], PdfiumEngine], tuple[()]]":
        """Unpickle by ``_unpickle``, which loads pypdfium2: the fork server then has it before it forks the workers."""
        return _unpickle, ()

    def open(
        self, source: str | bytes, *, password: str | None = None, annotations: bool = True
    ) -> "AbstractContextManager[PdfiumDocument]":
        """Open a local path or the bytes of a PDF. Try the empty password, too, if the given one does not open it.

        ``annotations=False`` leaves form fields and annotations out of texts, boxes, facts and images.

        Raises ``DocumentError`` (``empty_input``, ``not_a_pdf``, ``malformed``, ``password_required``, a storage cause).
        """
        from pdfbatch.engines.pdfium.document import open_document  # noqa: PLC0415 (slow to load, and the parent opens nothing)

        return open_document(source, password, annotations=annotations)


def _unpickle() -> PdfiumEngine:
    import_module("pdfbatch.engines.pdfium.document")
    return PdfiumEngine()
