"""The programs in docs/examples do what the tutorial says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pdfbatch.ocr.program import find
from pdfbatch.samples import write_samples

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.skipif(not find().path, reason="no tesseract")
def test_the_tutorial_prints_what_the_search_prints(tmp_path: Path) -> None:
    write_samples(tmp_path / "pdfbatch-demo" / "samples")
    command, *expected = re.findall(
        r"^\$ \.venv/bin/python docs/(examples/full_text_search\.py.*?)^\.\.\.$",
        (DOCS / "tutorial.md").read_text("utf-8"),
        re.DOTALL | re.MULTILINE,
    )[0].splitlines()
    script, *arguments = command.split()

    def run() -> list[str]:
        done = subprocess.run(
            [sys.executable, DOCS / script, *arguments], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return done.stdout.splitlines()

    assert run()[: len(expected)] == expected
    assert run()[0] == "0 read, 12 known, 1 failed"
