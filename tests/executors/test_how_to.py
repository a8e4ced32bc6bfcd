"""The how-to page on executors does what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pdfbatch.samples import tiny_pdf

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "write-an-executor.md"


@pytest.fixture
def blocks(tmp_path: Path) -> Path:
    """Return a folder with the code blocks of the page as files."""
    executor, use, test = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    (tmp_path / "task_thread.py").write_text(executor)
    (tmp_path / "use.py").write_text(use)
    (tmp_path / "test_task_thread.py").write_text(test)
    return tmp_path


def test_its_executor_reads_documents(blocks: Path) -> None:
    (blocks / "letters").mkdir()
    for number in (1, 2):
        (blocks / "letters" / f"{number}.pdf").write_bytes(tiny_pdf(number))
    assert _python(blocks, "use.py").stdout == "2 of 2\n"


def test_its_executor_keeps_the_contract(blocks: Path) -> None:
    done = _python(blocks, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "test_task_thread.py")
    assert done.returncode == 0, done.stdout
    assert "skipped" not in done.stdout


def _python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
