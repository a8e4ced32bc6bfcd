"""Manifests: read in full, or refused with the place and the reason."""

import json
import uuid
import zipfile
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from pdfbatch.errors import DuplicateDocumentError, ManifestError
from pdfbatch.inputs.manifest import Manifest
from pdfbatch.storage.remote_documents import RemoteDocument

IDS = ["88543f8c-32bd-5a9f-93ac-70443bdfb9a9", "9f440a45-e488-56e3-a4e4-10eecb46ea3d"]
CONTENT = {
    "id": "case-17",
    "documents": [
        {"document_uuid": IDS[0], "file_path": "in/a.pdf", "project_uuid": "p", "metadata": {"title": "A"}},
        {"document_uuid": IDS[1], "file_path": "/data/b.pdf", "password": "x", "pages": "1-3", "languages": "eng+deu"},
    ],
}


def saved(folder: Path, content: object) -> str:
    """A manifest's file."""
    path = folder / "manifest.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)


def test_a_manifest_gives_its_documents_in_order(tmp_path: Path) -> None:
    manifest = Manifest.load(Path(saved(tmp_path, CONTENT)))
    first, second = manifest.documents
    assert (manifest.id, first.document_uuid, second.document_uuid) == ("case-17", *IDS)
    assert (first.project_uuid, first.metadata) == ("p", {"title": "A"})
    assert (second.password, second.pages, second.languages) == ("x", "1-3", "eng+deu")


def test_relative_paths_start_at_the_manifests_folder(tmp_path: Path) -> None:
    paths = [document.file_path for document in Manifest.load(saved(tmp_path, CONTENT)).documents]
    assert paths == [f"{tmp_path}/in/a.pdf", "/data/b.pdf"]


def test_a_mapping_is_a_manifest_and_its_paths_stay_as_they_are() -> None:
    assert [document.file_path for document in Manifest.load(CONTENT).documents] == ["in/a.pdf", "/data/b.pdf"]


def test_a_manifest_behind_a_url_finds_its_documents_there() -> None:
    folder = f"memory://{uuid.uuid4()}"
    content = {"id": "x", "documents": [{"file_path": "a.pdf"}, {"file_path": "s3://b/c.pdf"}]}
    MemoryFileSystem().pipe_file(f"{folder}/m.json", json.dumps(content).encode())  # pyright: ignore[reportUnknownMemberType]
    own, other = Manifest.load(f"{folder}/m.json", {"secret": "x"}).documents
    assert (own.file_path, other.file_path) == (f"{folder}/a.pdf", "s3://b/c.pdf")
    assert isinstance(own, RemoteDocument)
    assert not isinstance(other, RemoteDocument)


def test_a_manifest_in_an_archive_finds_its_documents_there(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("in/m.json", json.dumps({"documents": [{"file_path": "a.pdf"}]}))
    (document,) = Manifest.load(f"zip://in/m.json::{tmp_path}/all.zip").documents
    assert document.file_path == f"zip://in/a.pdf::{tmp_path}/all.zip"


def test_the_results_of_a_discovery_are_a_manifest(tmp_path: Path) -> None:
    content = {"documents": [{"file_path": "a.pdf", "filename": "Letter.pdf", "size": 7, "metadata": {"size": 8}}]}
    path = saved(tmp_path, content)
    manifest = Manifest.load(path)
    assert manifest.documents[0].metadata == {"original_name": "Letter.pdf", "size": 8}
    assert manifest.id == Manifest.load(path).id != Manifest.load(content).id == Manifest.load(content).id


def test_a_project_beside_the_id_is_that_of_all_entries_without_one() -> None:
    content = {"project_uuid": "p", "documents": [{"file_path": "a"}, {"file_path": "b", "project_uuid": "q"}]}
    assert [document.project_uuid for document in Manifest.load(content).documents] == ["p", "q"]


def test_python_values_are_taken_where_json_has_text() -> None:
    identity = uuid.uuid4()
    content = {"id": identity, "documents": [{"file_path": Path("a.pdf"), "document_uuid": identity}]}
    manifest = Manifest.load(content)
    assert (manifest.id, manifest.documents[0].document_uuid) == (str(identity), str(identity))
    assert manifest.documents[0].file_path == "a.pdf"


BROKEN: list[tuple[object, str]] = [
    ([], r"manifest\.json: expected an object"),
    ({}, r"manifest\.json: key 'documents': expected a list of documents, found nothing"),
    ({"documents": "a.pdf"}, r"key 'documents': expected a list of documents, found str"),
    ({"id": 7, "documents": []}, r"key 'id': expected text, found int"),
    ({"documents": ["a.pdf"]}, r"manifest\.json: entry 1: expected an object .*found str"),
    ({"documents": [{"file_path": "a"}, {"file": "b"}]}, r"entry 2: key 'file_path' is missing.*found 'file'"),
    ({"documents": [{}]}, r"entry 1: key 'file_path' is missing.*no key at all"),
    ({"documents": [{"file_path": 7}]}, r"entry 1: key 'file_path': expected text, found int"),
    (
        {"documents": [{"file_path": "a", "metadata": [1]}]},
        r"entry 1: key 'metadata': expected an object, found list",
    ),
    ({"documents": [{"file_path": "a", "pages": "x"}]}, r"entry 1: key 'pages': "),
    ({"documents": [{"file_path": "a", "document_uuid": 1}]}, r"entry 1: key 'document_uuid': expected text"),
]


@pytest.mark.parametrize(("content", "message"), BROKEN)
def test_a_broken_manifest_is_refused_by_file_entry_and_key(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(ManifestError, match=message) as caught:
        Manifest.load(saved(tmp_path, content))
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("text", ["", "{", "%PDF-1.7", "[" * 100_000, "\ud800"])
def test_what_is_not_json_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "m.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ManifestError, match=r"m\.json"):
        Manifest.load(path)


def test_a_manifest_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text(json.dumps(CONTENT), encoding="utf-8-sig")
    assert len(Manifest.load(tmp_path / "m.json").documents) == 2


@pytest.mark.parametrize("name", ["missing.json", ""])
def test_a_manifest_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(ManifestError, match=str(tmp_path)):
        Manifest.load(tmp_path / name)


def test_two_entries_with_one_id_are_named() -> None:
    entries = [{"file_path": "a.pdf", "document_uuid": "same"}, {"file_path": "b.pdf", "document_uuid": "same"}]
    with pytest.raises(
        DuplicateDocumentError, match=r"Entries 1 and 2 \('a.pdf' and 'b.pdf'\) have the same id 'same'"
    ):
        Manifest.load({"documents": entries})
