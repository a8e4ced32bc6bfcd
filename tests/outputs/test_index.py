"""The index of an output: segments, tombstones, invalidation and compaction."""

import json
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies

from pdfbatch.model import Counts, Document, DocumentResult, DocumentStatus
from pdfbatch.outputs import index
from pdfbatch.outputs.catalog import FinishedDocument
from pdfbatch.outputs.index import IndexWriter, SegmentNames, open_index, read_index
from pdfbatch.storage import Storage


@pytest.fixture
def output(tmp_path: Path) -> Storage:
    return Storage(str(tmp_path))


def segments(output: Storage) -> list[Path]:
    return sorted(Path(output.uri(".index/")).glob("*"))


def writer_of(batch: int, output: Storage) -> IndexWriter:
    return IndexWriter(output, SegmentNames(batch=batch, chance="x"), len(segments(output)))


def result(number: int, *, ok: bool = True, duplicate_of: str | None = None) -> DocumentResult:
    status = DocumentStatus.SUCCEEDED if ok else DocumentStatus.FAILED
    counts = Counts(pages=number, text_pages=1, ocr_pages=2, blank_pages=3, failed_pages=4, characters=5 << 32)
    fingerprint = "1:a" if ok else ""
    return DocumentResult(
        document=document(number), status=status, fingerprint=fingerprint, counts=counts, duplicate_of=duplicate_of
    )


def document(number: int) -> Document:
    return Document("", name(number))


def name(number: int) -> str:
    return f"id-{number}"


def write_records(output: Storage, count: int) -> None:
    for number in range(count):
        output.write(f"id-{number}.json", b"{}")
        output.write(f"id-{number}.txt", b"")


def found(output: Storage, *numbers: int, options: str = "o") -> list[int]:
    """Those of the documents that the index knows as finished."""
    with closing(read_index(output)[0]) as catalog:
        return [number for number in numbers if catalog.find(name(number), "1:a", options)]


def test_an_entry_comes_back_as_it_was_written(output: Storage) -> None:
    writer = writer_of(1, output)
    writer.add(result(1), "o", 0)
    writer.add(result(2, duplicate_of="id-1"), "o", 0)
    writer.close(completed=True)
    write_records(output, 3)
    with closing(read_index(output)[0]) as catalog:
        assert catalog.find(name(1), "1:a", "o") == FinishedDocument(result(1).counts, None, has_parts=False)
        assert catalog.find(name(2), "1:a", "o") == FinishedDocument(result(2).counts, "id-1", has_parts=False)


def test_segments_are_bounded_and_written_as_a_batch_goes_on(output: Storage) -> None:
    writer = writer_of(1, output)
    for number in range(2 * index.SEGMENT_LINES + index.WRITE_LINES // 2):
        writer.add(result(number), "o", 0)
    writer.close(completed=False)
    lines = [len(path.read_bytes().splitlines()) for path in segments(output)]
    assert sum(lines) == 2 * index.SEGMENT_LINES + index.WRITE_LINES // 2
    assert len(lines) <= 3


def test_many_small_segments_become_one(output: Storage) -> None:
    for batch in range(1, 30):
        writer = writer_of(batch, output)
        writer.add(result(batch), "o", 0)
        writer.add(result(0), f"o{batch}", 0)
        writer.close(completed=True)
    assert len(segments(output)) < 20
    write_records(output, 30)
    assert found(output, *range(30)) == list(range(1, 30))
    assert [found(output, 0, options=f"o{batch}") for batch in (1, 21, 29)] == [[], [], [0]]


def test_an_invalidation_that_is_not_taken_back_outlives_a_compaction(output: Storage) -> None:
    for batch in range(1, 23):
        writer = writer_of(batch, output)
        if batch == 10:
            writer.invalidate()
        writer.add(result(batch), "o", 0)
        writer.close(completed=batch != 10)
    assert len(segments(output)) < 20
    write_records(output, 30)
    assert found(output, *range(1, 23)) == list(range(10, 23))


def test_a_document_that_fails_after_an_invalidation_gets_a_tombstone(output: Storage) -> None:
    first = writer_of(1, output)
    first.add(result(1), "o", 0)
    first.close(completed=True)
    second = writer_of(2, output)
    second.invalidate()
    second.add(result(1, ok=False), "o", 0)
    second.close(completed=True)
    with closing(read_index(output)[0]) as catalog:
        assert not catalog.is_indexed(name(1))


@pytest.mark.parametrize(
    "line",
    [
        b'{"key": "id-1", "input"',
        b"[1]",
        b'{"key": "id-1"}',
        b'{"key": "id-1", "input": "1:a", "options": "o", "counts": [1, 2]}',
        b'{"key": "id-1", "input": "1:a", "options": "o", "counts": [1, 2, 3, 4, 5, 99999999999999999999]}',
        b'{"key": "id-1", "input": "\\ud800", "options": "o", "counts": [1, 2, 3, 4, 5, 6]}',
    ],
    ids=["cut off", "no object", "no entry", "too few counts", "a count too large", "half a character"],
)
def test_a_broken_line_invalidates_what_comes_before_it(output: Storage, line: bytes) -> None:
    for number in (1, 2):
        writer = writer_of(number, output)
        writer.add(result(number), "o", 0)
        writer.close(completed=True)
    write_records(output, 3)
    first = segments(output)[0]
    first.write_bytes(first.read_bytes() + line)
    assert found(output, 1, 2) == [2]


def test_a_full_segment_is_read_in_portions(output: Storage) -> None:
    writer = writer_of(1, output)
    for number in range(2500):
        writer.add(result(number), "o", 0)
    writer.close(completed=True)
    write_records(output, 1)
    output.write("id-2499.json", b"{}")
    output.write("id-2499.txt", b"")
    assert found(output, 0, 1, 2499) == [0, 2499]


def test_an_index_is_opened_with_names_alone_unless_it_is_resumed(output: Storage) -> None:
    _, writer = open_index(output, resume=False)
    assert segments(output) == []
    writer.add(result(1), "o", 0)
    writer.close(completed=True)
    write_records(output, 2)
    catalog, _ = open_index(output, resume=False)
    assert (catalog.has_record(name(0)), catalog.is_indexed(name(1))) == (True, False)
    assert json.loads(segments(output)[-1].read_bytes()) == {"invalid": "all lines before"}
    assert found(output, 1) == []


def test_parts_of_a_document_are_known_by_the_listing(output: Storage) -> None:
    output.write(".parts/id-0/0123/000001-000002.json", b"[]")
    catalog, _ = open_index(output, resume=True)
    assert catalog is not None
    with closing(catalog):
        assert [catalog.has_parts(name(number)) for number in (0, 1)] == [True, False]


# --- what others may have left in the folder --------------------------------------------------------------------------


def write_good(output: Storage) -> None:
    writer = writer_of(1, output)
    for number in range(3):
        writer.add(result(number), "o", 0)
    writer.close(completed=True)
    write_records(output, 3)


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


ODD: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a FIFO": ("000002-x-000001.jsonl", make_fifo),
    "a folder": ("000002-x-000001.jsonl", Path.mkdir),
    "a file in a folder": ("deeper/000001-x-000001.jsonl", lambda path: path.write_bytes(b"[")),
    "another digit": ("\N{SUPERSCRIPT TWO}-x.jsonl", lambda path: path.write_bytes(b"[")),
    "an endless number": (f"{'9' * 60}-x-000001.jsonl", lambda path: path.write_bytes(b"[")),
    "no segment": (".DS_Store", lambda path: path.write_bytes(b"\0")),
    "deep JSON": ("000002-x-000001.jsonl", lambda path: path.write_bytes(b"[" * 200_000)),
    "a huge number": ("000002-x-000001.jsonl", lambda path: path.write_bytes(b'{"key": ' + b"9" * 6000 + b"}")),
    "no object": ("000002-x-000001.jsonl", lambda path: path.write_bytes(b"[1]\n2\nnull\n")),
    "a cut line": ("000002-x-000001.jsonl", lambda path: path.write_bytes(b'{"key": "id-1", "inp')),
    "odd kinds": (
        "000002-x-000001.jsonl",
        lambda path: path.write_bytes(b'{"key": 1, "input": [], "options": {}}'),
    ),
    "odd counts": (
        "000002-x-000001.jsonl",
        lambda path: path.write_bytes(b'{"key": "k", "input": "i", "options": "o", "counts": [1, 2, 3, 4, 5, -6e300]}'),
    ),
    "half a surrogate pair": (
        "000002-x-000001.jsonl",
        lambda path: path.write_bytes(
            b'{"key": "k", "input": "\\ud800", "options": "o", "counts": [1, 2, 3, 4, 5, 6]}'
        ),
    ),
}


