"""Sources: whatever people call a pile of PDFs, lazily, each document once."""

import io
import itertools
import json
import os
import tracemalloc
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from pdfbatch.api import create_document_batches
from pdfbatch.errors import DuplicateDocumentError, ManifestError, NoDocumentsError, UsageError
from pdfbatch.inputs.manifest import Manifest
from pdfbatch.inputs.sources import Input, Inputs, documents_from
from pdfbatch.model import Document
from pdfbatch.storage import Storage
from pdfbatch.storage.remote_documents import RemoteDocument
from pdfbatch.storage.tree import LocalTree, Pattern, split_pattern, walk


@pytest.fixture
def pile(tmp_path: Path) -> Path:
    """A folder with documents at several depths, and with what is none."""
    for name in ("b.pdf", "a.PDF", "note.txt", "._b.pdf", ".hidden.pdf", "deep/er/c.pdf", "deep/d.pdf", "empty/x.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"%PDF-1.4")
    return tmp_path


@pytest.fixture
def bucket() -> str:
    """A URL in memory with the same documents."""
    root = f"memory://{uuid.uuid4()}"
    for name in ("b.pdf", "a.PDF", "note.txt", "deep/er/c.pdf", "deep/d.pdf"):
        MemoryFileSystem().pipe_file(f"{root}/{name}", b"%PDF-1.4")  # pyright: ignore[reportUnknownMemberType]
    return root


def names(inputs: Inputs, root: object) -> list[str]:
    """The paths of all documents, relative to a root."""
    return [document.file_path.removeprefix(f"{root}/") for document in documents_from(inputs)]


def names_of(documents: Iterator[Document]) -> list[str]:
    """The file names of documents, sorted."""
    return sorted(os.path.basename(document.file_path) for document in documents)


# --- folders and patterns -----------------------------------------------------------------------------------------


def test_a_folder_gives_its_pdfs_at_any_depth_in_order(pile: Path) -> None:
    expected = [".hidden.pdf", "a.PDF", "b.pdf", "deep/d.pdf", "deep/er/c.pdf"]
    assert names(pile, pile) == names(f"{pile}/", pile) == names(f"file://{pile}", pile) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.pdf", ["b.pdf"]),
        ("*.[pP][dD][fF]", ["a.PDF", "b.pdf"]),
        ("?.pdf", ["b.pdf"]),
        ("*", ["a.PDF", "b.pdf", "deep/d.pdf", "deep/er/c.pdf", "note.txt"]),
        ("de*", ["deep/d.pdf", "deep/er/c.pdf"]),
        ("**/*.pdf", ["b.pdf", "deep/d.pdf", "deep/er/c.pdf"]),
        ("deep/**", ["deep/d.pdf", "deep/er/c.pdf"]),
        ("*/*/c.pdf", ["deep/er/c.pdf"]),
        ("**/er/*.pdf", ["deep/er/c.pdf"]),
        (".*.pdf", [".hidden.pdf", "._b.pdf"]),
    ],
)
def test_patterns_match_as_in_a_shell(pile: Path, pattern: str, expected: list[str]) -> None:
    assert names(f"{pile}/{pattern}", pile) == sorted(expected)


def test_a_file_whose_name_looks_like_a_pattern_is_taken_as_it_is(tmp_path: Path) -> None:
    for name in ("scan[1].pdf", "scan1.pdf", "what?.txt"):
        (tmp_path / name).touch()
    assert names([f"{tmp_path}/scan[1].pdf", f"{tmp_path}/what?.txt"], tmp_path) == ["scan[1].pdf", "what?.txt"]
    assert names(f"{tmp_path}/scan[0-9].pdf", tmp_path) == ["scan1.pdf"]


def test_circles_of_links_end_and_give_each_document_once(pile: Path) -> None:
    (pile / "deep" / "up").symlink_to(pile)
    (pile / "self").symlink_to("self")
    (pile / "gone.pdf").symlink_to("nowhere.pdf")
    found = names(pile, pile)
    assert sorted(found) == [".hidden.pdf", "a.PDF", "b.pdf", "deep/d.pdf", "deep/er/c.pdf", "gone.pdf"]
    assert names(f"{pile}/**/c.pdf", pile) == ["deep/er/c.pdf"]


