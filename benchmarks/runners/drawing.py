"""A page drawn by pdfium, and nothing else: what the bare OCR loops read."""

from typing import TYPE_CHECKING

from benchmarks.job import Item
from benchmarks.pdfium import opened

if TYPE_CHECKING:
    from PIL.Image import Image


def drawn(item: Item) -> "Image":
    """The page in grey at the item's resolution."""
    document = opened(item.path)
    try:
        page = document[item.page - 1]
        bitmap = page.render(scale=item.dpi / 72, grayscale=True)
        image = bitmap.to_pil().copy()
        bitmap.close()
        page.close()
        return image
    finally:
        document.close()
