"""The design that pdfbatch replaces: five threads, pypdf for the text layer, and where that is empty each page as an image
at 300 dpi to pytesseract, with tesseract's threads as they come.

pdfium draws the images, behind a lock; the original drew them with poppler, which is slower.
"""

import importlib
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol, cast

import pypdf

from benchmarks.job import Item, Job, Outcome, run
from benchmarks.pdfium import opened
from benchmarks.peers.pools import pooled

if TYPE_CHECKING:
    from PIL.Image import Image

THREADS = 5
DPI = 300
_DRAWING = threading.Lock()


class _Pytesseract(Protocol):
    def image_to_string(self, image: "Image", *, lang: str) -> str: ...


def read(item: Item) -> list[str]:
    """The text of each page; of all pages by OCR when there is no text layer."""
    texts = [page.extract_text() for page in pypdf.PdfReader(item.path).pages]
    if any(text.strip() for text in texts):
        return texts
    pytesseract = cast("_Pytesseract", importlib.import_module("pytesseract"))
    return [pytesseract.image_to_string(_image(item, index), lang=item.language) for index in range(len(texts))]


def batch(job: Job) -> Outcome:
    """All documents in five threads."""
    return pooled(job, read, ThreadPoolExecutor(THREADS))


def _image(item: Item, index: int) -> "Image":
    with _DRAWING:
        document = opened(item.path)
        try:
            return document[index].render(scale=DPI / 72, grayscale=False).to_pil().copy()
        finally:
            document.close()


if __name__ == "__main__":
    run(batch)
