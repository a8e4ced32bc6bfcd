"""Manifests with one document a row: read row by row, and refused with the numbers of the rows that are wrong."""

import csv
import json
import os
import tracemalloc
import uuid
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from pdfbatch import Document
from pdfbatch.errors import DuplicateDocumentError, ManifestError, NoDocumentsError
from pdfbatch.inputs import Manifest, documents_from
from pdfbatch.outputs import to_json

pa: Any = pytest.importorskip("pyarrow")
pq: Any = pytest.importorskip("pyarrow.parquet")

ROWS: list[dict[str, object]] = [
    {"file_path": "in/a.pdf", "document_uuid": "A-1", "project_uuid": "p", "metadata": {"title": "Ä"}, "court": "x"},
    {"file_path": "/data/b.pdf", "pages": "1-3", "languages": "eng+deu", "password": "k", "filename": "B.pdf"},
]


def write(folder: Path, kind: str, rows: Sequence[Mapping[str, object]]) -> str:
    """Write rows in one of the kinds."""
    path = folder / f"m.{kind}"
    columns = list(dict.fromkeys(name for row in rows for name in row))
    if kind == "parquet":
        plain = [
            {name: json.dumps(value) if isinstance(value, dict) else value for name, value in row.items()}
            for row in rows
        ]
        pq.write_table(pa.table({name: [row.get(name) for row in plain] for name in columns}), path)
    elif kind in ("jsonl", "ndjson"):
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, columns, delimiter="\t" if kind == "tsv" else ";")
            writer.writeheader()
            for row in rows:
                writer.writerow({n: json.dumps(v) if isinstance(v, dict) else v for n, v in row.items()})
    return str(path)


@pytest.mark.parametrize("kind", ["jsonl", "ndjson", "csv", "tsv", "parquet"])
def test_rows_are_documents_whatever_the_kind(tmp_path: Path, kind: str) -> None:
    found = documents_from(write(tmp_path, kind, ROWS))
    assert found.count() == 2
    first, second = found
    assert (first.document_uuid, first.file_path, first.project_uuid) == ("A-1", f"{tmp_path}/in/a.pdf", "p")
    assert first.metadata == {"title": "Ä", "court": "x"}
    assert (second.file_path, second.pages, second.languages, second.password) == ("/data/b.pdf", "1-3", "eng+deu", "k")
    assert second.metadata == {"original_name": "B.pdf"}
    assert second.document_uuid == Document("/data/b.pdf").document_uuid


def test_parquet_has_values_of_its_own_kinds(tmp_path: Path) -> None:
    odd = b"/x/\xff.pdf"
    maps = pa.array([[("a", "1")], None], pa.map_(pa.string(), pa.string()))
    table = pa.table({"file_path": pa.array([b"a.pdf", odd]), "metadata": maps, "size": [3, None], "page": [1.5, 2.5]})
    pq.write_table(table, tmp_path / "m.parquet")
    first, second = documents_from(str(tmp_path / "m.parquet"))
    assert (first.metadata, os.fsencode(second.file_path)) == ({"a": "1", "size": 3, "page": 1.5}, odd)


