"""An engine that is pypdf alone, of any version, without the limits that pdfbatch's own engine sets."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from pdfbatch.errors import Cause, DocumentError
from pdfbatch.model import DocumentExtras
from pdfbatch.ports import Box, OpenDocument, OpenPage, PageFacts

if TYPE_CHECKING:
    from PIL.Image import Image
    from pypdf import PageObject, PdfReader


@dataclass(frozen=True, slots=True)
class BarePypdfEngine:
    """Read with ``PdfReader`` and ``extract_text``, and nothing else."""

    @property
    def name(self) -> str:
        return "bare-pypdf"

    @property
    def version(self) -> str:
        return version("pypdf")

    @contextmanager
    def open(
        self, source: str | bytes, *, password: str | None = None, annotations: bool = True
    ) -> Generator[OpenDocument]:
        import io

        from pypdf import PdfReader

        try:
            reader = PdfReader(io.BytesIO(source) if isinstance(source, bytes) else source)
            count = len(reader.pages)
        except Exception as error:
            raise DocumentError(f"{type(error).__name__}: {error}", cause=Cause.MALFORMED) from error
        yield _Document(reader, count)


@dataclass(frozen=True, slots=True)
class _Document:
    reader: "PdfReader"
    page_count: int

    @property
    def metadata(self) -> Mapping[str, str]:
        return {}

    @property
    def extras(self) -> DocumentExtras:
        return DocumentExtras()

    @contextmanager
    def page(self, number: int) -> Generator[OpenPage]:
        yield _Page(self.reader.pages[number - 1])


@dataclass(frozen=True, slots=True)
class _Page:
    page: "PageObject"

    def text(self) -> str:
        return self.page.extract_text().encode("utf-8", "replace").decode()

    def text_boxes(self) -> Sequence[Box]:
        return ()

    def facts(self) -> PageFacts:
        return PageFacts(width=595, height=842, images=1)

    def image(self, dpi: float) -> "Image":
        raise DocumentError("pypdf draws no pages")
