"""Every code block of the README and of the documentation is run, or checked as far as its page says why not to run it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pdfbatch.ocr.program import find, wheel_program
from pdfbatch.samples import scanned_pdf, tiny_pdf, write_samples
from pdfbatch.testing.servers import S3_SECRET, RedisServer, S3Server
from tests.docs_code.blocks import LANGUAGES, ROOT, blocks_of, pages
from tests.docs_code.checks import find_faults
from tests.docs_code.runner import is_run

PAGES = pages()
REDIS = "redis://localhost:6379/0"
KNOWN_WORDS = ("checked only, because ", "run by ", "part of ", "needs ", "exits with ", "after ")


def name_of(page: Path) -> str:
    """Return a page's name for a test's id."""
    return page.relative_to(ROOT).as_posix()


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the pages name: letters, scans and so on, one or two small documents in each."""
    folder = tmp_path_factory.mktemp("documents")
    names = (
        "letters/Berg.pdf",
        "letters/2019/Okafor.pdf",
        "in/b.pdf",
        "contracts/c.pdf",
        "archive/letters/d.pdf",
        "archive/old.fax.pdf",
    )
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tiny_pdf(number))
    (folder / "urls.txt").write_text("s3://case-17/scans/e.pdf\n")
    (folder / "scans").mkdir()
    (folder / "scans" / "e.pdf").write_bytes(scanned_pdf([["Invoice 17", "Total 1,204.50"]]))
    return folder


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_holds_up_to_checking(page: Path) -> None:
    faults = {block.place: found for block in blocks_of(page) if (found := list(find_faults(block)))}
    assert faults == {}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_block_is_outside(page: Path) -> None:
    text = page.read_text("utf-8")
    blocks = list(blocks_of(page))
    assert len(re.findall(r"^\s*(?:```|~~~)", text, re.MULTILINE)) == 2 * len(blocks), "a fence without an end"
    assert text.count("<!-- code:") == sum(bool(block.words) for block in blocks), (
        "a comment that is not before a block"
    )
    for block in blocks:
        assert block.language in LANGUAGES, block.place
        assert all(word.startswith(KNOWN_WORDS) for word in block.words), block.place
        if (path := block.value("run by")) is not None:
            assert page.name in (ROOT / path).read_text("utf-8"), f"{block.place}: {path} does not name {page.name}"
        if (path := block.value("part of")) is not None:
            program = {line.strip() for line in (ROOT / path).read_text("utf-8").splitlines()}
            assert [line for line in block.code.splitlines() if line.strip() not in program] == [], block.place


@pytest.mark.timeout(600)
@pytest.mark.documentation
@pytest.mark.parametrize("page", [page for page in PAGES if any(map(is_run, blocks_of(page)))], ids=name_of)
def test_the_code_of_a_page_runs(page: Path, documents: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    code = "".join(block.code for block in blocks_of(page) if is_run(block))
    folder = tmp_path / "folder"
    shutil.copytree(documents, folder)
    (folder / "docs").symlink_to(ROOT / "docs")
    if "pdfbatch-demo" in code:
        write_samples(folder / "pdfbatch-demo" / "samples")
    environment = _environment(tmp_path)
    words: list[str] = []
    if REDIS in code:
        redis: RedisServer = request.getfixturevalue("redis_server")
        redis.start()
        words += [REDIS, redis.url]
    if "s3://" in code:
        environment |= _serve(request.getfixturevalue("s3_server"), code, documents)
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-m", "tests.docs_code.runner", str(page), *words],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=550,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _serve(server: S3Server, code: str, documents: Path) -> dict[str, str]:
    """Make the buckets that the code names, with scans and letters; return the variables that lead there."""
    client = server.filesystem()
    for name in set(re.findall(r"s3://([\w-]+)", code)):
        if not client.exists(f"s3://{name}"):
            client.mkdir(f"s3://{name}")
        for path in documents.glob("*/*.pdf"):
            client.pipe_file(f"s3://{name}/{path.relative_to(documents).as_posix()}", path.read_bytes())
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.port}",
        "AWS_ACCESS_KEY_ID": "AKIDTEST",
        "AWS_SECRET_ACCESS_KEY": S3_SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def _environment(folder: Path) -> dict[str, str]:
    """Return the variables of this process, with this Python's programs and tesseract on the PATH, and an empty home."""
    tesseract = wheel_program() or find()
    places = [str(Path(sys.executable).parent), os.path.dirname(tesseract.path), os.environ.get("PATH", "")]
    environment = {**os.environ, "PATH": os.pathsep.join(places), "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    if tesseract.tessdata is not None:
        environment["TESSDATA_PREFIX"] = tesseract.tessdata
    return environment


def test_a_broken_block_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    blocks: dict[str, str] = {
        "python": "from pdfbatch import process_bach\n",
        "console": "$ find . -print0 | pdfbatch run --files-from - --ouput text/  # all\n",
        "sh": 'pdfbatch report "a b" && pip install "pdfbatch[orc]"\n',
        "bash": "if true; pdfbatch doctor\n",
        "yaml": "args: [exec pdfbatch run in/ --resum]\n",
        "json": '{"command": ["pdfbatch", "marge", "s3://a/b"]}\n',
    }
    for language, code in blocks.items():
        page.write_text(f"```{language}\n{code}```\n", "utf-8")
        (block,) = blocks_of(page)
        assert list(find_faults(block)), language


@pytest.mark.parametrize(
    "text",
    ["```python\n\n1 / 0\n```\n", "```python\nprint(1)\n```\n\n```text\n2\n```\n", "```console\n$ false | true\n```\n"],
    ids=["raises", "prints something else", "exits with another code"],
)
def test_a_block_that_fails_is_found(tmp_path: Path, text: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(text, "utf-8")
    command = [sys.executable, "-m", "tests.docs_code.runner", str(page)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "page.md:1: this block fails" in done.stderr
