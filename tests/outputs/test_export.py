"""An output as one file: every record, whole or not at all."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from pdfbatch.errors import OutputError, UsageError
from pdfbatch.executors.sequential import SequentialExecutor
from pdfbatch.model import Document
from pdfbatch.outputs import export, export_pages
from pdfbatch.processor import BatchProcessor
from pdfbatch.settings import Extraction
from pdfbatch.storage import Storage
from pdfbatch.testing import PlainEngine, plain_document

pa = cast("Any", importlib.import_module("pyarrow"))
parquet = cast("Any", importlib.import_module("pyarrow.parquet"))


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Two good documents, one of them with metadata, and one that failed."""
    contents = {"a": plain_document("one", "zwei ü"), "b": b"\xff\xfe", "c": plain_document("three")}
    for name, content in contents.items():
        (tmp_path / f"{name}.pdf").write_bytes(content)
    documents = [
        Document(str(tmp_path / f"{name}.pdf"), name, "project", {"original_name": name.upper(), "tags": [1, 2]})
        for name in contents
    ]
    folder = tmp_path / "out"
    run(folder, documents)
    return folder


def run(folder: Path, documents: list[Document]) -> None:
    processor = BatchProcessor(
        executor=SequentialExecutor(),
        storage=Storage(str(folder)),
        engine=PlainEngine(),
        extraction=Extraction(ocr="never"),
    )
    processor.run(documents)


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_each_document_is_a_line_sorted_by_its_key(output: Path, tmp_path: Path) -> None:
    target = tmp_path / "all.jsonl"
    assert export(output, target) == 3
    found = rows(target)
    assert [(row["document_uuid"], row["status"], row["text"]) for row in found] == [
        ("a", "succeeded", "one\fzwei ü"),
        ("b", "failed", ""),
        ("c", "succeeded", "three"),
    ]
    assert found[0]["metadata"] == {"original_name": "A", "tags": [1, 2]}
    assert (found[0]["pages"], found[1]["error_cause"], found[2]["project_uuid"]) == (2, "malformed", "project")


def test_each_page_is_a_line_when_pages_are_wanted(output: Path, tmp_path: Path) -> None:
    target = tmp_path / "pages.jsonl"
    assert export_pages(str(output), str(target)) == 3
    assert [(row["document_uuid"], row["number"], row["text"]) for row in rows(target)] == [
        ("a", 1, "one"),
        ("a", 2, "zwei ü"),
        ("c", 1, "three"),
    ]


def test_parquet_holds_the_same_as_json_lines(output: Path, tmp_path: Path) -> None:
    export(output, tmp_path / "all.jsonl")
    export(output, tmp_path / "all.parquet")
    table = parquet.read_table(tmp_path / "all.parquet")
    expected = rows(tmp_path / "all.jsonl")
    found = [
        {**row, "metadata": json.loads(row["metadata"]), "pdf_metadata": json.loads(row["pdf_metadata"])}
        for row in table.to_pylist()
    ]
    assert found == expected
    assert table.schema.field("pages").type == pa.int64()
    assert table.schema.field("duration_seconds").type == pa.float64()


def test_pages_become_parquet_too(output: Path, tmp_path: Path) -> None:
    assert export_pages(output, tmp_path / "pages.parquet") == 3
    assert parquet.read_table(tmp_path / "pages.parquet").column("text").to_pylist() == ["one", "zwei ü", "three"]


def test_row_groups_are_bounded(tmp_path: Path) -> None:
    from pdfbatch.outputs.parquet import GROUP_CHARACTERS, GROUP_ROWS, write_rows

    def many() -> Iterator[Mapping[str, object]]:
        yield from ({"text": "x"} for _ in range(GROUP_ROWS + 1))
        yield from ({"text": "x" * (GROUP_CHARACTERS // 2)} for _ in range(4))

    with (tmp_path / "rows.parquet").open("wb") as file:
        write_rows(many(), file)
    facts = parquet.ParquetFile(tmp_path / "rows.parquet").metadata
    assert [facts.row_group(number).num_rows for number in range(facts.num_row_groups)] == [GROUP_ROWS, 3, 2]


def test_an_output_behind_a_url_is_exported_to_a_url(output: Path, tmp_path: Path) -> None:
    memory = cast("Any", importlib.import_module("fsspec")).filesystem("memory")
    for path in output.glob("*.json"):
        memory.pipe_file(f"/{tmp_path.name}/out/{path.name}", path.read_bytes())
    target = f"memory://{tmp_path.name}/all.jsonl"
    assert export(Storage(f"memory://{tmp_path.name}/out"), target) == 3
    assert len(memory.cat_file(f"/{tmp_path.name}/all.jsonl").splitlines()) == 3


def test_what_is_no_record_is_left_out_with_a_warning(
    output: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (output / "manifest.json").write_text('{"documents": []}')
    (output / "list.json").write_text("[1]")
    assert export(output, tmp_path / "all.jsonl") == 3
    assert caplog.text.count("is no record") == 2


def test_an_export_that_fails_leaves_the_old_file(output: Path, tmp_path: Path) -> None:
    target = tmp_path / "all.jsonl"
    export(output, target)
    before = target.read_bytes()
    (output / "a.json").write_text(json.dumps({"document": {}, "status": "succeeded", "pages": []}))
    with pytest.raises(KeyError):
        export(output, target)
    assert target.read_bytes() == before
    assert not list(tmp_path.glob(".pdfbatch-*"))


@pytest.mark.parametrize(
    ("target", "error", "message"),
    [("all.csv", UsageError, "jsonl or .parquet"), ("missing/all.jsonl", OutputError, "cannot be written")],
)
def test_a_target_that_cannot_be_is_refused(
    target: str, error: type[Exception], message: str, output: Path, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        export(output, tmp_path / target)


def test_a_folder_without_records_is_refused_and_nothing_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no record"):
        export(tmp_path, tmp_path / "all.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_without_pyarrow_it_says_what_to_install(output: Path, tmp_path: Path) -> None:
    code = f"""
import sys
sys.modules["pyarrow"] = None
from pdfbatch.outputs import export
export({str(output)!r}, {str(tmp_path / "all.parquet")!r})
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert "DependencyError: Parquet needs pyarrow: pip install pyarrow" in done.stderr


def test_the_command_exports(output: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pdfbatch", "export", str(output), str(tmp_path / "p.jsonl"), "--pages"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"3 rows in {tmp_path / 'p.jsonl'}\n"
    assert len(rows(tmp_path / "p.jsonl")) == 3


def test_the_command_tells_a_wrong_target_from_a_wrong_output(output: Path, tmp_path: Path) -> None:
    codes = [
        subprocess.run(
            [sys.executable, "-m", "pdfbatch", "export", str(source), str(target)], check=False, stderr=subprocess.PIPE
        ).returncode
        for source, target in ((output, tmp_path / "all.csv"), (tmp_path / "none", tmp_path / "all.jsonl"))
    ]
    assert codes == [2, 4]
