"""What a resume skips goes through a batch in lists: nothing but the time that it takes may show that."""

import pickle
import random
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

from pdfbatch.batch.group_tallies import GroupTallies
from pdfbatch.batch.source_reader import MOST_READ_AHEAD, READ_AHEAD, SourceReader
from pdfbatch.executors.sequential import SequentialExecutor
from pdfbatch.model import Counts, Document, DocumentResult, DocumentStatus
from pdfbatch.outputs.pack_catalog import PackCatalog, PackEntries
from pdfbatch.processor import BatchProcessor
from pdfbatch.report import BatchState, BatchStatus
from pdfbatch.settings import Extraction
from pdfbatch.storage import Storage
from pdfbatch.testing import PlainEngine, plain_document
from tests.outputs.packing import BAD

pytest.importorskip("zstandard")


class Notes:
    """A sink that notes what it hears."""

    def __init__(self) -> None:
        self.ids = list[str]()
        self.statuses = list[BatchStatus]()

    def update(self, status: BatchStatus) -> None:
        """Note a status."""
        self.statuses.append(status)

    def document(self, result: DocumentResult) -> None:
        """Note a document."""
        self.ids.append(result.document.document_uuid)

    def close(self) -> None:
        """Do nothing."""


def make_processor(folder: Path, *sinks: Notes, layout: str = "jsonl") -> BatchProcessor:
    output = Storage(str(folder), layout="jsonl" if layout == "jsonl" else "files")
    extraction = Extraction(ocr="never")
    return BatchProcessor(
        executor=SequentialExecutor(), output=output, engine=PlainEngine(), extraction=extraction, sinks=sinks
    )


def documents(numbers: "range | list[int]") -> list[Document]:
    return [Document(f"{number}.pdf", f"id-{number}", content=plain_document(str(number))) for number in numbers]


@pytest.mark.parametrize("layout", ["jsonl", "files"])
def test_skipped_documents_come_in_their_order_and_count_as_others_do(tmp_path: Path, layout: str) -> None:
    processor = make_processor(tmp_path, layout=layout)
    processor.run(documents(range(1, 1200)))
    before = (tmp_path / "documents.csv").read_bytes()
    notes = Notes()
    again = make_processor(tmp_path, notes, layout=layout).run(
        iter(documents(range(1201))), resume=True, batch_size=100
    )
    ids = [f"id-{number}" for number in range(1201)]
    new = {"id-0", "id-1200"}
    statuses = {result.document.document_uuid: str(result.status) for result in again.results}
    assert statuses == {identity: "succeeded" if identity in new else "skipped" for identity in ids}
    skipped = [identity for identity in ids if identity not in new]
    assert [identity for identity in notes.ids if identity not in new] == skipped
    assert (again.processed, again.status.skipped, notes.statuses[-1].skipped) == (1201, 1199, 1199)
    assert [(group.total_documents, group.pages) for group in again.batches] == [(100, 100)] * 12 + [(1, 1)]
    rows = (tmp_path / "documents.csv").read_bytes().splitlines(keepends=True)
    assert rows[: len(before.splitlines())] == before.splitlines(keepends=True)
    assert sorted(row.split(b",")[1] for row in rows[1:]) == sorted(identity.encode() for identity in ids)
    assert [result.text for result in (again.results[3], again.results[700])] == [
        result.document.file_path[:-4] for result in (again.results[3], again.results[700])
    ]


def test_who_leaves_early_has_got_what_is_counted(tmp_path: Path) -> None:
    make_processor(tmp_path).run(documents(range(50)))
    notes = Notes()
    results = make_processor(tmp_path, notes).stream(documents(range(50)), resume=True)
    assert [next(results).document.document_uuid for _ in range(3)] == ["id-0", "id-1", "id-2"]
    results.close()
    last = notes.statuses[-1]
    assert (last.state, last.processed, last.skipped, len(notes.ids)) == (BatchState.CANCELLED, 3, 3, 3)


def test_a_batch_that_stops_skips_what_is_finished(tmp_path: Path) -> None:
    make_processor(tmp_path).run(documents(range(30)))
    bad = [Document(f"bad-{number}.pdf", content=BAD) for number in range(25)]
    report = make_processor(tmp_path).run([*bad, *documents(range(30))], resume=True, max_failure_rate=0.1)
    assert report.stop_reason
    assert report.status.skipped == 30


