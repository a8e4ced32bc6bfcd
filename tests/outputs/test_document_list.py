"""The table of documents: one row each, complete at the end, of use after a kill, harmless in a spreadsheet."""

import csv
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from pdfbatch.errors import Cause
from pdfbatch.model import Counts, Document, DocumentResult, DocumentStatus, Failure
from pdfbatch.outputs import DocumentList
from pdfbatch.outputs.document_list import row_of
from pdfbatch.storage import Storage
from tests.outputs.test_output_names import run, write

ODD = [
    "=cmd()",
    "+1",
    "-1",
    "@x",
    "\t=1",
    " =1",
    "\uff1d1",
    "a,b",
    'a"b',
    "a;b",
    "a\nb",
    "\r=1",
    "M\udcfcller",
    "\u202ex",
    "",
]

KILLED = """
import os, sys
from pdfbatch import BatchProcessor, Extraction, Storage
from pdfbatch.executors import SequentialExecutor
from pdfbatch.testing import PlainEngine
processor = BatchProcessor(
    executor=SequentialExecutor(), storage=Storage(sys.argv[2]), engine=PlainEngine(), extraction=Extraction(ocr="never")
)
for number, result in enumerate(processor.stream(sys.argv[1])):
    if number == 3:
        os._exit(7)
"""


def result(path: str, identity: str, **fields: Any) -> DocumentResult:
    chosen: dict[str, Any] = {"status": DocumentStatus.SUCCEEDED, "counts": Counts(pages=1), **fields}
    return DocumentResult(document=Document(path, identity), **chosen)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def test_a_row_says_what_became_of_a_document_and_where_its_text_is(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", {"letters/a.pdf": "dear"})
    (tmp_path / "in/b.pdf").write_bytes(b"\xff\xfe")
    report = run(tmp_path / "out", folder)
    found = rows(tmp_path / "out/documents.csv")
    assert [tuple(row.values())[2:] for row in sorted(found, key=lambda row: row["path"])] == [
        ("failed", "malformed", "0", "0", ""),
        ("succeeded", "", "1", "0", "letters/a.pdf.txt"),
    ]
    assert {row["id"] for row in found} == {each.document.document_uuid for each in report.results}
    assert (tmp_path / "out/letters/a.pdf.txt").read_text() == "dear"


def test_later_batches_replace_the_rows_of_their_documents_and_keep_those_of_others(tmp_path: Path) -> None:
    one, two = write(tmp_path / "1", {"x.pdf": "one", "y.pdf": "y"}), write(tmp_path / "2", {"z.pdf": "z"})
    (tmp_path / "1/bad.pdf").write_bytes(b"\xff\xfe")
    run(tmp_path / "out", one)
    run(tmp_path / "out", two)
    write(tmp_path / "1", {"bad.pdf": "mended"})
    run(tmp_path / "out", one, resume=True)
    found = {os.path.basename(row["path"]): row["status"] for row in rows(tmp_path / "out/documents.csv")}
    assert found == dict.fromkeys(("x.pdf", "y.pdf", "z.pdf", "bad.pdf"), "succeeded")
    assert len(rows(tmp_path / "out/documents.csv")) == 4
    (tmp_path / "out/documents.csv").unlink()
    run(tmp_path / "out", one, resume=True)
    assert [row["status"] for row in rows(tmp_path / "out/documents.csv")] == ["skipped"] * 3


def test_after_a_kill_the_table_tells_of_the_documents_that_had_ended(tmp_path: Path) -> None:
    folder, table = (
        write(tmp_path / "in", {f"{number}.pdf": str(number) for number in range(9)}),
        tmp_path / "out/documents.csv",
    )
    command = [sys.executable, "-c", KILLED, folder, str(tmp_path / "out")]
    assert subprocess.run(command, check=False, cwd=Path(__file__).parents[2], timeout=60).returncode == 7
    assert rows(table)[0]["status"] == "succeeded"
    with table.open("ab") as file:  # a kill in the middle of a row
        file.write(b'"torn, 1')
    run(tmp_path / "out", folder, resume=True)
    assert sorted(os.path.basename(row["path"]) for row in rows(table)) == [f"{number}.pdf" for number in range(9)]
    assert all(row["text"] for row in rows(table))


def test_a_later_batch_leaves_one_row_of_a_document_of_which_killed_ones_left_several(tmp_path: Path) -> None:
    output = Storage(tmp_path)
    for status in ("succeeded", "failed", "partial"):
        killed = DocumentList(Storage(tmp_path / status), status)
        for number in range(3):
            killed.add(result(f"{number}.pdf", f"id-{number}", status=DocumentStatus(status)))
        killed.close()
        output.append("documents.csv", (tmp_path / status / "documents.csv").read_bytes())
    table = DocumentList(output, "last")
    table.add(result("1.pdf", "id-1", status=DocumentStatus.SKIPPED))
    table.add(result("2.pdf", "id-2", status=DocumentStatus.EMPTY))
    table.close()
    found = [(row["id"], row["status"]) for row in rows(tmp_path / "documents.csv")]
    assert found == [("id-0", "partial"), ("id-1", "partial"), ("id-2", "empty")]


def test_so_does_a_batch_of_other_documents(tmp_path: Path) -> None:
    output = Storage(tmp_path / "all")
    for status in ("failed", "partial"):
        killed = DocumentList(Storage(tmp_path / status), status)
        killed.add(result("0.pdf", "id-0", status=DocumentStatus(status)))
        killed.close()
        output.append("documents.csv", (tmp_path / status / "documents.csv").read_bytes())
    table = DocumentList(output, "last")
    table.add(result("1.pdf", "id-1"))
    table.close()
    assert [row["id"] for row in rows(tmp_path / "all" / "documents.csv")] == ["id-0", "id-1"]


@pytest.mark.parametrize("text", ODD)
def test_no_cell_is_a_formula_and_no_row_has_two_lines(text: str) -> None:
    failure = Failure(cause=Cause.MALFORMED, message="x")
    row = row_of(result(text, text or "id", failure=failure, status=DocumentStatus.FAILED)).decode()
    assert row.count("\n") == 1
    (cells,) = csv.reader([row], strict=True)
    assert len(cells) == 7
    assert not any(cell.strip()[:1] in set("=+-@\uff1d") for cell in cells if cell)


def test_an_output_that_cannot_append_has_the_table_when_the_batch_ends() -> None:
    MemoryFileSystem.store.clear()
    output = Storage("memory://table")
    for batch in range(2):
        table = DocumentList(output, f"b{batch}")
        for number in range(batch * 2, batch * 2 + 3):
            table.add(result(f"{number}.pdf", f"id-{number}"))
        table.close()
    found = list(csv.DictReader(output.read("documents.csv").decode().splitlines()))
    assert [row["id"] for row in found] == [f"id-{number}" for number in range(5)]