def test_folders_nested_deeper_than_python_recurses_are_searched(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1050):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("deepest.pdf", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    try:
        assert names(tmp_path, tmp_path) == ["d/" * 1050 + "deepest.pdf"]
    finally:  # pytest's own cleaning recurses
        (tmp_path / ("d/" * 1050) / "deepest.pdf").unlink()
        for depth in range(1050, 0, -1):
            (tmp_path / ("d/" * depth)).rmdir()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may search everywhere")
def test_a_folder_that_may_not_be_searched_comes_as_a_document_that_fails(pile: Path) -> None:
    (pile / "deep").chmod(0)
    assert "deep" in names(pile, pile)
    (pile / "deep").chmod(0o700)


def test_a_vanishing_folder_comes_as_a_document_that_fails(pile: Path) -> None:
    entries = walk(LocalTree(str(pile)))
    for entry in entries:
        if entry.path == "deep":
            (pile / "deep").rename(pile.with_name("elsewhere"))
            break
    assert [(entry.path, entry.is_listed) for entry in entries if entry.path.startswith("deep")] == [("deep", False)]


def test_a_large_folder_is_sorted_in_runs_and_not_held(tmp_path: Path) -> None:
    for number in range(3000):
        os.close(os.open(tmp_path / f"{number:032d}.pdf", os.O_CREAT))
    entries = walk(LocalTree(str(tmp_path), run_length=100))
    tracemalloc.start()
    for _ in range(30):
        run = [next(entries).path for _ in range(100)]
        assert run == sorted(run)
    assert list(entries) == []
    assert tracemalloc.get_traced_memory()[1] < 100_000, "3,000 names take half a million bytes"
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("pattern", "root", "parts"),
    [
        ("*.pdf", "", ("*.pdf",)),
        ("/a/b/*/c", "/a/b/", ("*", "c")),
        ("a/[1].pdf", "a/", ("[1].pdf",)),
        ("/*", "/", ("*",)),
    ],
)
def test_a_pattern_is_split_where_its_first_wildcard_is(pattern: str, root: str, parts: tuple[str, ...]) -> None:
    assert split_pattern(pattern) == (root, Pattern(parts))


def test_a_pattern_enters_only_folders_that_may_hold_a_match() -> None:
    assert [Pattern(("a*", "*.pdf")).may_match_below(folder) for folder in ("ab", "b", "ab/c")] == [True, False, False]
    assert [Pattern(("a", "**", "*.pdf")).may_match_below(folder) for folder in ("a/b/c", "b", "a/.git")] == [
        True,
        False,
        False,
    ]


# --- URLs ---------------------------------------------------------------------------------------------------------


