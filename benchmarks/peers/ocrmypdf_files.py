"""OCRmyPDF for text only (``--output-type none --sidecar``), without the pages that have text.

Setting ``at_once``: the number of documents at a time; each gets an equal share of the workers as ``--jobs``.
Setting ``plugin``: a module with another OCR engine.
"""

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks.peers.pools import read_in_pool
from benchmarks.workload import Item, Workload, WorkloadResult, run


def read(jobs: int, plugin: str, item: Item) -> list[str]:
    """Return the text that OCRmyPDF found, page by page."""
    with tempfile.TemporaryDirectory() as folder:
        sidecar = os.path.join(folder, "text")
        options = ["--jobs", str(jobs), "--output-type", "none", "--skip-text", "--quiet", "-l", item.language]
        options += ["--plugin", plugin] if plugin else []
        command = [sys.executable, "-m", "ocrmypdf", *options, "--sidecar", sidecar, item.path, "-"]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
        )
        if done.returncode:
            raise RuntimeError(f"status {done.returncode}: {done.stderr.decode(errors='replace').strip()[-200:]}")
        return Path(sidecar).read_text("utf-8", errors="replace").removesuffix("\f").split("\f")


def batch(workload: Workload) -> WorkloadResult:
    """Read all documents."""
    at_once = int(workload.settings.get("at_once") or 1)
    jobs = max(1, workload.workers // at_once)
    return read_in_pool(
        workload, partial(read, jobs, str(workload.settings.get("plugin") or "")), ThreadPoolExecutor(at_once)
    )


if __name__ == "__main__":
    run(batch)