def make_entries(numbers: "list[int]", version: str) -> PackEntries:
    entries = PackEntries()
    for number in numbers:
        kind = number % 10
        result = DocumentResult(
            document=Document("x.pdf", f"id-{number}"),
            status=DocumentStatus.FAILED if kind == 4 else DocumentStatus.SUCCEEDED,
            counts=Counts(pages=number, characters=7 * number),
            fingerprint=version,
            duplicate_of=f"id-{number + 1}" if kind == 2 else None,
        )
        entries.add(result, "options")
    return entries


@pytest.mark.parametrize("has_repeated", [False, True])
@pytest.mark.parametrize("together", [1, 7, 120, 999])
def test_a_catalog_finds_the_last_row_of_each_document_in_any_order(has_repeated: bool, together: int) -> None:
    catalog, numbers = PackCatalog(), list(range(0, 1000, 2))
    versions = dict[int, tuple[str, str]]()
    for pack, version, some in (("a", "1", numbers[:230]), ("b", "2", numbers[230:]), ("c", "3", numbers[200:260:3])):
        if version != "3" or has_repeated:
            catalog.add(pack, make_entries(some, version))
            versions.update(dict.fromkeys(some, (pack, version)))
    assert catalog.has_repeated_rows() is has_repeated
    wanted = [list(range(1000)), random.Random(3).sample(range(1000), 1000), [*range(400, 560), *range(100)]]
    for order in wanted:
        for start in range(0, len(order), together):
            some = order[start : start + together]
            catalog.load(f"id-{number}" for number in some)
            for number in some:
                pack, version = versions.get(number, ("", ""))
                found = catalog.find(f"id-{number}", version, "options")
                assert catalog.is_indexed(f"id-{number}") is (number in versions)
                assert catalog.has_failed(f"id-{number}", f"id-{number}") is (number in versions and number % 10 == 4)
                if found is None:
                    assert number not in versions or number % 10 == 4
                    continue
                duplicate_of = f"id-{number + 1}" if number % 10 == 2 else None
                assert (found.pack, found.duplicate_of) == (pack, duplicate_of)
                assert (found.counts.pages, found.counts.characters) == (number, 7 * number)
                assert catalog.find(f"id-{number}", "another version", "options") is None
    catalog.close()


@pytest.mark.parametrize(("content", "most"), [(b"x", MOST_READ_AHEAD), (bytes(1 << 20), READ_AHEAD)])
def test_a_source_is_never_read_much_further_than_its_documents_are_taken(content: bytes, most: int) -> None:
    read = array("q", [0])

    def source() -> Iterator[Document]:
        for number in range(2000 if len(content) == 1 else 100):
            read[0] += 1
            yield Document(f"{number}.pdf", str(number), content=content)

    reader = SourceReader(source(), lambda: None, lambda: None)
    reader.start(60.0)
    taken = list[str]()
    for document in reader:
        if document is not None:
            taken.append(document.document_uuid)
            assert read[0] - len(taken) <= most + 1
    assert taken == [str(number) for number in range(len(taken))]
    assert len(taken) == read[0]
    reader.close()


def test_groups_count_what_their_documents_are_and_travel_as_a_tuple() -> None:
    groups, document = GroupTallies(10), Document("x.pdf", "x")
    skipped = DocumentResult(document=document, status=DocumentStatus.SKIPPED, counts=Counts(pages=2))
    failed = DocumentResult(document=document, status=DocumentStatus.FAILED, duration_seconds=0.5)
    groups.add(failed, 25)
    groups.add_skipped([skipped] * 10, list(range(5, 15)))
    counts = groups.counts()
    assert [(each.number, each.successful, each.failed, each.pages, each.worker_seconds) for each in counts] == [
        (1, 5, 0, 10, 0.0),
        (2, 5, 0, 10, 0.0),
        (3, 0, 1, 0, 0.5),
    ]
    assert (counts[-1], counts[:1], len(counts)) == (counts[2], (counts[0],), 3)
    again = pickle.loads(pickle.dumps(counts))
    assert type(again) is tuple
    assert counts == again
    groups.add(failed, 0)
    assert counts[0].failed == 0, "what was asked for changes"
