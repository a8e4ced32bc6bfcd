"""The design that pdfbatch replaces: five threads, pypdf for the text layer, pytesseract for documents without one.

Pages go to pytesseract as images of 300 dpi, and tesseract uses its own threads. pdfium draws the images behind a lock; the
original drew them with poppler, which is slower.
"""

import importlib
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol, cast

import pypdf

from benchmarks.pdfium import open_document
from benchmarks.peers.pools import read_in_pool
from benchmarks.workload import Item, Workload, WorkloadResult, run

if TYPE_CHECKING:
    from PIL.Image import Image

THREADS = 5
DPI = 300
_DRAWING = threading.Lock()


class _Pytesseract(Protocol):
    def image_to_string(self, image: "Image", *, lang: str) -> str: ...


def read(item: Item) -> list[str]:
    """Return the text of each page; read all pages by OCR if there is no text layer."""
    texts = [page.extract_text() for page in pypdf.PdfReader(item.path).pages]
    if any(text.strip() for text in texts):
        return texts
    pytesseract = cast("_Pytesseract", importlib.import_module("pytesseract"))
    return [pytesseract.image_to_string(_image(item, index), lang=item.language) for index in range(len(texts))]


def batch(workload: Workload) -> WorkloadResult:
    """Read all documents in five threads."""
    return read_in_pool(workload, read, ThreadPoolExecutor(THREADS))


def _image(item: Item, index: int) -> "Image":
    with _DRAWING:
        document = open_document(item.path)
        try:
            return document[index].render(scale=DPI / 72, grayscale=False).to_pil().copy()
        finally:
            document.close()


if __name__ == "__main__":
    run(batch)
