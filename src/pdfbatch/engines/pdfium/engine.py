"""pdfium, through pypdfium2: the default text engine and the one that draws pages."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pdfbatch.engines.pdfium.document import PdfiumDocument


@dataclass(frozen=True, slots=True)
class PdfiumEngine:
    """Reads and draws with pdfium. Safe in threads, which take turns; processes work side by side."""

    @property
    def name(self) -> str:
        """``pdfium``."""
        return "pdfium"

    @property
    def version(self) -> str:
        """Version of pypdfium2, which brings a pdfium of its own."""
        from importlib.metadata import version  # noqa: PLC0415 (30 modules, and workers do not ask)

        return version("pypdfium2")

    def __reduce__(self) -> "tuple[Callable[[], PdfiumEngine], tuple[()]]":
        """Where it arrives in a pickle, documents will be opened: pypdfium2 is loaded there, before any worker is forked."""
        return _arrived, ()

    def open(self, source: str | bytes, *, password: str | None = None) -> "AbstractContextManager[PdfiumDocument]":
        """Open a local path or the bytes of a PDF; the empty password is tried after the one given.

        Raises ``DocumentError`` (``empty_input``, ``not_a_pdf``, ``malformed``, ``password_required``, a storage cause).
        """
        from pdfbatch.engines.pdfium.document import opened  # noqa: PLC0415 (a twentieth of a second, which the parent is spared)

        return opened(source, password)


def _arrived() -> PdfiumEngine:
    import_module("pdfbatch.engines.pdfium.document")
    return PdfiumEngine()