def test_a_remote_folder_gives_its_pdfs_at_any_depth(bucket: str) -> None:
    expected = ["a.PDF", "b.pdf", "deep/d.pdf", "deep/er/c.pdf"]
    assert names(bucket, bucket) == names(f"{bucket}/", bucket) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"), [("*.pdf", ["b.pdf"]), ("**/*.pdf", ["b.pdf", "deep/d.pdf", "deep/er/c.pdf"])]
)
def test_patterns_match_in_urls(bucket: str, pattern: str, expected: list[str]) -> None:
    assert names(f"{bucket}/{pattern}", bucket) == expected


def test_an_archive_is_searched_like_a_folder(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name in ("a.pdf", "deep/b.pdf", "c.txt"):
            archive.writestr(name, b"%PDF")
    link = f"::{tmp_path}/all.zip"
    assert names(f"zip://{link}", "") == [f"zip://a.pdf{link}", f"zip://deep/b.pdf{link}"]
    assert names(f"zip://*.pdf{link}", "") == [f"zip://a.pdf{link}"]
    assert names(f"zip://deep/{link}", "") == [f"zip://deep/b.pdf{link}"]


def test_a_url_that_names_a_pdf_is_taken_unseen() -> None:
    urls = ["s3://no-such-bucket/a.pdf", "https://localhost:9/download?id=7", "zip://a.pdf::s3://b/c.zip"]
    assert names(urls, "") == urls


def test_options_go_with_each_document_of_their_url(bucket: str) -> None:
    pair = (f"{bucket}/*.pdf", {"secret": "x"})
    for inputs in (pair, [pair]):
        (document,) = documents_from(inputs)
        assert isinstance(document, RemoteDocument)
        assert document.options == {"secret": "x"}


def test_a_protocol_without_package_is_refused_before_any_document() -> None:
    with pytest.raises(UsageError, match="nosuchthing"):
        documents_from(["a.pdf", "nosuchthing://bucket/"])


# --- other inputs -------------------------------------------------------------------------------------------------


def test_all_kinds_of_inputs_mix_in_their_order(pile: Path) -> None:
    manifest = pile / "m.json"
    manifest.write_text(json.dumps({"documents": [{"file_path": "b.pdf"}]}))
    inputs: Inputs = [
        *("missing.pdf", Path("note.txt"), Document("d.pdf"), {"file_path": "e.pdf"}, b"%PDF", io.BytesIO(b"%PDF-2")),
        *(manifest, Manifest("m", [Document("f.pdf")]), {"documents": [{"file_path": "g.pdf"}]}, str(pile / "deep")),
    ]
    found = [os.path.basename(document.file_path) for document in documents_from(inputs)]
    assert found[:4] == ["missing.pdf", "note.txt", "d.pdf", "e.pdf"]
    assert found[6:] == ["b.pdf", "f.pdf", "g.pdf", "d.pdf", "c.pdf"]


def test_a_pair_of_a_path_and_an_entry_is_two_inputs() -> None:
    assert names(("a.pdf", {"file_path": "b.pdf"}), "") == ["a.pdf", "b.pdf"]


def test_content_without_a_path_has_an_id_that_stays(pile: Path) -> None:
    with (pile / "b.pdf").open("rb") as file:
        (named,) = documents_from(file)
    (unnamed,), (again,), (other,) = (documents_from(content) for content in (b"1", io.BytesIO(b"1"), b"2"))
    assert (named.file_path, named.content) == (str(pile / "b.pdf"), b"%PDF-1.4")
    assert (unnamed.document_uuid, unnamed.file_path) == (again.document_uuid, again.file_path)
    assert unnamed.document_uuid != other.document_uuid


def test_the_same_bytes_under_two_names_are_two_documents(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"%PDF")
    with (tmp_path / "a").open("rb") as one, (tmp_path / "b").open("rb") as other:
        assert len(list(documents_from([one, other]))) == 2


@pytest.mark.parametrize("wrong", [None, 7, [None], [["a.pdf"]], "", [""], [io.StringIO("text")]])
def test_what_stands_for_no_document_is_refused(wrong: object) -> None:
    with pytest.raises(UsageError):
        list(documents_from(cast("Inputs", wrong)))


# --- before the work ----------------------------------------------------------------------------------------------


def test_what_matches_nothing_is_named_before_the_first_document(pile: Path, bucket: str) -> None:
    nothing: list[str | Path] = [
        pile / "empty",
        f"{pile}/*.tiff",
        f"{pile}/nowhere/*.pdf",
        f"{bucket}/*.tiff",
        f"{bucket}/nowhere/",
    ]
    for item in nothing:
        with pytest.raises(NoDocumentsError) as caught:
            documents_from(["a.pdf", item])
        assert str(item) in str(caught.value)


def test_a_broken_manifest_is_refused_before_the_first_document(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="entry 1"):
        documents_from(["a.pdf", {"documents": ["b.pdf"]}])
    with pytest.raises(ManifestError, match=r"missing\.json"):
        documents_from(["a.pdf", str(tmp_path / "missing.json")])


def test_an_endless_source_is_taken_from_as_needed(pile: Path) -> None:
    taken: list[int] = []

    def endless() -> Iterator[str]:
        for number in itertools.count():
            taken.append(number)
            yield f"{number}.pdf" if number != 2 else f"{pile}/*.tiff"

    documents = documents_from(endless())
    assert taken == []
    assert [next(documents).file_path, next(documents).file_path, taken] == ["0.pdf", "1.pdf", [0, 1]]
    with pytest.raises(NoDocumentsError, match="tiff"):
        next(documents)


# --- each document once -------------------------------------------------------------------------------------------


def test_a_document_that_is_named_twice_comes_once(pile: Path) -> None:
    relative = os.path.relpath(pile / "b.pdf")
    inputs: Inputs = [pile, f"{pile}/*.pdf", f"{pile}/./b.pdf", relative, f"file://{pile}/b.pdf", b"1", b"1"]
    assert len(list(documents_from(inputs))) == 5 + 1


def test_two_documents_with_one_id_are_refused_by_both_paths() -> None:
    clash: list[Input] = [
        Document("a.pdf", "same"),
        Document("b.pdf", "other"),
        {"file_path": "c.pdf", "document_uuid": "same"},
    ]
    documents = documents_from(clash)
    assert [next(documents).file_path, next(documents).file_path] == ["a.pdf", "b.pdf"]
    with pytest.raises(DuplicateDocumentError, match=r"'same': 'a.pdf' and 'c.pdf'"):
        next(documents)
    with pytest.raises(DuplicateDocumentError, match=r"'same': an earlier one and 'c.pdf'"):
        list(documents_from(item for item in clash))


def test_different_bytes_under_one_id_are_refused() -> None:
    with pytest.raises(DuplicateDocumentError):
        list(documents_from([Document("a", "same", content=b"1"), Document("a", "same", content=b"2")]))


# --- counting -----------------------------------------------------------------------------------------------------


def test_documents_are_counted_without_losing_any(pile: Path) -> None:
    manifest = Manifest("m", [Document("f.pdf"), Document("s3://bucket/g.pdf")])
    for inputs, number in (
        (["a.pdf", "b.pdf", "a.pdf", b"%PDF"], 3),
        (pile, 5),
        ([pile, f"{pile}/*.pdf", str(pile / "b.pdf"), "z.pdf"], 6),
        ([pile, io.BytesIO(b"%PDF")], 6),
        (manifest, 2),
        ((str(pile), LocalFileSystem()), None),
        (iter(["a.pdf"]), None),
    ):
        documents = documents_from(cast("Inputs", inputs))
        assert documents.count() == number
        assert number is None or len(list(documents)) == number


def test_a_small_pile_is_searched_once(tmp_path: Path) -> None:
    (tmp_path / "early.pdf").touch()
    documents = documents_from(tmp_path)
    assert documents.count() == 1
    (tmp_path / "late.pdf").touch()
    assert names_of(documents) == ["early.pdf"]


def test_a_large_pile_is_counted_by_a_second_search(tmp_path: Path) -> None:
    for number in range(1500):
        os.close(os.open(tmp_path / f"{number:04d}.pdf", os.O_CREAT))
    documents = documents_from(tmp_path)
    assert documents.count() == 1500
    assert names_of(documents) == [f"{number:04d}.pdf" for number in range(1500)]


def test_an_error_comes_after_the_documents_before_it_even_when_they_were_counted(pile: Path) -> None:
    entries = [{"file_path": f"{name}.pdf", "document_uuid": "same"} for name in "cd"]
    documents = documents_from([f"{pile}/*.pdf", *entries])
    assert documents.count() == 2
    assert [os.path.basename(next(documents).file_path) for _ in range(2)] == ["b.pdf", "c.pdf"]
    with pytest.raises(DuplicateDocumentError):
        next(documents)
    assert list(documents) == []


def test_two_documents_with_one_id_are_refused_at_the_call_when_they_are_a_list() -> None:
    with pytest.raises(DuplicateDocumentError, match=r"'same': 'c.pdf' and 'd.pdf'"):
        documents_from([Document("c.pdf", "same"), "other.pdf", Document("d.pdf", "same")])


def test_uploads_of_one_name_are_told_apart_by_their_content() -> None:
    uploads = [Document("scan.pdf", content=content) for content in (b"one", b"two", b"one")]
    assert [document.content for document in documents_from(uploads)] == [b"one", b"two"]
    assert uploads[0].document_uuid == Document("scan.pdf", content=b"one").document_uuid
    assert uploads[0].document_uuid != Document("other.pdf", content=b"one").document_uuid


def test_relative_paths_start_where_the_process_was_at_the_call(
    pile: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def generate() -> Iterator[str]:
        yield "a.pdf"
        os.chdir(elsewhere)
        yield "b.pdf"

    elsewhere, before = tmp_path_factory.mktemp("elsewhere"), Path.cwd()
    os.chdir(pile)
    try:
        lazy, searched, matching = documents_from(generate()), documents_from([".", "x.pdf"]), documents_from("*.pdf")
        found = [list(documents) for documents in (lazy, searched, matching)]
    finally:
        os.chdir(before)
    assert {os.path.dirname(os.path.normpath(each.location)) for each in found[0]} == {str(pile)}
    assert all(os.path.exists(each.location) for each in (*found[1][:-1], *found[2]))
    assert found[2][0] == Document("b.pdf", base_folder=str(pile))


# --- batches ------------------------------------------------------------------------------------------------------


def test_batches_keep_the_order_and_the_rest() -> None:
    assert create_document_batches(list(range(25))) == [list(range(10)), list(range(10, 20)), list(range(20, 25))]
    assert create_document_batches([1, 2, 3], batch_size=3) == [[1, 2, 3]]
    assert create_document_batches((), 5) == []


def test_batches_of_an_iterator_are_taken_one_by_one() -> None:
    numbers = itertools.count()
    batches = create_document_batches(numbers, 3)
    assert [next(batches), next(batches), next(numbers)] == [[0, 1, 2], [3, 4, 5], 6]


@pytest.mark.parametrize("documents", [[1], iter([1])])
def test_a_batch_holds_at_least_one_document(documents: list[int]) -> None:
    with pytest.raises(ValueError, match="at least 1, not 0"):
        create_document_batches(documents, 0)


@pytest.mark.parametrize("url", ["s3://", "S3:///", "gs://", "az://"])
def test_all_buckets_of_an_account_are_no_input_and_no_output(url: str) -> None:
    for use in (lambda: documents_from(url), lambda: documents_from([(url, {"anon": True})]), Storage(url).check):
        with pytest.raises(UsageError, match="names no bucket"):
            use()