@pytest.mark.parametrize(
    ("kind", "content", "messages"),
    [
        ("jsonl", b'{"file_path": "a"}\n\n[1]\n{"file_path": 3}\n{',
            ["row 3: expected an object", "row 4: key 'file_path'", "row 5: is not JSON"]),
        ("jsonl", b'{"file_path": "\xff"}\n', ["row 1: is not UTF-8"]),
        ("csv", b"file_path,pages\na.pdf,1\nb.pdf,0\n,2\nc.pdf\n",
            ["row 3: key 'pages'", "row 4: key 'file_path' is missing", "row 5: has 1 cells"]),
        ("csv", b'file_path,x\n"a\nb.pdf",1\nc.pdf,\xe4\n', ["row 3: is not UTF-8"]),
        ("csv", b"file_path,metadata\na.pdf,[1]\nb.pdf,{\n", ["row 2: key 'metadata'", "row 3: key 'metadata'"]),
        ("csv", b"path,id\na.pdf,1\n", ["no column 'file_path' (found 'path', 'id')"]),
        ("csv", b"", ["no column 'file_path' (found none)"]),
        ("csv", b'file_path\n"a.pdf', ["row 2: is no row of CSV"]),
        ("jsonl", b"[]\n" * 20, ["row 5: expected", "and 15 more rows are wrong"]),
        ("parquet", b"PAR1 not really", ["no Parquet file"]),
    ],
)  # fmt: skip
def test_rows_that_are_wrong_are_named_before_any_work(
    tmp_path: Path, kind: str, content: bytes, messages: list[str]
) -> None:
    path = tmp_path / f"m.{kind}"
    path.write_bytes(content)
    with pytest.raises(ManifestError) as error:
        documents_from([str(path)])
    assert [message for message in [str(path), *messages] if message not in str(error.value)] == []


def test_a_table_without_rows_is_as_an_empty_folder(tmp_path: Path) -> None:
    for name, content in (("m.csv", b"file_path\n"), ("m.jsonl", b"\n")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(NoDocumentsError, match="names no document"):
            documents_from(str(tmp_path / name))


def test_rows_with_one_id_are_refused(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("file_path,document_uuid\na.pdf,1\nb.pdf,1\n")
    with pytest.raises(DuplicateDocumentError, match=r"a\.pdf"):
        list(documents_from(str(tmp_path / "m.csv")))


def test_a_table_behind_a_url_finds_its_documents_there() -> None:
    folder = f"memory://{uuid.uuid4()}"
    MemoryFileSystem().pipe_file(f"{folder}/m.csv", b"file_path\na.pdf\ns3://b/c.pdf\n")  # pyright: ignore[reportUnknownMemberType]
    assert [one.file_path for one in documents_from(f"{folder}/m.csv")] == [f"{folder}/a.pdf", "s3://b/c.pdf"]


def test_relative_rows_start_where_the_process_was_at_the_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.csv").write_text("file_path\na.pdf\nb.pdf\n")
    found = documents_from("m.csv")
    monkeypatch.chdir("/")
    assert [document.location for document in found] == [f"{tmp_path}/a.pdf", f"{tmp_path}/b.pdf"]


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    first, all_of_them = 12_000, 16_000  # the first names are kept in memory, later ones in a file
    with (tmp_path / "m.jsonl").open("w") as file:
        file.writelines(
            f'{{"file_path": "{number}.pdf", "metadata": {{"n": {number}}}}}\n' for number in range(all_of_them)
        )
    tracemalloc.start()
    documents = iter(documents_from(str(tmp_path / "m.jsonl")))
    assert sum(1 for _ in islice(documents, first)) == first
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    assert sum(1 for _ in documents) == all_of_them - first
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < before + 50_000, "4,000 rows take more than 12 bytes each"


@pytest.mark.parametrize(
    "path", ["/x/plain.pdf", os.fsdecode(b"/x/\xff\xfe.pdf"), "/x/\ud800.pdf", "s3://b/\udc80.pdf"]
)
def test_a_record_of_any_name_is_an_entry_that_names_the_same(tmp_path: Path, path: str) -> None:
    document = Document(path)
    entry = json.loads(to_json(document.as_dict()))
    del entry["document_uuid"]
    (again,) = Manifest.load({"documents": [entry]}).documents
    assert (again.file_path, again.document_uuid, again.metadata) == (path, document.document_uuid, {})
    (tmp_path / "m.jsonl").write_text(json.dumps(entry))
    assert [one.file_path for one in documents_from(str(tmp_path / "m.jsonl"))] == [path]


def test_bytes_that_are_no_digits_are_refused() -> None:
    with pytest.raises(ManifestError, match="entry 1: key 'file_path_bytes'"):
        Manifest.load({"documents": [{"file_path_bytes": "xyz"}]})
