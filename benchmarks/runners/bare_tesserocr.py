"""Bare loop for OCR in the process: draw a page and hand it to tesserocr with a loaded model. An item is a page."""

import os
from typing import cast

import tesserocr

from benchmarks.loops import Step, run_loops
from benchmarks.runners.page_image import render_page
from benchmarks.workload import Item, Workload, run, save_text
from pdfbatch.ocr import find_folder, list_folders


def make_step(workload: Workload) -> Step:
    """Return a step that reads one page; it loads a model once for each language."""
    models: dict[str, tesserocr.PyTessBaseAPI] = {}

    def step(item: Item) -> int:
        model = models.get(item.language)
        if model is None:
            model = models[item.language] = _model(item.language)
        image = render_page(item)
        # Bytes, because handing over a Pillow image packs it as a bitmap file first.
        model.SetImageBytes(image.tobytes(), image.width, image.height, 1, image.width)  # pyright: ignore[reportArgumentType] (its stub says str)
        model.SetSourceResolution(item.dpi)
        save_text(workload, item, model.GetUTF8Text())
        return 1

    return step


def _model(language: str) -> tesserocr.PyTessBaseAPI:
    folder = find_folder(language, list_folders())
    segmentation = cast("tesserocr.PSM", 3)  # a plain number at run time
    quiet = {"debug_file": os.devnull}
    return tesserocr.PyTessBaseAPI(path=folder, lang=language, psm=segmentation, variables=quiet)


if __name__ == "__main__":
    run(lambda workload: run_loops(workload, make_step))
