"""Pages rendered by pdfium for the bare OCR loops."""

from typing import TYPE_CHECKING

from benchmarks.pdfium import open_document
from benchmarks.workload import Item

if TYPE_CHECKING:
    from PIL.Image import Image


def render_page(item: Item) -> "Image":
    """Return the page in grey at the item's resolution."""
    document = open_document(item.path)
    try:
        page = document[item.page - 1]
        bitmap = page.render(scale=item.dpi / 72, grayscale=True)
        image = bitmap.to_pil().copy()
        bitmap.close()
        page.close()
        return image
    finally:
        document.close()
