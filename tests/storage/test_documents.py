"""What a worker reads: files, bytes and URLs; everything else is refused without being opened."""

import hashlib
import os
import pickle
import uuid
import zipfile
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from pdfbatch.errors import Cause, DocumentError
from pdfbatch.model import Document
from pdfbatch.settings import RetryPolicy
from pdfbatch.storage.documents import fingerprint, read_document
from pdfbatch.storage.fingerprints import Fingerprint
from pdfbatch.storage.remote_documents import RemoteDocument

PDF = b"%PDF-1.4 for the purpose"
ONCE = RetryPolicy(attempts=1)


@pytest.fixture
def remote() -> str:
    """The URL of a document in memory, alone in its folder."""
    folder = f"memory://{uuid.uuid4()}"
    MemoryFileSystem().pipe_file(f"{folder}/a.pdf", PDF)  # pyright: ignore[reportUnknownMemberType]
    return f"{folder}/a.pdf"


def cause_of(document: Document, max_file_bytes: int | None = None) -> Cause:
    """Why a document cannot be read."""
    with pytest.raises(DocumentError) as caught:
        read_document(document, max_file_bytes=max_file_bytes, retry=ONCE)
    return caught.value.cause


def test_a_local_file_stays_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(PDF)
    for address in (f"{tmp_path}/a.pdf", f"file://{tmp_path}/a.pdf"):
        assert read_document(Document(address)).data == str(tmp_path / "a.pdf")


def test_a_fingerprint_changes_with_the_file_and_only_then(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(PDF)
    first = read_document(Document(str(path))).fingerprint
    assert fingerprint(Document(str(path))) == first
    os.utime(path, ns=(1, 1))
    assert fingerprint(Document(str(path))) != first
    assert str(fingerprint(Document(str(path)))) == f"{len(PDF)}:mtime=1"


def test_bytes_are_known_by_their_hash() -> None:
    source = read_document(Document("a.pdf", content=PDF))
    assert (source.data, source.fingerprint.tag) == (PDF, f"sha256={hashlib.sha256(PDF).hexdigest()}")


@pytest.mark.skipif(os.name == "nt", reason="no such files there")
def test_what_is_no_regular_file_is_refused_unopened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.pdf")  # opening it would wait for ever
    (tmp_path / "folder.pdf").mkdir()
    (tmp_path / "loop.pdf").symlink_to("loop.pdf")
    names = ("fifo.pdf", "folder.pdf", "loop.pdf", "a" * 5000, "a\0b.pdf", "\udfff.pdf")
    odd = ["/dev/zero", *(f"{tmp_path}/{name}" for name in names)]
    assert [cause_of(Document(path)) for path in odd] == [Cause.NOT_A_FILE] * len(odd)


def test_a_link_to_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(PDF)
    (tmp_path / "link.pdf").symlink_to("a.pdf")
    assert read_document(Document(str(tmp_path / "link.pdf"))).fingerprint.size_bytes == len(PDF)


def test_missing_empty_and_large_files_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "empty.pdf").touch()
    (tmp_path / "large.pdf").write_bytes(PDF)
    names = ("missing.pdf", "large.pdf/below.pdf", "empty.pdf", "large.pdf")
    causes = [cause_of(Document(str(tmp_path / name)), max_file_bytes=len(PDF) - 1) for name in names]
    assert causes == [Cause.STORAGE_NOT_FOUND, Cause.STORAGE_NOT_FOUND, Cause.EMPTY_INPUT, Cause.LIMIT_BYTES]
    assert read_document(Document(str(tmp_path / "large.pdf")), max_file_bytes=len(PDF))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_denied(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(PDF)
    (tmp_path / "a.pdf").chmod(0)
    assert cause_of(Document(str(tmp_path / "a.pdf"))) is Cause.STORAGE_DENIED


def test_bytes_have_limits_too() -> None:
    assert cause_of(Document("a.pdf", content=b"")) is Cause.EMPTY_INPUT
    assert cause_of(Document("a.pdf", content=PDF), max_file_bytes=3) is Cause.LIMIT_BYTES


def test_a_url_gives_bytes_and_a_fingerprint(remote: str) -> None:
    source = read_document(Document(remote))
    assert (source.data, source.fingerprint.size_bytes) == (PDF, len(PDF))
    assert source.fingerprint == fingerprint(Document(remote))


def test_remote_documents_fail_for_the_same_causes_as_local_ones(remote: str) -> None:
    folder = remote.removesuffix("/a.pdf")
    MemoryFileSystem().pipe_file(f"{folder}/empty.pdf", b"")  # pyright: ignore[reportUnknownMemberType]
    names = (f"{folder}/missing.pdf", folder, f"{folder}/empty.pdf", remote, "nosuchthing://x/a.pdf")
    causes = [cause_of(Document(name), max_file_bytes=3) for name in names]
    assert causes == [
        *(Cause.STORAGE_NOT_FOUND, Cause.NOT_A_FILE, Cause.EMPTY_INPUT, Cause.LIMIT_BYTES),
        Cause.STORAGE_UNAVAILABLE,
    ]


def test_a_document_inside_an_archive_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("deep/a.pdf", PDF)
    assert read_document(Document(f"zip://deep/a.pdf::{tmp_path}/all.zip")).data == PDF
    assert cause_of(Document(f"zip://b.pdf::{tmp_path}/all.zip")) is Cause.STORAGE_NOT_FOUND


def test_options_reach_the_worker_but_no_result_and_no_text() -> None:
    document = RemoteDocument("s3://bucket/a.pdf", options={"secret": "s3cr3t"}, project_uuid="p")
    assert pickle.loads(pickle.dumps(document)).options == {"secret": "s3cr3t"}
    kept = document.without_content()
    assert b"s3cr3t" not in pickle.dumps(kept)
    assert "s3cr3t" not in f"{document!r} {document.as_dict()}"
    assert kept.as_dict() == document.as_dict()


@pytest.mark.parametrize(
    ("info", "text"),
    [
        ({"size": 3, "ETag": '"abc"', "LastModified": "x"}, "3:etag=abc"),
        ({"size": None}, "?:"),
        ({"size": 3, "mtime": 7.5}, "3:mtime=7.5"),
    ],
)
def test_the_surest_mark_of_a_version_is_taken(info: dict[str, object], text: str) -> None:
    assert str(Fingerprint.of_info(info)) == text
    assert Fingerprint.of_info(info) == Fingerprint(
        size_bytes=Fingerprint.of_info(info).size_bytes, tag=text.partition(":")[2]
    )
