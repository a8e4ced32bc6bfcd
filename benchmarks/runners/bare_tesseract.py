"""The limit for OCR with the tesseract program: draw a page, call the program, read what it wrote. One page is one item."""

import os
import subprocess
import tempfile
from pathlib import Path

from benchmarks.job import Item, Job, run, save_text
from benchmarks.loops import Step, side_by_side
from benchmarks.runners.drawing import drawn
from pdfbatch.ocr import find


def make_step(job: Job) -> Step:
    """A step that reads one page with the program that the library would use, at the settings that it would use."""
    program = find()
    environment = {**os.environ, **program.environment(), "OMP_THREAD_LIMIT": "1"}

    def step(item: Item) -> int:
        with tempfile.TemporaryDirectory() as folder:
            picture, base = f"{folder}/page.pgm", f"{folder}/page"
            drawn(item).save(picture, "PPM")
            options = ["-l", item.language, "--psm", "3", "--dpi", str(item.dpi), "-c", "page_separator="]
            command = [program.path, picture, base, *options]
            subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=True)
            save_text(job, item, Path(f"{base}.txt").read_text("utf-8"))
        return 1

    return step


if __name__ == "__main__":
    run(lambda job: side_by_side(job, make_step))
