"""Packed layouts: one row a document whatever happens, whole files or none, and all that works on files works on them."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from pdfbatch.errors import DocumentError, OutputError, UsageError
from pdfbatch.executors.sequential import SequentialExecutor
from pdfbatch.executors.thread import ThreadExecutor
from pdfbatch.model import Document
from pdfbatch.outputs import export, pack_writer, remove_stale_rows
from pdfbatch.outputs.pack_files import read_rows
from pdfbatch.processor import BatchProcessor
from pdfbatch.report import BatchReport
from pdfbatch.settings import Extraction
from pdfbatch.storage import Storage
from pdfbatch.testing import PlainEngine, plain_document
from tests.outputs.packing import BAD, NAMES, processor, rows
from tests.stand_ins import EchoOcr, ScanEngine

Layout = Literal["jsonl", "parquet"]
LAYOUTS: tuple[Layout, ...] = ("jsonl", "parquet")
layouts = pytest.mark.parametrize("layout", LAYOUTS)

zstandard: Any = pytest.importorskip("zstandard")
pytest.importorskip("pyarrow")
KILLS = {"jsonl": 20, "parquet": 10}


def write(folder: Path, texts: "Sequence[str]") -> str:
    folder.mkdir(exist_ok=True)
    for number, text in enumerate(texts):
        (folder / f"{number}.pdf").write_bytes(plain_document(*text.split("|")))
    return str(folder)


def texts_of(output: Path) -> dict[str, str]:
    found = {os.path.basename(row["metadata"]["file_path"]): row["text"] for row in rows(output)}
    assert len(found) == len(rows(output)), "two rows of one document"
    return found


def statuses(report: BatchReport) -> Counter[str]:
    return Counter(str(result.status) for result in report.results)


@layouts
def test_a_row_has_id_text_metadata_and_record_for_any_reader(layout: Layout, tmp_path: Path) -> None:
    folder = write(tmp_path / "in", ["one|two", "=1\n\u2028ü", ""])
    (tmp_path / "in/bad.pdf").write_bytes(b"\xff\xfe")
    report = processor(tmp_path / "out", layout).run(folder)
    assert texts_of(tmp_path / "out") == {"0.pdf": "one\ftwo", "1.pdf": "=1\n\u2028ü", "2.pdf": "", "bad.pdf": ""}
    first = next(row for row in rows(tmp_path / "out") if row["text"] == "one\ftwo")
    assert first["id"] == next(
        r.document.document_uuid for r in report.results if r.document.file_path.endswith("/0.pdf")
    )
    assert {name: first["metadata"][name] for name in ("name", "status", "pages", "cause")} == {
        "name": "0.pdf",
        "status": "succeeded",
        "pages": 2,
        "cause": None,
    }
    assert json.loads(first["record"])["counts"]["pages"] == 2
    assert {result.document.file_path[-5:]: result.text for result in report.results}["0.pdf"] == "one\ftwo"
    assert not list((tmp_path / "out").glob("*.pdf.*"))


@layouts
def test_what_is_finished_is_skipped_and_what_failed_or_changed_is_read_again_into_one_row(
    layout: Layout, tmp_path: Path
) -> None:
    folder = write(tmp_path / "in", ["zero", "one", "two"])
    (tmp_path / "in/bad.pdf").write_bytes(b"\xff\xfe")
    processor(tmp_path / "out", layout).run(folder)
    assert statuses(processor(tmp_path / "out", layout).run(folder, resume=True)) == {"skipped": 3, "failed": 1}
    (tmp_path / "in/1.pdf").write_bytes(plain_document("changed"))
    (tmp_path / "in/bad.pdf").write_bytes(plain_document("mended"))
    retried = processor(tmp_path / "out", layout).run(folder, retry_failed=True)
    assert [result.document.file_path[-7:] for result in retried.results] == ["bad.pdf"]
    report = processor(tmp_path / "out", layout).run(folder, resume=True)
    assert statuses(report) == {"skipped": 3, "succeeded": 1}
    expected = {"0.pdf": "zero", "1.pdf": "changed", "2.pdf": "two", "bad.pdf": "mended"}
    assert texts_of(tmp_path / "out") == expected
    assert {os.path.basename(r.document.file_path): r.text for r in report.results} == expected
    processor(tmp_path / "out", layout).run(folder)  # all anew
    assert texts_of(tmp_path / "out") == expected


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@layouts
def test_after_any_number_of_kills_there_is_one_row_a_document(layout: Layout, tmp_path: Path) -> None:
    """Batches of all kinds over a folder that changes, each killed at some moment of its own."""
    folder, output = write(tmp_path / "in", [f"text {number}" for number in range(len(NAMES))]), tmp_path / "out"
    command = [sys.executable, "-m", "tests.outputs.pack_kills", layout, folder, str(output), str(KILLS[layout])]
    done = subprocess.run(command, check=True, cwd=Path(__file__).parents[2], timeout=280, capture_output=True)
    outcome: dict[str, Any] = json.loads(done.stdout)
    assert outcome["torn"] == [], "what a kill left cannot be read"
    assert outcome["killed"] == KILLS[layout]

    given = {name: Path(folder, name).read_bytes() for name in NAMES}
    expected = {name: "" if data == BAD else data.decode().partition("\n")[2] for name, data in given.items()}
    export(str(output), tmp_path / "early.jsonl")  # before rows that were replaced have gone
    early = list(map(json.loads, (tmp_path / "early.jsonl").read_text().splitlines()))
    assert len({row["document_uuid"] for row in early}) == len(early) > 0
    report = processor(output, layout).run(folder, resume=True)
    assert report.total_documents == len(NAMES)
    assert texts_of(output) == expected
    with (output / "documents.csv").open(newline="") as table:
        listed = list(csv.DictReader(table))
    stated = {row["id"]: row["metadata"]["status"] for row in rows(output)}
    # Of what a kill took from the table, a later batch knows that it skipped it.
    assert {row["id"]: row["status"] for row in listed if row["status"] != "skipped"}.items() <= stated.items()
    assert sorted(row["id"] for row in listed) == sorted(stated)
    assert not [path for path in output.rglob(".pdfbatch-*") if path.is_file()]
    assert export(str(output), tmp_path / "late.jsonl") == len(NAMES)

    for name, data in given.items():
        if data == BAD:
            Path(folder, name).write_bytes(plain_document("mended"))
    processor(output, layout).run(folder, retry_failed=True)
    assert texts_of(output) == {name: text or "mended" for name, text in expected.items()}


@layouts
def test_a_pack_whose_entries_are_missing_is_read_and_one_that_is_missing_is_made_again(
    layout: Layout, tmp_path: Path
) -> None:
    folder = write(tmp_path / "in", ["zero", "one", "two"])
    processor(tmp_path / "out", layout).run(folder)
    for path in (tmp_path / "out/.packs").iterdir():
        path.unlink()
    assert statuses(processor(tmp_path / "out", layout).run(folder, resume=True)) == {"skipped": 3}
    next((tmp_path / "out/shards").iterdir()).unlink()
    assert statuses(processor(tmp_path / "out", layout).run(folder, resume=True))["succeeded"] >= 1
    assert texts_of(tmp_path / "out") == {"0.pdf": "zero", "1.pdf": "one", "2.pdf": "two"}


@layouts
def test_layouts_are_not_mixed_though_what_tells_of_them_is_gone_and_folders_of_others_are_none(
    layout: Layout, tmp_path: Path
) -> None:
    folder, packed, plain = write(tmp_path / "in", ["one", "two"]), tmp_path / "packed", tmp_path / "plain"
    processor(packed, layout).run(folder)
    processor(plain, "files").run(folder)
    for output, other in ((packed, "files"), (plain, layout)):
        for name in (".packs", ".index"):  # as after a kill, or a copy without hidden files
            shutil.rmtree(output / name, ignore_errors=True)
        with pytest.raises(UsageError, match="choose another output"):
            processor(output, other).run(folder)
        foreign = tmp_path / f"foreign-{output.name}"
        for name in ("shards/a.json", ".packs/a.json", ".index/a.jsonl", "a.json"):
            (foreign / name).parent.mkdir(parents=True, exist_ok=True)
            (foreign / name).write_text("{}")
        assert statuses(processor(foreign, other).run(folder)) == {"succeeded": 2}


@layouts
def test_a_spoiled_pack_is_found(layout: Layout, tmp_path: Path) -> None:
    folder = write(tmp_path / "in", ["some words " * 50])
    report = processor(tmp_path / "out", layout).run(folder)
    (pack,) = (tmp_path / "out/shards").iterdir()
    whole = pack.read_bytes()
    for spoiled in (whole[:-20], whole[: len(whole) // 2], b"", b"nonsense"):
        pack.write_bytes(spoiled)
        with pytest.raises(DocumentError):
            list(read_rows(Storage(tmp_path / "out"), f"shards/{pack.name}"))
    (tmp_path / "out/.packs" / f"{pack.name.partition('.')[0]}.json").unlink()
    with pytest.raises(OutputError):
        processor(tmp_path / "out", layout).run(folder, resume=True)
    assert report.successful == 1


@layouts
def test_no_document_of_a_pack_that_was_cut_counts_as_finished(layout: Layout, tmp_path: Path) -> None:
    folder = write(tmp_path / "in", ["zero", "one", "two"])
    processor(tmp_path / "out", layout, shard_bytes=1 << 30).run(folder)
    (pack,) = (tmp_path / "out/shards").iterdir()
    whole = pack.read_bytes()
    for cut in (b"", whole[:1], whole[:-1], whole[: len(whole) // 2], whole + b"more"):
        pack.write_bytes(cut)
        with pytest.raises(OutputError, match=pack.name):
            processor(tmp_path / "out", layout).run(folder, resume=True)
    pack.unlink()
    assert statuses(processor(tmp_path / "out", layout).run(folder, resume=True)) == {"succeeded": 3}
    assert texts_of(tmp_path / "out") == {"0.pdf": "zero", "1.pdf": "one", "2.pdf": "two"}


def test_a_pack_without_rows_of_documents_is_an_error_of_the_output_that_names_it(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", ["zero"])
    pack = tmp_path / "out/shards/000001-abc-000001.jsonl.zst"
    pack.parent.mkdir(parents=True)
    record = json.dumps({"version": 99, "pages": []})
    row = json.dumps({"id": "x", "text": "", "metadata": {"name": "x"}, "record": record})
    for line in ('{"id": "x"}', "[]", "5", "null", row):
        pack.write_bytes(zstandard.ZstdCompressor().compress(f"{line}\n".encode()))
        with pytest.raises(OutputError, match=pack.name):
            processor(tmp_path / "out").run(folder, resume=True)


def test_entries_of_another_shape_are_not_believed(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", ["zero"])
    processor(tmp_path / "out").run(folder)
    (place,) = (tmp_path / "out/.packs").iterdir()
    whole: dict[str, Any] = json.loads(place.read_bytes())
    values: list[Any] = [5, None, "a", {"a": 1}, [5], [[5]], [{}]]
    rows: list[Any] = ["abcdef", [1 << 70] * 6, [-1] * 6, [True] * 6, [0.5] * 6, [[]] * 6]
    odd: list[dict[str, Any]] = [
        *({name: value} for name in whole for value in values),
        {"duplicates": ["\ud800"]},
        *({"counts": [row]} for row in rows),
        *({"bytes": value} for value in (-1, 1 << 70, True, 0.5)),
    ]
    for change in odd:
        place.write_text(json.dumps({**whole, **change}))
        assert statuses(processor(tmp_path / "out").run(folder, resume=True)) == {"skipped": 1}, change
        assert json.loads(place.read_bytes()) == whole, change


@layouts
def test_duplicates_moved_folders_and_name_clashes_are_what_they_are_in_files(layout: Layout, tmp_path: Path) -> None:
    folder = write(tmp_path / "in", ["same", "same", "other"])
    assert statuses(processor(tmp_path / "out", layout).run(folder)) == {"succeeded": 2, "duplicate": 1}
    os.rename(folder, tmp_path / "moved")
    assert statuses(processor(tmp_path / "out", layout).run(str(tmp_path / "moved"), resume=True)) == {"skipped": 3}
    processor(tmp_path / "out", layout).run(write(tmp_path / "second", ["another"]), resume=True)
    names = [row["metadata"]["name"] for row in rows(tmp_path / "out")]
    assert len(names) == len(set(names)) == 4
    assert sorted(row["text"] for row in rows(tmp_path / "out")) == ["another", "other", "same", "same"]


@layouts
def test_an_export_of_packs_has_the_rows_that_one_of_files_has(layout: Layout, tmp_path: Path) -> None:
    folder = write(tmp_path / "in", ["one|two", "three"])
    processor(tmp_path / "packs", layout).run(folder)
    processor(tmp_path / "files", "files").run(folder)
    found = list[list[dict[str, Any]]]()
    for name in ("packs", "files"):
        export(str(tmp_path / name), tmp_path / f"{name}.jsonl")
        lines = map(json.loads, (tmp_path / f"{name}.jsonl").read_text().splitlines())
        measured = ("attempts", "duration_seconds", "finished_at")
        found.append(sorted(({k: v for k, v in row.items() if k not in measured} for row in lines), key=str))
    assert found[0] == found[1]


@layouts
def test_a_split_document_is_one_row_and_its_parts_stay_until_that_is_safe(layout: Layout, tmp_path: Path) -> None:
    folder = write(tmp_path / "in", ["text|" + "|".join(f"scan:{number}" for number in range(6))])
    extraction = Extraction(languages="eng", part_pages=2)
    scanning = processor(
        tmp_path / "out",
        layout,
        engine=ScanEngine(),
        ocr_engine=EchoOcr(),
        extraction=extraction,
        executor=ThreadExecutor(2),
    )
    report = scanning.run(folder)
    assert statuses(report) == {"succeeded": 1}
    assert len(report.results[0].pages) == 7
    assert list(texts_of(tmp_path / "out").values()) == [report.results[0].text]
    assert not [path for path in (tmp_path / "out/.parts").rglob("*") if path.is_file()]


def test_an_object_store_gets_whole_packs() -> None:
    MemoryFileSystem.store.clear()
    storage = Storage("memory://packs", layout="jsonl")
    batch = BatchProcessor(
        executor=SequentialExecutor(), storage=storage, engine=PlainEngine(), extraction=Extraction(ocr="never")
    )
    documents = [Document(f"{number}.pdf", content=plain_document(str(number))) for number in range(3)]
    assert batch.run(documents).successful == 3
    (pack,) = storage.names("shards/")
    assert sorted(row["text"] for row in read_rows(storage, pack)) == ["0", "1", "2"]
    assert statuses(batch.run(documents, resume=True)) == {"skipped": 3}
    assert "shards/" in storage.read("documents.csv").decode()


def test_a_pack_is_closed_after_some_rows_too(tmp_path: Path) -> None:
    assert pack_writer.MAX_ROWS <= 50_000
    folder = write(tmp_path / "in", ["a", "b"])
    processor(tmp_path / "out", shard_bytes=1 << 30).run(folder)
    assert len(list((tmp_path / "out/shards").iterdir())) == 1


def test_a_batch_that_is_left_early_keeps_what_has_ended(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", [f"text {number}" for number in range(5)])
    results = processor(tmp_path / "out", shard_bytes=1 << 30).stream(folder)
    first: Iterator[Any] = iter(results)
    next(first)
    results.close()
    assert len(texts_of(tmp_path / "out")) >= 1


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="no limit of a file's size")
@layouts
def test_a_disk_without_room_for_a_pack_is_an_error_of_the_output_that_says_so(layout: Layout, tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys\nfrom pdfbatch.errors import OutputError\n"
        "from tests.outputs.packing import processor\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))\n"
        "try:\n    processor(sys.argv[2], sys.argv[1], shard_bytes=1 << 30).run(sys.argv[3])\n"
        "except OutputError as error:\n    print(error)\n"
    )
    folder = write(tmp_path / "in", [os.urandom(20_000).hex() for _ in range(3)])
    command = [sys.executable, "-c", code, layout, str(tmp_path / "out"), folder]
    done = subprocess.run(
        command, check=True, cwd=Path(__file__).parents[2], timeout=280, capture_output=True, text=True
    )
    assert re.fullmatch(r".*/shards/[\w.-]+: no room left \(File too large\)", done.stdout.strip()), done.stderr
    assert not list((tmp_path / "out/shards").iterdir())
    assert statuses(processor(tmp_path / "out", layout).run(folder, resume=True)) == {"succeeded": 3}


class BrokenOff(Storage):
    """An output whose writer is gone before it has written the entries of a pack."""

    def write(self, name: str, data: bytes) -> None:
        if name.startswith(".packs/"):
            raise OutputError("killed")
        super().write(name, data)


@layouts
def test_a_kill_while_stale_rows_are_removed_costs_no_row(layout: Layout, tmp_path: Path) -> None:
    folder = write(tmp_path / "in", ["zero", "one", "two", "three"])
    processor(tmp_path / "out", layout, shard_bytes=1 << 30).run(folder)
    (tmp_path / "in/0.pdf").write_bytes(plain_document("changed"))
    processor(tmp_path / "out", layout).run(folder, resume=True, shard=(1, 1))  # which leaves the earlier row
    assert sorted(row["text"] for row in rows(tmp_path / "out")) == ["changed", "one", "three", "two", "zero"]
    with pytest.raises(OutputError):
        remove_stale_rows(BrokenOff(tmp_path / "out"))
    for _ in range(2):
        remove_stale_rows(Storage(tmp_path / "out"))
        assert sorted(row["text"] for row in rows(tmp_path / "out")) == ["changed", "one", "three", "two"]
