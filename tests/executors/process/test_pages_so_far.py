"""Pages that a worker hands over before its task is done, and what it may have left in their place."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from pdfbatch.executors.process.pages_so_far import PagesSoFarWriter, pages_so_far_path, read_pages_so_far
from pdfbatch.model import Document, Page
from pdfbatch.tasks import ReadTask

TASK = ReadTask(document=Document("some.pdf"))
VERSION = "sha256-of-it"
PAGES = [Page(number=1, text="one"), Page(number=2, text="two")]


def read(folder: Path, number: int = 7) -> list[str]:
    found = read_pages_so_far(pages_so_far_path(str(folder)), number, TASK)
    assert found.fingerprint == (VERSION if found.pages else "")
    return [page.text for page in found.pages.values()]


def write(folder: Path) -> PagesSoFarWriter:
    writer = PagesSoFarWriter(pages_so_far_path(str(folder)))
    writer.begin(7)
    writer.write(PAGES, VERSION)
    return writer


def test_a_page_is_as_it_was_handed_over_last(tmp_path: Path) -> None:
    writer = write(tmp_path)
    writer.write([Page(number=1, text="better"), Page(number=3, text="three")], VERSION)
    assert read(tmp_path) == ["better", "two", "three"] == [page.text for page in writer.so_far.pages.values()]


def test_the_pages_of_another_task_are_not_those_of_this_one(tmp_path: Path) -> None:
    writer = write(tmp_path)
    assert read(tmp_path, number=8) == []
    writer.begin(8)
    assert not writer.so_far.pages
    assert read(tmp_path, number=7) == read(tmp_path, number=8) == []
    writer.write(PAGES[:1], VERSION)
    assert read(tmp_path, number=8) == ["one"]


def test_a_worker_that_is_lost_while_it_writes_leaves_what_came_before(tmp_path: Path) -> None:
    write(tmp_path).write([Page(number=3, text="three")], VERSION)
    path = Path(pages_so_far_path(str(tmp_path)))
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert read(tmp_path) in ([], ["one", "two"])
    path.write_bytes(whole)
    assert read(tmp_path) == ["one", "two", "three"]


def test_what_did_not_fit_hides_nothing_that_comes_after(tmp_path: Path) -> None:
    writer = write(tmp_path)
    with Path(pages_so_far_path(str(tmp_path))).open("ab") as file:
        file.write(b"\7\0\0")  # of a record for which the disk had no room
    writer.write([Page(number=3, text="three")], VERSION)
    assert read(tmp_path) == ["one", "two", "three"]


def test_a_page_that_cannot_be_sent_harms_no_other(tmp_path: Path) -> None:
    writer = write(tmp_path)
    writer.write([Page(number=3, text="three", language=cast("str", object()))], VERSION)
    writer.write([Page(number=4, text="four")], VERSION)
    assert read(tmp_path) == ["one", "two", "four"]


def _fill(path: str) -> None:
    Path(path).write_bytes(b"\xff" * 100)


def _name_no_answer(path: str) -> None:
    Path(path).write_bytes((7).to_bytes(8, "little") + (4).to_bytes(8, "little") + b"text")


def _name_a_huge_record(path: str) -> None:
    Path(path).write_bytes((7).to_bytes(8, "little") + (1 << 40).to_bytes(8, "little"))
    os.truncate(path, 1 << 41)  # which takes no room on the disk


def _link(path: str) -> None:
    (there := Path(path).parent / "there").mkdir()
    write(there)
    os.symlink(pages_so_far_path(str(there)), path)


@pytest.mark.skipif(os.name != "posix", reason="the process executor is not for Windows")
@pytest.mark.parametrize("leave", [_fill, _name_no_answer, _name_a_huge_record, _link, os.mkfifo, os.mkdir, str])
def test_whatever_lies_in_its_place_is_no_page_and_keeps_nobody_waiting(
    tmp_path: Path, leave: Callable[[str], object]
) -> None:
    leave(pages_so_far_path(str(tmp_path)))
    assert read(tmp_path) == []


def test_where_it_cannot_write_a_worker_goes_on(tmp_path: Path) -> None:
    assert [page.text for page in write(tmp_path / "gone").so_far.pages.values()] == ["one", "two"]
