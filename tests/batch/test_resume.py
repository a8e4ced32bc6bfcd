"""Resume by the index of an output: nothing is read that need not be, and nothing is left out that must be read."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from pdfbatch.errors import Cause, DocumentError
from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.executors.sequential import SequentialExecutor
from pdfbatch.model import Document, DocumentResult, DocumentStatus
from pdfbatch.ports import Locality, Output
from pdfbatch.processor import BatchProcessor
from pdfbatch.settings import Extraction
from pdfbatch.storage import Storage
from pdfbatch.testing import PlainEngine, plain_document


@dataclass(frozen=True, slots=True)
class CountingStorage:
    """A folder that counts what is asked of it, and may refuse to list."""

    folder: str
    asked: Counter[str] = field(default_factory=Counter[str])
    lists: bool = True
    locality: Locality = field(default=Locality.MACHINE, init=False)

    def check(self) -> None:
        self._storage.check()

    def uri(self, name: str) -> str:
        return self._storage.uri(name)

    def write(self, name: str, data: bytes) -> None:
        self.asked[f"write {_kind(name)}"] += 1
        self._storage.write(name, data)

    def read(self, name: str) -> bytes:
        self.asked[f"read {_kind(name)}"] += 1
        return self._storage.read(name)

    def delete(self, name: str) -> None:
        self.asked[f"delete {_kind(name)}"] += 1
        self._storage.delete(name)

    def names(self, below: str = "") -> Iterable[str]:
        self.asked["list"] += 1
        if not self.lists:
            raise DocumentError(f"{self.folder}: access denied", cause=Cause.STORAGE_DENIED)
        return self._storage.names(below)

    @property
    def _storage(self) -> Storage:
        return Storage(self.folder)


def _kind(name: str) -> str:
    return "table" if name == "documents.csv" else "index" if name.startswith(".index/") else "file"


def processor(output: Output, **settings: str) -> BatchProcessor:
    return BatchProcessor(
        executor=SequentialExecutor(),
        storage=output,
        engine=PlainEngine(),
        extraction=Extraction(ocr="never", **settings),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        deduplicate=False,
    )


def documents(folder: Path, *texts: str) -> list[Document]:
    folder.mkdir(exist_ok=True)
    for number, text in enumerate(texts):
        (folder / f"{number}.pdf").write_bytes(plain_document(text))
    return [Document(str(folder / f"{number}.pdf"), f"id-{number}") for number in range(len(texts))]


def statuses(results: Iterable[DocumentResult]) -> dict[str, str]:
    return {result.document.document_uuid: str(result.status) for result in results}


def killed(output: CountingStorage, inputs: list[Document], *, after: int, languages: str, resume: bool) -> None:
    """Begin a batch in a process that dies after so many results."""
    pairs = [(document.file_path, document.document_uuid) for document in inputs]
    code = f"""
import os
from pdfbatch.model import Document
from tests.batch.test_resume import CountingStorage, processor
documents = [Document(*pair) for pair in {pairs!r}]
results = processor(CountingStorage({output.folder!r}), languages={languages!r}).stream(documents, resume={resume})
for _ in range({after}):
    next(results)
os._exit(7)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False, timeout=60)
    assert done.returncode == 7


@pytest.fixture
def output(tmp_path: Path) -> CountingStorage:
    return CountingStorage(str(tmp_path / "out"))


def segments(output: CountingStorage) -> list[Path]:
    return sorted((Path(output.folder) / ".index").glob("*.jsonl"))


def test_a_finished_batch_is_resumed_by_one_listing_and_one_read(output: CountingStorage, tmp_path: Path) -> None:
    inputs = documents(tmp_path / "in", *map(str, range(30)))
    processor(output).run(inputs)
    output.asked.clear()
    report = processor(output).run(inputs, resume=True)
    assert report.status.skipped == 30
    assert output.asked == {"list": 1, "read index": 1, "read table": 1, "write file": 4}


