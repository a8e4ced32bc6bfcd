"""Types for the part of pypdfium2 that the loops and peers use. It adds no behaviour."""

from typing import TYPE_CHECKING, Protocol, cast

import pypdfium2

if TYPE_CHECKING:
    from PIL.Image import Image


class Bitmap(Protocol):
    """A rendered page."""

    def to_pil(self) -> "Image": ...

    def close(self) -> None: ...


class TextPage(Protocol):
    """The text of a page."""

    def get_text_range(self) -> str: ...

    def close(self) -> None: ...


class Page(Protocol):
    """An open page."""

    def get_textpage(self) -> TextPage: ...

    def render(self, *, scale: float, grayscale: bool) -> Bitmap: ...

    def close(self) -> None: ...


class Document(Protocol):
    """An open document."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Page: ...

    def close(self) -> None: ...


def open_document(path: str) -> Document:
    """Open a document."""
    return cast("Document", pypdfium2.PdfDocument(path))
