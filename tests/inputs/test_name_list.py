"""Lists of names: lines or NUL bytes, from a file, a pipe or behind a URL."""

import io
import os
import threading
import uuid
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from pdfbatch import NameList
from pdfbatch.errors import NoDocumentsError, UsageError
from pdfbatch.inputs import documents_from

ODD = b"\xff\xfe # *.pdf"


def names(data: bytes, nul: bool | None = None) -> list[bytes]:
    return [os.fsencode(name) for name in NameList(io.BytesIO(data), nul=nul).read_names()]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a.pdf\nb.pdf\n", [b"a.pdf", b"b.pdf"]),
        (b"a.pdf\nb.pdf", [b"a.pdf", b"b.pdf"]),
        (b"\xef\xbb\xbfa.pdf\r\n\r\nb.pdf\r\n", [b"a.pdf", b"b.pdf"]),
        (b"a\nb.pdf\0c.pdf\0", [b"a\nb.pdf", b"c.pdf"]),
        (b"a\nb.pdf\0c.pdf", [b"a\nb.pdf", b"c.pdf"]),
        (ODD + b"\n  s3://b/x y.pdf \n", [ODD, b"  s3://b/x y.pdf "]),
        (b"", []),
        (b"\n\n", []),
        (b"\0", []),
        (b"x" * 70_000 + b"\n" + b"y" * 70_000, [b"x" * 70_000, b"y" * 70_000]),
    ],
)
def test_lines_and_nul_bytes_are_told_apart(data: bytes, expected: list[bytes]) -> None:
    assert names(data) == expected


def test_whoever_knows_the_separator_may_say_it() -> None:
    assert names(b"a\r\n", nul=True) == [b"a\r\n"]
    assert names(b"a\nb\n", nul=False) == [b"a", b"b"]


def test_a_nul_byte_that_separates_nothing_is_named() -> None:
    with pytest.raises(UsageError, match="name 2 has a NUL byte"):
        names(b"a\nb\0c\n", nul=False)


def test_a_document_comes_as_soon_as_its_name_has_come() -> None:
    reading, writing = os.pipe()
    with open(reading, "rb") as list_, open(writing, "wb", buffering=0) as end:
        found = documents_from(NameList(list_, nul=False))
        assert found.count() is None
        end.write(b"first.pdf\nsec")
        assert next(found).file_path == "first.pdf"
        threading.Thread(target=end.write, args=(b"ond.pdf\n",)).start()
        assert next(found).file_path == "second.pdf"


def test_a_name_is_one_document_and_a_folder_all_below_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for path in ("in/a.pdf", "in/deep/b.pdf", "x.pdf/c.pdf", "*.txt"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    (tmp_path / "none").mkdir()
    (tmp_path / "list").write_text(f"in\nnone\n*.pdf\n*.txt\ngone.json\nfile://{tmp_path}/x\nhttps://h/x\n")
    found = [document.file_path for document in documents_from(NameList("list"))]
    assert found == ["in/a.pdf", "in/deep/b.pdf", "none", "*.pdf", "*.txt", "gone.json", f"{tmp_path}/x", "https://h/x"]


def test_a_list_behind_a_url_gives_its_options_to_the_documents() -> None:
    folder = f"memory://{uuid.uuid4()}"
    MemoryFileSystem().pipe_file(f"{folder}/list.txt", f"{folder}/a.pdf\nrelative.pdf\n".encode())  # pyright: ignore[reportUnknownMemberType]
    found = list(documents_from(NameList(f"{folder}/list.txt", options={"x": 1})))
    assert [document.file_path for document in found] == [f"{folder}/a.pdf", "relative.pdf"]


def test_a_list_that_is_not_there_or_empty_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone.txt cannot be read: No such file"):
        documents_from(NameList(tmp_path / "gone.txt"))
    (tmp_path / "empty").touch()
    with pytest.raises(NoDocumentsError, match="empty names no document"):
        documents_from(NameList(tmp_path / "empty"))


def test_a_long_list_is_counted_and_not_held(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("".join(f"{number}.pdf\n" for number in range(3_000)))
    found = documents_from(NameList(tmp_path / "list"))
    assert found.count() == 3_000
    assert sum(1 for _ in found) == 3_000


def test_a_named_pipe_is_read_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(b"a.pdf\0b.pdf\0",))
    writer.start()
    found = documents_from(NameList(tmp_path / "pipe"))
    assert found.count() is None
    assert [document.file_path for document in found] == ["a.pdf", "b.pdf"]
    writer.join()
