"""The catalog of what earlier batches finished."""

import resource
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from pdfbatch.model import Counts
from pdfbatch.outputs.catalog import Catalog, CatalogEntry, FinishedDocument
from tests.children import run_in_child

COUNTS = Counts(pages=7, text_pages=1, ocr_pages=2, blank_pages=3, failed_pages=4, characters=5 << 32)
NAME = "id-1"


def entry(number: int, fingerprint: str | None = "1:a", options: str = "o", twin: str | None = None) -> CatalogEntry:
    return CatalogEntry(f"id-{number}", fingerprint, options, 7, 1, 2, 3, 4, 5 << 32, twin)


@pytest.fixture
def catalog() -> Iterator[Catalog]:
    with closing(Catalog()) as catalog:
        yield catalog


def test_a_finished_document_is_found_with_its_counts(catalog: Catalog) -> None:
    catalog.note_files(["id-1.json", "id-1.txt", "id-2.json", "id-2.txt"])
    catalog.add([entry(1), entry(2, twin="id-1")])
    assert catalog.find(NAME, "1:a", "o") == FinishedDocument(COUNTS, None, has_parts=False)
    assert catalog.find("id-2", "1:a", "o") == FinishedDocument(COUNTS, "id-1", has_parts=False)


@pytest.mark.parametrize(("fingerprint", "options"), [("1:b", "o"), ("1:a", "p")])
def test_another_input_or_other_settings_are_another_document(catalog: Catalog, fingerprint: str, options: str) -> None:
    catalog.note_files(["id-1.json"])
    catalog.add([entry(1)])
    assert catalog.find(NAME, fingerprint, options) is None
    assert catalog.is_indexed(NAME)


@pytest.mark.parametrize(
    "names", [[], ["id-1.txt"], ["id-1.json"], ["below/id-1.json"], [".parts/id-1/0123/000001-000002.json"]]
)
def test_an_entry_without_its_record_and_text_does_not_count(catalog: Catalog, names: list[str]) -> None:
    catalog.add([entry(1)])
    catalog.note_files(names)
    assert catalog.find(NAME, "1:a", "o") is None


@pytest.mark.parametrize(
    ("known", "written", "counts"),
    [(5, 5, True), (4, 5, False), (0, 5, False), (5, None, False), (None, 5, True), (None, None, True), (0, 0, True)],
)
def test_a_text_counts_if_it_has_the_length_of_its_entry(
    catalog: Catalog, known: int | None, written: int | None, counts: bool
) -> None:
    catalog.note_sizes([("id-1.txt", known), ("id-1.json", 9)])
    catalog.add([entry(1)._replace(text_bytes=written)])
    assert (catalog.find(NAME, "1:a", "o") is not None) is counts


def test_an_empty_record_is_none(catalog: Catalog) -> None:
    catalog.note_sizes([("id-1.txt", 0), ("id-1.json", 0), ("id-2.json", 1)])
    assert (catalog.has_record(NAME), catalog.has_record("id-2")) == (False, True)


def test_the_last_entry_of_a_document_counts(catalog: Catalog) -> None:
    catalog.note_files(["id-1.json", "id-1.txt"])
    catalog.add([entry(1, "1:old", twin="id-0"), entry(1, "1:new")])
    assert catalog.find(NAME, "1:old", "o") is None
    assert catalog.find(NAME, "1:new", "o") == FinishedDocument(COUNTS, None, has_parts=False)


def test_an_entry_without_a_fingerprint_takes_back_the_one_before(catalog: Catalog) -> None:
    catalog.note_files(["id-1.json"])
    catalog.add([entry(1), entry(1, None)])
    assert not catalog.is_indexed(NAME)
    assert catalog.has_record(NAME)


def test_all_entries_can_be_discarded_and_files_stay_known(catalog: Catalog) -> None:
    catalog.note_files(["id-1.json", ".parts/id-1/0123/000001-000002.json"])
    catalog.add([entry(1)])
    catalog.discard_all()
    assert catalog.find(NAME, "1:a", "o") is None
    assert (catalog.is_indexed(NAME), catalog.has_record(NAME)) == (False, True)


def test_parts_are_told_from_records(catalog: Catalog) -> None:
    names = [f"id-{number}.{ending}" for number in (1, 2) for ending in ("json", "txt")]
    catalog.note_files([*names, ".parts/id-2/0123/000001-000002.json", ".parts/id-3/0123/000001-000002.json"])
    catalog.add([entry(1), entry(2)])
    found = [catalog.find(name, "1:a", "o") for name in ("id-1", "id-2")]
    assert [each and each.has_parts for each in found] == [False, True]
    assert [catalog.has_record(f"id-{number}") for number in (1, 2, 3, 4)] == [True, True, False, False]
    assert [catalog.has_parts(f"id-{number}") for number in (1, 2, 3, 4)] == [False, True, True, False]


def test_a_document_without_pages_needs_no_text(catalog: Catalog) -> None:
    catalog.note_files(["id-1.json"])
    catalog.add([CatalogEntry("id-1", "1:a", "o")])
    assert catalog.find(NAME, "1:a", "o") == FinishedDocument(Counts(), None, has_parts=False)


def test_where_no_temporary_file_can_grow_all_documents_are_looked_up(caplog: pytest.LogCaptureFixture) -> None:
    def fill() -> bool:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
        catalog = Catalog()
        catalog.note_files(f"id-{number}.json" for number in range(200_000))
        catalog.add(entry(number) for number in range(200_000))
        catalog.discard_all()
        unknown = "never met"
        known = (catalog.find(NAME, "1:a", "o"), catalog.has_record(unknown), catalog.is_indexed(unknown))
        catalog.close()
        said = [record for record in caplog.records if "no room for temporary files" in record.message]
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        return known == (None, True, True) and len(said) == 1

    assert run_in_child(fill)()


def test_names_and_fingerprints_that_cannot_be_encoded_are_not_found(catalog: Catalog) -> None:
    catalog.note_files(["\udcff.json"])
    assert catalog.find(NAME, "1:etag=\udcff", "o") is None


def test_threads_can_look_up_documents_at_the_same_time(catalog: Catalog) -> None:
    catalog.note_files(f"id-{number}.{ending}" for number in range(2000) for ending in ("json", "txt"))
    catalog.add(entry(number) for number in range(2000))
    names = [f"id-{number}" for number in range(2000)]

    def find(name: str) -> FinishedDocument | None:
        return catalog.find(name, "1:a", "o")

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(find, names))
    assert found == [FinishedDocument(COUNTS, None, has_parts=False)] * 2000


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads the memory of this process from /proc")
def test_memory_does_not_grow_with_the_number_of_documents(catalog: Catalog) -> None:
    catalog.add(entry(number) for number in range(20_000))
    before = resident_bytes()
    catalog.add(entry(number) for number in range(20_000, 120_000))
    assert resident_bytes() - before < 4 << 20
