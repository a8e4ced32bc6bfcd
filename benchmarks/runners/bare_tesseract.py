"""Bare loop for OCR with the tesseract program: draw a page, run the program, read its text. An item is a page."""

import os
import subprocess
import tempfile
from pathlib import Path

from benchmarks.loops import Step, run_loops
from benchmarks.runners.page_image import render_page
from benchmarks.workload import Item, Workload, run, save_text
from pdfbatch.ocr import find


def make_step(workload: Workload) -> Step:
    """Return a step that reads one page with the program and settings that the library would use."""
    program = find()
    environment = {**os.environ, **program.environment(), "OMP_THREAD_LIMIT": "1"}

    def step(item: Item) -> int:
        with tempfile.TemporaryDirectory() as folder:
            picture, base = f"{folder}/page.pgm", f"{folder}/page"
            render_page(item).save(picture, "PPM")
            options = ["-l", item.language, "--psm", "3", "--dpi", str(item.dpi), "-c", "page_separator="]
            command = [program.path, picture, base, *options]
            subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=True)
            save_text(workload, item, Path(f"{base}.txt").read_text("utf-8"))
        return 1

    return step


if __name__ == "__main__":
    run(lambda workload: run_loops(workload, make_step))
