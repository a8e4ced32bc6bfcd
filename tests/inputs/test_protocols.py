"""A URL that nothing installed can read is told before any work."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from pdfbatch import Document, process_batch
from pdfbatch.errors import DependencyError, UsageError
from pdfbatch.inputs import Manifest, documents_from
from pdfbatch.samples import tiny_pdf

pytestmark = pytest.mark.skipif(bool(importlib.util.find_spec("paramiko")), reason="paramiko is installed")
URL = "sftp://host/a.pdf"


@pytest.mark.parametrize(
    "inputs",
    [
        [URL],
        URL,
        [Document(URL)],
        [{"file_path": URL}],
        Manifest.load({"documents": [{"file_path": "a.pdf"}, {"file_path": URL}]}),
        [(URL, {"username": "x"})],
        ["a.pdf", f"zip://a.pdf::{URL}"],
        ["sftp://host/folder/"],
    ],
)  # fmt: skip
def test_a_missing_package_is_told_at_the_call(inputs: object) -> None:
    with pytest.raises(DependencyError, match=r"sftp:// needs the package paramiko.*pip install paramiko"):
        documents_from(inputs)  # type: ignore[arg-type]


@pytest.mark.parametrize("url", ["htp://x/y.pdf", "htp://x/", "s4://b/a.pdf", "zip://a.pdf::htp://x/b.zip"])
def test_an_unknown_protocol_is_a_mistake_of_the_caller(url: str) -> None:
    with pytest.raises(
        UsageError, match=r"there is no protocol 'htp'; did you mean http|there is no protocol 's4'"
    ) as caught:
        documents_from([url])
    assert not isinstance(caught.value, DependencyError)


def test_an_iterator_says_it_when_the_first_such_url_comes(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(tiny_pdf(1))
    given = iter([str(tmp_path / "a.pdf"), URL, "never.pdf"])
    documents: Iterator[Document] = documents_from(given)
    assert next(documents).file_path.endswith("a.pdf")
    with pytest.raises(DependencyError):
        next(documents)


def test_nothing_is_written_before_it_is_told(tmp_path: Path) -> None:
    with pytest.raises(DependencyError):
        process_batch([f"sftp://host/{number}.pdf" for number in range(3000)], tmp_path / "out", executor="sequential")
    assert not list((tmp_path / "out").rglob("*.json"))


def test_a_document_with_bytes_needs_no_package() -> None:
    (document,) = documents_from([Document("sftp://token@host/a.pdf", content=tiny_pdf(1))])
    assert document.file_path == "sftp://host/a.pdf"
