"""The limit for OCR in the process: draw a page, hand it to tesserocr, whose model stays loaded. One page is one item."""

import os
from typing import cast

import tesserocr

from benchmarks.job import Item, Job, run, save_text
from benchmarks.loops import Step, side_by_side
from benchmarks.runners.drawing import drawn
from pdfbatch.ocr import find_folder, list_folders


def make_step(job: Job) -> Step:
    """A step that reads one page; a model is loaded once for each language."""
    models: dict[str, tesserocr.PyTessBaseAPI] = {}

    def step(item: Item) -> int:
        model = models.get(item.language)
        if model is None:
            model = models[item.language] = _model(item.language)
        image = drawn(item)
        # Bytes, because handing over a Pillow image packs it as a bitmap file first.
        model.SetImageBytes(image.tobytes(), image.width, image.height, 1, image.width)  # pyright: ignore[reportArgumentType] (its stub says str)
        model.SetSourceResolution(item.dpi)
        save_text(job, item, model.GetUTF8Text())
        return 1

    return step


def _model(language: str) -> tesserocr.PyTessBaseAPI:
    folder = find_folder(language, list_folders())
    segmentation = cast("tesserocr.PSM", 3)  # a plain number at run time
    quiet = {"debug_file": os.devnull}
    return tesserocr.PyTessBaseAPI(path=folder, lang=language, psm=segmentation, variables=quiet)


if __name__ == "__main__":
    run(lambda job: side_by_side(job, make_step))
