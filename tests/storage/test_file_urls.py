"""``file:`` URLs mean what pathlib, browsers and catalogues mean by them."""

import os
from pathlib import Path

import pytest

from pdfbatch.inputs import Manifest, documents_from
from pdfbatch.samples import tiny_pdf
from pdfbatch.storage import Storage
from pdfbatch.storage.file_urls import path_of_file_url

NAMES = ["letter of 4 May #2.pdf", "50% off?.pdf", "Müller.pdf", "a+b.pdf", "plain.pdf", "%41.pdf", "x;y=z.pdf"]


@pytest.mark.parametrize("name", NAMES)
def test_a_url_as_pathlib_writes_it_is_found(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(tiny_pdf(1))
    for url in (
        path.as_uri(),
        f"file://{path}",
        path.as_uri().replace("file://", "FILE://localhost"),
        f"file:{path.as_uri()[7:]}",
    ):
        (document,) = documents_from(url)
        assert document.file_path == str(path), url
        assert path_of_file_url(url) == str(path)
        (entry,) = Manifest.load({"documents": [{"file_path": url}]}).documents
        assert (entry.file_path, entry.document_uuid) == (document.file_path, document.document_uuid)


def test_what_a_browser_adds_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "my letter.pdf"
    path.write_bytes(tiny_pdf(1))
    assert path_of_file_url(f"{path.as_uri()}#page=2") == str(path)


def test_a_name_that_exists_as_it_is_written_wins(tmp_path: Path) -> None:
    for name in ("a%20b.pdf", "a b.pdf"):
        (tmp_path / name).write_bytes(tiny_pdf(1))
    assert path_of_file_url(f"file://{tmp_path}/a%20b.pdf") == f"{tmp_path}/a%20b.pdf"


def test_a_name_that_is_no_utf_8_is_found(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/M\xfcller.pdf")
    Path(path).write_bytes(tiny_pdf(1))
    assert path_of_file_url(f"file://{tmp_path}/M%FCller.pdf") == path


@pytest.mark.parametrize(
    "url", ["file:///a%00b.pdf", "file:///%", "file://", "file:///\ud800.pdf", "file://host/share/a.pdf"]
)
def test_odd_urls_are_names_of_nothing(url: str) -> None:
    assert isinstance(path_of_file_url(url), str)


def test_an_output_may_be_such_a_url(tmp_path: Path) -> None:
    storage = Storage((tmp_path / "my text").as_uri())
    assert storage.url == str(tmp_path / "my text")
