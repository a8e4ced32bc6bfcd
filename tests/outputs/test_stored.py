"""The one gate for records: a checked record or none, whatever lies under the name."""

import json
import os
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies

from pdfbatch.errors import DocumentError
from pdfbatch.executors.sequential import SequentialExecutor
from pdfbatch.model import Counts, Document, DocumentStatus, Page, TextSource
from pdfbatch.outputs.record_fields import InvalidRecordError
from pdfbatch.outputs.stored import Record, parse_record
from pdfbatch.processor import BatchProcessor
from pdfbatch.report import BatchReport
from pdfbatch.settings import Extraction
from pdfbatch.storage import Storage
from pdfbatch.tasks import PartTask, ReadTask
from pdfbatch.testing import PlainEngine, plain_document
from pdfbatch.work import DocumentWork
from tests.stand_ins import EchoOcr, ScanEngine


def run(folder: Path, *, resume: bool = False, retry_failed: bool = False) -> BatchReport:
    processor = BatchProcessor(
        executor=SequentialExecutor(),
        engine=PlainEngine(),
        extraction=Extraction(ocr="never"),
        storage=Storage(str(folder / "out"), durability="none"),
    )
    return processor.run([str(folder / "a.pdf"), str(folder / "b.pdf")], resume=resume, retry_failed=retry_failed)


def good_record(folder: Path) -> tuple[Path, dict[str, Any]]:
    for name in "ab":
        (folder / f"{name}.pdf").write_bytes(plain_document(name, f"{name} two"))
    path = Path(str(run(folder).results[0].output))
    return path, json.loads(path.read_bytes())


def alter(path: str, value: object) -> Callable[[dict[str, Any]], bytes]:
    def change(record: dict[str, Any]) -> bytes:
        *above, last = path.split(".")
        place: Any = record
        for name in above:
            place = place[int(name)] if name.isdigit() else place[name]
        if value is ...:
            del place[last]
        else:
            place[last] = value
        return json.dumps(record).encode()

    return change


MEASURED = ("ocr_seconds", "ocr_cpu_seconds")
ODD: dict[str, Callable[[dict[str, Any]], bytes]] = {
    "another version": alter("version", 2),
    "no version": alter("version", ...),
    "no status": alter("status", ...),
    "another status": alter("status", "splendid"),
    "a cause of another version": alter("error", {"cause": "solar_flare", "message": "", "transient": False}),
    "an error that is text": alter("error", "oh"),
    "counts that are a list": alter("counts", []),
    "a negative count": alter("counts.pages", -1),
    "a huge count": alter("counts.pages", 1 << 60),
    "a count that is a float": alter("counts.pages", 2.0),
    "a count that is true": alter("counts.failed_pages", True),
    "pages that are missing": alter("pages", []),
    "pages that are text": alter("pages", "ab"),
    "a page that is null": alter("pages", [None, None]),
    "a page without text": alter("pages.0.text", ...),
    "half a surrogate pair": alter("pages.0.text", "\ud800"),
    "an input that is null": alter("input", None),
    "a run that is missing": alter("run", ...),
    "infinite seconds": lambda record: (
        json.dumps(record).replace('"ocr_seconds": 0.0', '"ocr_seconds": 1e999').encode()
    ),
    "NaN": lambda record: json.dumps(record).replace('"ocr_seconds": 0.0', '"ocr_seconds": NaN').encode(),
    "a number of many digits": lambda _: b'{"version": ' + b"9" * 5000 + b"}",
    "deep brackets": lambda _: b"[" * 200_000,
    "deep objects": lambda _: b'{"version":' * 100_000,
    "a cut record": lambda record: json.dumps(record).encode()[:-10],
    "nothing": lambda _: b"",
    "a list": lambda _: b"[]",
    "no UTF-8": lambda _: b"\xff\xfe\x00",
}


@pytest.mark.parametrize("odd", ODD.values(), ids=list(ODD))
@pytest.mark.parametrize("indexed", [True, False], ids=["indexed", "not indexed"])
def test_an_odd_record_is_read_anew_and_costs_no_other_document(
    tmp_path: Path, odd: Callable[[dict[str, Any]], bytes], *, indexed: bool
) -> None:
    path, record = good_record(tmp_path)
    path.write_bytes(odd(record))
    with pytest.raises(InvalidRecordError):
        parse_record(path.read_bytes())
    if not indexed:
        for segment in (tmp_path / "out" / ".index").iterdir():
            segment.unlink()
        assert [each.status for each in run(tmp_path, resume=True).results] == [
            DocumentStatus.SUCCEEDED,
            DocumentStatus.SKIPPED,
        ]
    else:
        assert run(tmp_path, retry_failed=True).successful == 1
    assert parse_record(path.read_bytes()).status is DocumentStatus.SUCCEEDED


def test_a_fifo_in_place_of_a_record_is_not_waited_for(tmp_path: Path) -> None:
    path, _ = good_record(tmp_path)
    path.unlink()
    os.mkfifo(path)
    for segment in (tmp_path / "out" / ".index").iterdir():
        segment.unlink()
    assert run(tmp_path, resume=True).successful == 2
    assert path.is_file()


