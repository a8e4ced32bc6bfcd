"""The adapters of the how-to pages keep their contracts. That they take part in a batch, ``docs_code`` tests."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pdfbatch.ocr.program import find, wheel_program
from pdfbatch.samples import text_pdf, tiny_pdf

pytestmark = pytest.mark.documentation

PAGES = sorted((Path(__file__).parents[1] / "docs" / "how-to").glob("write-*.md"))


@pytest.fixture(params=PAGES, ids=lambda page: page.stem)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder with the page's code blocks as files, and two documents."""
    if request.param.stem == "write-an-ocr-engine" and not find().path:
        pytest.skip("no tesseract")
    for name, code in code_files(request.param).items():
        (tmp_path / name).write_text(code, "utf-8")
    (tmp_path / "letters").mkdir()
    for number in (1, 2):
        (tmp_path / "letters" / f"{number}.pdf").write_bytes(tiny_pdf(number))
    return tmp_path


def code_files(page: Path) -> dict[str, str]:
    """The code blocks of a page by the file name in their first line."""
    blocks = re.findall(r"^```python\n(# (\w+\.py)\n.*?)^```$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return {name: code for code, name in blocks}


def test_there_is_a_page_for_each_port() -> None:
    assert [page.stem for page in PAGES] == [
        "write-a-sink",
        "write-a-text-engine",
        "write-an-executor",
        "write-an-ocr-engine",
        "write-an-output",
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_an_adapter_on_a_page_is_short(page: Path) -> None:
    adapter, use, test = code_files(page).values()
    assert len(adapter.splitlines()) <= 105
    assert len(use.splitlines()) <= 10
    assert len(test.splitlines()) <= 25


def test_the_adapter_of_a_page_keeps_its_contract(folder: Path) -> None:
    (test,) = folder.glob("test_*.py")
    status, output = _python(folder, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", test.name)
    assert status == 0, output


def test_the_page_on_changing_text_does_what_it_says(tmp_path: Path) -> None:
    page = PAGES[0].with_name("change-the-text.md")
    for name, code in code_files(page).items():
        (tmp_path / name).write_text(code, "utf-8")
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "1.pdf").write_bytes(text_pdf(["Ada Berg, 078-05-1120\nGracefully yours, GRACE"]))
    status, output = _python(tmp_path, "-X", "utf8", "use.py")
    assert (status, output) == (0, "███ Berg, ███████████\nGracefully yours, █████\n")
    assert "███ Berg, ███████████" in page.read_text("utf-8")
    written = b"".join(path.read_bytes() for path in (tmp_path / "text").rglob("*") if path.is_file())
    assert (b"Berg" in written, b"078-05" in written, b"Ada Berg" in written) == (True, False, False)


def _python(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run Python in the folder; return its exit status and output."""
    tesseract = wheel_program() or find()
    path = os.pathsep.join([os.path.dirname(tesseract.path), os.environ.get("PATH", "")])
    environment = {**os.environ, "PYTHONPATH": str(folder), "PATH": path}
    if tesseract.tessdata is not None:
        environment["TESSDATA_PREFIX"] = tesseract.tessdata
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        timeout=110,
        check=False,
    )
    return done.returncode, done.stdout