def test_a_skipped_document_has_its_counts_and_its_text(output: CountingStorage, tmp_path: Path) -> None:
    inputs = documents(tmp_path / "in", "some text")
    first = processor(output).run(inputs).results[0]
    again = processor(output).run(inputs, resume=True).results[0]
    counts = replace(first.counts, reasons={})
    expected = replace(first, status=DocumentStatus.SKIPPED, duration_seconds=0.0, pdf_metadata={}, counts=counts)
    assert replace(again, pages=()) == replace(expected, pages=())
    assert again.text == "some text"


def test_what_the_index_says_is_what_the_record_says(output: CountingStorage, tmp_path: Path) -> None:
    inputs = documents(tmp_path / "in", "one", " ")
    processor(output).run(inputs)
    by_index = list(processor(output).run(inputs, resume=True).results)
    for path in segments(output):
        path.unlink()
    by_record = list(processor(output).run(inputs, resume=True).results)
    assert [replace(it, duration_seconds=0.0, pages=()) for it in by_record] == [
        replace(it, pages=()) for it in by_index
    ]


def test_a_changed_input_is_read_again(output: CountingStorage, tmp_path: Path) -> None:
    inputs = documents(tmp_path / "in", "one", "two")
    processor(output).run(inputs)
    Path(inputs[1].file_path).write_bytes(plain_document("changed"))
    report = processor(output).run(inputs, resume=True)
    assert statuses(report.results) == {"id-0": "skipped", "id-1": "succeeded"}
    assert statuses(processor(output).run(inputs, resume=True).results) == {"id-0": "skipped", "id-1": "skipped"}


def test_other_settings_of_a_batch_or_a_document_read_it_again(output: CountingStorage, tmp_path: Path) -> None:
    inputs = documents(tmp_path / "in", "one", "two")
    processor(output).run(inputs)
    one_page = [inputs[0], replace(inputs[1], pages="1")]
    report = processor(output).run(one_page, resume=True)
    assert statuses(report.results) == {"id-0": "skipped", "id-1": "succeeded"}
    report = processor(output, languages="deu").run(inputs, resume=True)
    assert statuses(report.results) == {"id-0": "succeeded", "id-1": "succeeded"}


def test_a_deleted_record_is_made_again_without_a_look_for_it(output: CountingStorage, tmp_path: Path) -> None:
    inputs = documents(tmp_path / "in", "one", "two")
    processor(output).run(inputs)
    os.unlink(Path(output.folder) / "id-1.json")
    output.asked.clear()
    report = processor(output).run(inputs, resume=True)
    assert statuses(report.results) == {"id-0": "skipped", "id-1": "succeeded"}
    assert output.asked["read file"] == 0


def test_what_failed_is_tried_again(output: CountingStorage, tmp_path: Path) -> None:
    inputs = documents(tmp_path / "in", "one", "two")
    content = Path(inputs[1].file_path).read_bytes()
    Path(inputs[1].file_path).write_bytes(b"\xff\xfe")
    processor(output).run(inputs)
    Path(inputs[1].file_path).write_bytes(content)
    assert statuses(processor(output).run(inputs, resume=True).results) == {"id-0": "skipped", "id-1": "succeeded"}


def test_a_document_that_fails_later_is_not_in_the_index_any_more(output: CountingStorage, tmp_path: Path) -> None:
    inputs = documents(tmp_path / "in", "one", "two")
    path = Path(inputs[1].file_path)
    content, facts = path.read_bytes(), path.stat()
    processor(output).run(inputs)
    path.write_bytes(b"\xff\xfe")
    processor(output).run(inputs)
    path.write_bytes(content)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))  # the input is as it was, its record is not
    assert statuses(processor(output).run(inputs, resume=True).results) == {"id-0": "skipped", "id-1": "succeeded"}


