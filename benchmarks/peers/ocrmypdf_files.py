"""OCRmyPDF, text only: ``--output-type none --sidecar``, pages that have text left out.

Setting ``at_once``: how many documents at a time; each gets an even share of the workers as ``--jobs``.
"""

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks.job import Item, Job, Outcome, run
from benchmarks.peers.pools import pooled


def read(jobs: int, item: Item) -> list[str]:
    """The text that OCRmyPDF found, page by page."""
    with tempfile.TemporaryDirectory() as folder:
        sidecar = os.path.join(folder, "text")
        options = ["--jobs", str(jobs), "--output-type", "none", "--skip-text", "--quiet", "-l", item.language]
        command = [sys.executable, "-m", "ocrmypdf", *options, "--sidecar", sidecar, item.path, "-"]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
        )
        if done.returncode:
            raise RuntimeError(f"status {done.returncode}: {done.stderr.decode(errors='replace').strip()[-200:]}")
        return Path(sidecar).read_text("utf-8", errors="replace").removesuffix("\f").split("\f")


def batch(job: Job) -> Outcome:
    """All documents."""
    at_once = int(job.settings.get("at_once") or 1)
    jobs = max(1, job.workers // at_once)
    return pooled(job, partial(read, jobs), ThreadPoolExecutor(at_once))


if __name__ == "__main__":
    run(batch)