@pytest.mark.parametrize("odd", ODD, ids=list(ODD))
def test_what_is_odd_costs_one_warning_and_no_wrong_entry(
    output: Storage, odd: str, caplog: pytest.LogCaptureFixture
) -> None:
    write_good(output)
    name, make = ODD[odd]
    path = Path(output.uri(f".index/{name}"))
    path.parent.mkdir(exist_ok=True)
    make(path)
    assert found(output, 0, 1, 2) in ([0, 1, 2], [])
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) <= 1
    catalog, writer = open_index(output, resume=True)
    assert catalog is not None
    catalog.close()
    writer.add(result(1), "o", 0)
    writer.close(completed=True)
    assert 1 in found(output, 0, 1, 2)


def test_many_odd_files_are_one_warning_of_each_kind(output: Storage, caplog: pytest.LogCaptureFixture) -> None:
    write_good(output)
    for number in range(5):
        Path(output.uri(f".index/odd-{number}")).write_bytes(b"")
        Path(output.uri(f".index/00000{number + 2}-x-000001.jsonl")).write_bytes(b"[[")
    assert found(output, 1) == []
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 2


LINES = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers() | strategies.floats() | strategies.text(),
    lambda values: strategies.lists(values) | strategies.dictionaries(strategies.text(), values),
    max_leaves=8,
)
ENTRIES = strategies.fixed_dictionaries(
    {},
    optional={
        "key": LINES | strategies.sampled_from(["id-1", "id-2"]),
        "input": LINES | strategies.just("1:a"),
        "options": LINES | strategies.just("o"),
        "counts": LINES | strategies.lists(strategies.integers(-1, 1 << 60), min_size=6, max_size=6),
        "duplicate_of": LINES,
        "deleted": LINES,
        "invalid": LINES,
    },
)


@settings(
    derandomize=True,
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)
@given(lines=strategies.lists(ENTRIES | LINES, max_size=4), noise=strategies.binary(max_size=20))
def test_any_segment_is_read_or_left_out(tmp_path: Path, lines: list[object], noise: bytes) -> None:
    output = Storage(str(tmp_path), durability="none")
    write_records(output, 3)
    for number, tail in enumerate((b"", noise)):
        data = b"\n".join(json.dumps(line).encode("utf-8", "replace") for line in lines) + tail
        output.write(f".index/00000{number + 1}-x-000001.jsonl", data)
    with closing(read_index(output)[0]) as catalog:
        for number in (1, 2):
            entry = catalog.find(name(number), "1:a", "o")
            assert entry is None or min(entry.counts.pages, entry.counts.characters) >= 0