def test_a_batch_that_was_killed_before_it_wrote_its_index_is_resumed_by_its_records(
    output: CountingStorage, tmp_path: Path
) -> None:
    inputs = documents(tmp_path / "in", "one", "two", "three")
    killed(output, inputs, after=2, languages="eng", resume=False)
    assert segments(output) == []
    report = processor(output).run(inputs, resume=True)
    assert Counter(statuses(report.results).values())["skipped"] >= 2
    output.asked.clear()
    assert processor(output).run(inputs, resume=True).status.skipped == 3
    assert output.asked["read file"] == 0  # what the records told is in the index now


@pytest.mark.parametrize("resume", [False, True])
def test_a_killed_batch_leaves_no_wrong_entry_of_what_it_read_again(
    resume: bool, output: CountingStorage, tmp_path: Path
) -> None:
    inputs = documents(tmp_path / "in", "one", "two")
    processor(output).run(inputs)
    killed(output, inputs, after=1, languages="deu", resume=resume)
    report = processor(output).run(inputs, resume=True)
    found = statuses(report.results)
    records = {uuid: json.loads((Path(output.folder) / f"{uuid}.json").read_bytes())["options"] for uuid in found}
    assert found["id-0"] == "succeeded"
    assert len(set(records.values())) == 1


def test_an_output_that_cannot_be_listed_is_resumed_by_its_records(tmp_path: Path) -> None:
    output = CountingStorage(str(tmp_path / "out"), lists=False)
    inputs = documents(tmp_path / "in", "one", "two")
    processor(output).run(inputs)
    assert processor(output).run(inputs, resume=True).status.skipped == 2


def test_a_broken_segment_costs_only_time(
    output: CountingStorage, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    inputs = documents(tmp_path / "in", "one", "two")
    processor(output).run(inputs)
    segments(output)[0].write_bytes(b'{"key": "id-0", "input"')
    assert processor(output).run(inputs, resume=True).status.skipped == 2
    assert "index cannot be read" in caplog.text


@pytest.mark.parametrize("indexed", [True, False], ids=["by its entry", "by its record"])
def test_parts_that_a_killed_batch_left_beside_a_record_are_removed(
    output: CountingStorage, tmp_path: Path, *, indexed: bool
) -> None:
    inputs = documents(tmp_path, "one", "two")
    processor(output).run(inputs)
    if not indexed:
        output.delete(".index/")
    output.write(f".parts/{inputs[0].document_uuid}/0123/000001-000002.json", b"[]")
    report = processor(output).run(inputs, resume=True)
    assert report.status.skipped == 2
    assert list(output.names(".parts/")) == []


def test_workers_in_other_processes_tell_the_fingerprint(output: CountingStorage, tmp_path: Path) -> None:
    inputs = documents(tmp_path / "in", "one", "two")
    there = replace(processor(Storage(output.folder)), executor=ProcessExecutor(workers=1))
    there.run(inputs)
    assert processor(output).run(inputs, resume=True).status.skipped == 2
    assert output.asked["read file"] == 0


def test_more_skipped_documents_than_one_turn_takes_all_come_back(output: CountingStorage, tmp_path: Path) -> None:
    inputs = documents(tmp_path / "in", *map(str, range(700)))
    processor(output).run(inputs)
    found = Counter(result.document.document_uuid for result in processor(output).stream(iter(inputs), resume=True))
    assert found == {f"id-{number}": 1 for number in range(700)}


def test_an_error_of_the_source_is_raised_after_what_came_before_it(output: CountingStorage, tmp_path: Path) -> None:
    inputs = documents(tmp_path / "in", "one", "two")
    processor(output).run(inputs)

    def failing() -> Iterator[Document]:
        yield from inputs
        raise LookupError("the source is broken")

    found = list[DocumentResult]()
    with pytest.raises(LookupError, match="the source is broken"):
        found.extend(processor(output).stream(failing(), resume=True))
    assert statuses(found) == {"id-0": "skipped", "id-1": "skipped"}