@pytest.mark.parametrize("text", [None, b"", b"a\fa twO"], ids=["gone", "empty", "of the same length"])
def test_a_record_counts_only_if_its_text_is_there(tmp_path: Path, text: bytes | None) -> None:
    path, _ = good_record(tmp_path)
    path.with_suffix(".txt").unlink()
    if text is not None:
        path.with_suffix(".txt").write_bytes(text)
    for segment in (tmp_path / "out" / ".index").iterdir():
        segment.unlink()
    assert [each.status for each in run(tmp_path, resume=True).results] == [
        DocumentStatus.SUCCEEDED,
        DocumentStatus.SKIPPED,
    ]
    assert path.with_suffix(".txt").read_bytes() == b"a\fa two"


def test_an_entry_of_the_index_counts_only_if_the_text_is_there(tmp_path: Path) -> None:
    path, _ = good_record(tmp_path)
    path.with_suffix(".txt").unlink()
    assert run(tmp_path, resume=True).status.skipped == 1
    assert path.with_suffix(".txt").read_bytes() == b"a\fa two"


def test_pages_of_a_record_that_has_become_another_raise_an_error_of_the_document(tmp_path: Path) -> None:
    path, _ = good_record(tmp_path)
    report = run(tmp_path)
    path.write_bytes(b"{}")
    with pytest.raises(DocumentError, match="is no record"):
        _ = report.results[0].text


def test_many_odd_records_are_one_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path, _ = good_record(tmp_path)
    for each in path.parent.glob("*.json"):
        each.write_bytes(b"{}")
    run(tmp_path, retry_failed=True)
    assert len([record for record in caplog.records if "records that cannot be read" in record.message]) == 1


# --- any bytes, any JSON -------------------------------------------------------------------------------------------------

VALUES = strategies.recursive(
    strategies.none()
    | strategies.booleans()
    | strategies.integers()
    | strategies.floats()
    | strategies.text(max_size=5),
    lambda values: (
        strategies.lists(values, max_size=3) | strategies.dictionaries(strategies.text(max_size=3), values, max_size=3)
    ),
    max_leaves=6,
)
RECORD: dict[str, Any] = {
    "version": 1,
    "document": {"document_uuid": "a", "file_path": "a.pdf", "project_uuid": None, "metadata": {}},
    "status": "succeeded",
    "error": None,
    "extras": {"attachments": 1, "portfolio": True, "xfa": "static", "form_fields": 2},
    "counts": {**{field.name: 1 for field in fields(Counts) if field.name not in MEASURED}, "reasons": {"r": 1}},
    "pdf_metadata": {"Title": "t"},
    "input": {"fingerprint": "1:a"},
    "options": "o",
    "versions": {},
    "duplicate_of": None,
    "text": {"bytes": 1, "sha256": "00"},
    "pages": [Page(number=1, text="t", source=TextSource.OCR, reason="r", confidence=1.0).as_dict()],
    "run": {
        "attempts": 1,
        "duration_seconds": 1,
        "ocr_seconds": 0.5,
        "ocr_cpu_seconds": 0.5,
        "page_cpu_seconds": {},
        "finished_at": "",
    },
}
PATHS: list[tuple[Any, ...]] = [(name,) for name in RECORD]
for _name in ("document", "counts", "pdf_metadata", "input", "text", "run"):
    PATHS.extend((_name, inner) for inner in RECORD[_name])
PATHS.extend(("pages", 0, inner) for inner in RECORD["pages"][0])


@settings(derandomize=True, database=None, max_examples=400, deadline=None)
@given(path=strategies.sampled_from(PATHS), value=VALUES)
def test_a_record_with_any_value_anywhere_is_checked_or_refused(path: tuple[Any, ...], value: object) -> None:
    record = json.loads(json.dumps(RECORD))
    place = record
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    try:
        found = parse_record(json.dumps(record).encode())
    except InvalidRecordError:
        return
    assert isinstance(found, Record)
    "".join(page.text for page in found.pages).encode()
    assert len(found.pages) == found.counts.pages


@settings(derandomize=True, database=None, max_examples=200, deadline=None)
@given(data=strategies.binary(max_size=60))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidRecordError):
        parse_record(data)


def test_the_record_that_the_fuzzing_starts_from_is_good() -> None:
    assert parse_record(json.dumps(RECORD).encode()).options == "o"


# --- tasks that are delivered twice -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("again", ["join", "part", "part and join", "join, while a part is left"])
def test_tasks_that_are_done_again_change_nothing(tmp_path: Path, again: str) -> None:
    (tmp_path / "a.pdf").write_bytes(plain_document("text", *(f"scan:{number}" for number in range(6))))
    output = Storage(str(tmp_path / "out"), durability="none")
    work = DocumentWork(
        engine=ScanEngine(), ocr_engine=EchoOcr(), extraction=Extraction(languages="eng", part_pages=2), output=output
    )
    document = Document(str(tmp_path / "a.pdf"))
    split = work(ReadTask(document=document))
    assert split.join is not None
    assert len(split.parts) == 3
    for part in (*split.parts, split.parts[0]):  # one of them twice
        assert isinstance(part, PartTask)
        assert work(part).failure is None
    first = work(split.join).result
    assert first is not None
    before = record_without_run(output, "a.pdf")
    if "part" in again:
        work(split.parts[1])
    if again == "join, while a part is left":
        output.write(f"{split.parts[0].partial_document.folder}000001-000002.json", b"[]")
    if "join" in again:
        second = work(split.join).result
        assert second is not None
        assert (second.status, second.counts.characters) == (first.status, first.counts.characters)
    assert record_without_run(output, "a.pdf") == before
    assert list(output.names(".parts/")) == []


def record_without_run(output: Storage, name: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(output.read(f"{name}.json"))
    del record["run"]
    return record
