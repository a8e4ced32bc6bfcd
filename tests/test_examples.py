"""The programs in docs/examples do what they and the tutorial say. Those for Celery and FastAPI are tested where these are."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from pdfbatch.ocr.program import find
from pdfbatch.samples import text_pdf, tiny_pdf, write_samples
from pdfbatch.testing.servers import S3_SECRET, Bucket

pytestmark = pytest.mark.documentation

DOCS = Path(__file__).parents[1] / "docs"
EXAMPLES = DOCS / "examples"
TESTED_ELSEWHERE = {  # by tests/celery/test_examples.py and tests/integrations/test_web_app.py
    *("basic_batch.py", "celery_app.py", "discovery_to_manifest.py", "production_run.py", "three_documents.py"),
    "fastapi_service.py",
}


def run(folder: Path, name: str, *words: str, code: int = 0, variables: Mapping[str, str] | None = None) -> list[str]:
    """Run an example in a folder; return the lines that it prints."""
    done = subprocess.run(
        [sys.executable, "-X", "utf8", EXAMPLES / name, *words],
        cwd=folder,
        env={**os.environ, **(variables or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stdout.splitlines()


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """A folder with two custodians, three documents and a web page."""
    for number, name in enumerate(("berg/lease.pdf", "berg/2019/letter.pdf", "weld/memo.pdf")):
        path = tmp_path / "case" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tiny_pdf(number))
    (tmp_path / "case" / "weld" / "page.pdf").write_text("<html>")
    return tmp_path / "case"


def test_every_example_is_tested() -> None:
    named = set(re.findall(r'"(\w+\.py)"', Path(__file__).read_text("utf-8"))) | {"full_text_search.py"}
    assert {path.name for path in EXAMPLES.glob("*.py")} == named


def test_a_case_from_end_to_end(case: Path, tmp_path: Path) -> None:
    for turn in ("first", "again"):
        lines = run(tmp_path, "discovery_case.py", "case", "out", code=1)
        assert lines[:2] == ["berg: 2 pages, 0 documents failed", "weld: 1 pages, 1 documents failed"], turn
        assert lines[2] == f"  not_a_pdf: {case}/weld/page.pdf"
        assert "4 documents in out/all.jsonl" in lines
    rows = [json.loads(line) for line in (tmp_path / "out" / "all.jsonl").read_text().splitlines()]
    assert {row["metadata"]["custodian"] for row in rows} == {"berg", "weld"}
    assert "page.pdf" in (tmp_path / "out" / "case.html").read_text("utf-8")


def test_passages_are_found_and_cited(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name, text in (
        ("a", "The cold store needs a new compressor."),
        ("b", "Rent is due on the first of the month."),
    ):
        (tmp_path / "in" / f"{name}.pdf").write_bytes(text_pdf([[text, "Yours sincerely, A. Berg"]]))
    (tmp_path / "in" / "c.pdf").write_text("<html>")
    for _ in range(2):
        lines = run(tmp_path, "rag_ingestion.py", "in", "store.db", "when is the rent due")
        assert lines[0].endswith("c.pdf - not_a_pdf")
        assert "b.pdf, page 1: Rent is due" in lines[1]
        assert len(lines) == 3  # two pages: the second run has replaced them


def test_an_engine_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.pdf").write_bytes(text_pdf([["One"], ["Two"]]))
    assert run(tmp_path, "custom_engine.py", "in") == ["in/a.pdf: 1 page, 'One'"]


def test_a_sink_of_ones_own(case: Path, tmp_path: Path) -> None:
    assert run(tmp_path, "custom_sink.py", "case", "table.csv") == ["4 rows in table.csv, 1 of them failed"]
    table = (tmp_path / "table.csv").read_text("utf-8")
    assert table.startswith("path,status,pages,by OCR,cause\n")
    assert "case/weld/page.pdf,failed,0,0,not_a_pdf\n" in table.replace("\r", "")
    assert json.loads((tmp_path / "table.json").read_text()) == {"state": "completed", "processed": 4, "total": 4}


def test_from_bucket_to_bucket(tmp_path: Path, bucket: Bucket) -> None:
    bucket.fill(4)
    reach = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{bucket.server.port}",
        "AWS_ACCESS_KEY_ID": "AKIDTEST",
        "AWS_SECRET_ACCESS_KEY": S3_SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    words = (f"{bucket.url}/in/", f"{bucket.url}/text")
    assert run(tmp_path, "s3_to_s3.py", *words, variables=reach) == ["4 of 4 documents, 0 of them were there"]
    assert run(tmp_path, "s3_to_s3.py", *words, variables=reach) == ["4 of 4 documents, 4 of them were there"]
    assert sum(name.endswith(".txt") for name in bucket.names("text")) == 4


@pytest.mark.skipif(not find().path, reason="no tesseract")
def test_the_tutorial_prints_what_the_search_prints(tmp_path: Path) -> None:
    write_samples(tmp_path / "pdfbatch-demo" / "samples")
    # The tutorial is tutorial.md: its command, and what it promises.
    command, *expected = re.findall(
        r"^\$ \.venv/bin/python docs/examples/(full_text_search\.py.*?)^\.\.\.$",
        (DOCS / "tutorial.md").read_text("utf-8"),
        re.DOTALL | re.MULTILINE,
    )[0].splitlines()
    name, *words = command.split()
    assert run(tmp_path, name, *words)[: len(expected)] == expected
    assert run(tmp_path, name, *words)[0] == "0 read, 12 known, 1 failed"
