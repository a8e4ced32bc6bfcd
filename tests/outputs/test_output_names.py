"""Names of paths: readable, safe everywhere, one for each path; and what of two documents with one name."""

import os
import re
import shutil
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfbatch.common import fold_name, mark_name, name_of_address, name_of_path
from pdfbatch.executors.sequential import SequentialExecutor
from pdfbatch.inputs import documents_from
from pdfbatch.model import Document
from pdfbatch.processor import BatchProcessor
from pdfbatch.report import BatchReport
from pdfbatch.settings import Extraction
from pdfbatch.storage import Storage
from pdfbatch.testing import PlainEngine, plain_document

READABLE = ["letters/2019 Okafor.pdf", "Müller & Söhne (2).pdf", "東京/請求書.pdf", "scan #1 [50%].pdf", "a'b, c~1.PDF"]
HOSTILE = [
    *(
        "../../etc/passwd",
        "/etc/passwd",
        "a//b.pdf",
        "",
        ".",
        "..",
        "a/../b",
        "./a",
        "C:\\x.pdf",
        "..\\x",
        "a\0b",
        "a\nb",
    ),
    *(
        "con.pdf",
        "CON",
        "nul",
        "aux .x/a.pdf",
        "COM1.pdf",
        "com\u00b9",
        "conin$",
        "a.",
        "a ",
        "a /b",
        ".hidden/x.pdf",
        "-rf",
    ),
    *(
        "report",
        "batches/x",
        "shards/x",
        "a.pdf.txt/b.pdf",
        "a.pdf.TXT/b.pdf",
        "x.json/y",
        ".index/x.jsonl",
        ".parts/x",
    ),
    *(
        "M\udcfcller.pdf",
        "M\udcf6ller.pdf",
        "\ud800",
        "\u202efdp.exe",
        "a\u200bb",
        "a\u00a0b",
        "=",
        "=2e",
        "=h",
        "=i" + "0" * 16,
    ),
    *("x" * 300, "é" * 300, "y/" * 900, f"{'z' * 250}/{'z' * 250}.pdf", "a:b", "a*b?", '"<>|'),
]
paths = st.one_of(
    st.text(max_size=30),
    st.text(alphabet="aA.=-_/\\é ~:", max_size=12),
    st.text(alphabet=st.characters(), min_size=100, max_size=1500),
    st.sampled_from([*HOSTILE, *READABLE]),
)


@pytest.mark.parametrize("path", READABLE)
def test_a_name_that_people_can_read_stays_as_it_is(path: str) -> None:
    assert name_of_path(path) == path


@given(paths)
def test_a_name_is_safe_on_every_system_and_has_room_for_its_ending_and_a_mark(path: str) -> None:
    name = mark_name(name_of_path(path), "some id")
    assert name.isprintable()
    assert not re.search(r'[\\:*?"<>|\x7f]', name)
    assert len(f"{name}.json".encode()) <= 850
    for part in f"{name}.json".split("/"):
        assert 0 < len(part.encode()) <= 255
        assert len(unicodedata.normalize("NFD", part).encode("utf-16-le")) // 2 <= 255
        assert part[0] not in ".-~ "
        assert part[-1] not in ". "
        assert part.partition(".")[0].rstrip().lower() not in {
            "con",
            "prn",
            "aux",
            "nul",
            "com1",
            "com\u00b9",
            "lpt9",
            "conin$",
        }


@given(paths, paths)
def test_two_paths_never_share_a_name(one: str, other: str) -> None:
    assert (name_of_path(one) == name_of_path(other)) == (one == other)


@given(paths, paths)
def test_no_file_of_one_document_is_a_folder_of_another(one: str, other: str) -> None:
    files = {fold_name(f"{name_of_path(one)}{ending}") for ending in (".txt", ".json")}
    assert not any(fold_name(name_of_path(other)).startswith(f"{file}/") for file in files)


@given(paths)
def test_no_document_takes_the_place_of_a_file_of_the_batch(path: str) -> None:
    files = {fold_name(f"{name_of_path(path)}{ending}") for ending in (".txt", ".json")}
    assert not files & {"report.json", "failures.jsonl", "documents.csv"}
    assert not any(file.startswith((".index/", ".parts/", "batches/", "shards/")) for file in files)


@pytest.mark.parametrize(
    "path", ["report.html/a", "Report.HTML/a", "shards/a", "\u017fhards/a", "\uff42atches/a", "\uff32eport", "failures"]
)
def test_no_spelling_of_a_file_of_the_batch_is_the_name_of_a_document(path: str) -> None:
    first = fold_name(f"{name_of_path(path)}.json").partition("/")[0]
    assert first not in {"report.html", "shards", "batches", "report.json", "failures.json"}


def test_letters_that_share_a_capital_or_small_letter_are_one_for_some_system() -> None:
    letters = [chr(code) for code in range(0x20, 0x20000) if not 0xD800 <= code < 0xE000]
    assert [one for one in letters if len(one.upper()) == 1 and fold_name(one) != fold_name(one.upper())] == []
    assert [one for one in letters if len(one.lower()) == 1 and fold_name(one) != fold_name(one.lower())] == []


def test_an_escaped_letter_that_is_not_ascii_is_not_that_of_another_path() -> None:
    assert name_of_path("\u017fhards/a") != name_of_path("\x17fhards/a")


@pytest.mark.parametrize("ending", ["txt", "j\u017fon", "\uff54xt", "txt\ufe0f"])
def test_no_spelling_of_a_file_is_the_name_of_a_folder(ending: str) -> None:
    folder = fold_name(name_of_path(f"x.{ending}/y")).partition("/")[0]
    assert folder not in {"x.txt", "x.json"}


@pytest.mark.parametrize("sign", "\u034f\u115f\u2800\u3164\uffa0\u200b\u2060\ufeff\u00ad\U000e0041")
def test_what_cannot_be_seen_is_written_out(sign: str) -> None:
    assert name_of_path(f"a{sign}b.pdf") == f"a{''.join(f'={byte:02x}' for byte in sign.encode())}b.pdf"


@pytest.mark.parametrize(
    ("address", "name"),
    [
        *(("in/a.pdf", "in/a.pdf"), ("./in/a.pdf", "in/a.pdf"), ("/data/a.pdf", "a.pdf"), ("../a.pdf", "a.pdf")),
        *(("s3://bucket/in/a.pdf", "a.pdf"), ("https://host/a.pdf?sig=secret", "a.pdf"), ("~/a.pdf", "a.pdf")),
        ("zip://in/a.pdf::s3://bucket/all.zip", "a.pdf"),
    ],
)
def test_a_document_that_was_named_by_itself_is_called_after_its_relative_path_or_its_last_part(
    address: str, name: str
) -> None:
    assert Document(address).output_name == name


def test_found_documents_are_called_after_their_path_below_what_was_named(tmp_path: Path) -> None:
    for path in ("x/deep/er/a.pdf", "x/b.pdf"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    assert names(str(tmp_path / "x")) == ["b.pdf", "deep/er/a.pdf"]
    assert names(f"{tmp_path}/x/**/*.pdf") == ["b.pdf", "deep/er/a.pdf"]
    assert names(f"{tmp_path}/*/deep") == ["x/deep/er/a.pdf"]
    assert names(Document("b.pdf", "own id")) == [""]
    assert names({"documents": [{"file_path": "in/a.pdf"}, {"file_path": "b.pdf", "document_uuid": "7"}]}) == [
        "in/a.pdf",
        "",
    ]


def test_names_that_some_system_takes_for_one_are_marked_and_a_moved_folder_keeps_the_mark() -> None:
    for root in ("one", "two"):
        found = names(
            [Document(f"{root}/{name}", output_name=name) for name in ("a.pdf", "A.PDF", "\u00e9.pdf", "e\u0301.pdf")]
        )
        assert found == ["a.pdf", mark_name("A.PDF"), "\u00e9.pdf", mark_name("e\u0301.pdf")]
    found = names(["/a/x.pdf", "/b/x.pdf", Document("c", "x.pdf"), "/c/X.pdf"])
    assert found[0] == "x.pdf"
    assert len(set(map(fold_name, found))) == 4


# --- batches ------------------------------------------------------------------------------------------------------------


def run(output: Path, inputs: "str | list[str]", *, resume: bool = False, naming: str = "path") -> BatchReport:
    processor = BatchProcessor(
        executor=SequentialExecutor(),
        storage=Storage(output, names=naming, durability="none"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        engine=PlainEngine(),
        extraction=Extraction(ocr="never"),
    )
    return processor.run(inputs, resume=resume)


def names(inputs: object) -> list[str]:
    return [document.output_name for document in documents_from(inputs)]  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def write(folder: Path, texts: "dict[str, str]") -> str:
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(plain_document(text))
    return str(folder)


def texts_in(output: Path) -> dict[str, str]:
    return {str(path.relative_to(output)): path.read_text() for path in output.rglob("*.txt")}


def of(report: BatchReport) -> "dict[str, tuple[str, str]]":
    return {result.document.file_path: (str(result.status), result.text) for result in report.results}


def test_texts_lie_where_their_documents_lay_and_a_moved_folder_is_resumed(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "in", {"letters/2019 Okafor.pdf": "dear", "a.pdf": "a", "A.pdf": "big", "a.pdf.txt/b.pdf": "b"}
    )
    run(tmp_path / "out", folder)
    before = texts_in(tmp_path / "out")
    assert before["letters/2019 Okafor.pdf.txt"] == "dear"
    assert sorted(before.values()) == ["a", "b", "big", "dear"]
    shutil.move(folder, tmp_path / "moved")
    report = run(tmp_path / "out", str(tmp_path / "moved"), resume=True)
    assert report.status.skipped == 4
    assert {text for _, text in of(report).values()} == {"a", "b", "big", "dear"}
    assert texts_in(tmp_path / "out") == before


def test_two_folders_into_one_output_never_overwrite_each_other(tmp_path: Path) -> None:
    one, two = write(tmp_path / "1", {"x.pdf": "one", "y.pdf": "y"}), write(tmp_path / "2", {"x.pdf": "second"})
    run(tmp_path / "out", one)
    run(tmp_path / "out", two)
    assert sorted(texts_in(tmp_path / "out").values()) == ["one", "second", "y"]
    for inputs in ([one, two], [two, one], [two]):  # the order of the inputs makes no difference to who has a name
        report = run(tmp_path / "out", inputs, resume=True)
        assert {status for status, _ in of(report).values()} == {"skipped"}
        assert of(report)[f"{two}/x.pdf"][1] == "second"
    run(tmp_path / "out", [two, one])
    assert sorted(texts_in(tmp_path / "out").values()) == ["one", "second", "y"]


def test_a_document_that_fails_takes_no_name_from_one_that_has_a_text(tmp_path: Path) -> None:
    run(tmp_path / "out", write(tmp_path / "1", {"x.pdf": "one"}))
    (tmp_path / "2").mkdir()
    (tmp_path / "2/x.pdf").write_bytes(b"\xff\xfe")
    assert run(tmp_path / "out", str(tmp_path / "2")).failed == 1
    assert texts_in(tmp_path / "out") == {"x.pdf.txt": "one"}
    assert len(list((tmp_path / "out").glob("x.pdf*.json"))) == 2


@pytest.mark.skipif(os.name == "nt", reason="names of files are text there")
def test_names_that_are_no_text_are_kept_apart_in_one_batch_and_in_two(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path / "in")
    os.mkdir(raw)
    for name in (b"M\xfcller.pdf", b"M\xf6ller.pdf"):
        with open(os.path.join(raw, name), "wb") as file:
            file.write(plain_document(name.hex()))
        run(tmp_path / "out", str(tmp_path / "in"))
    assert set(texts_in(tmp_path / "out")) == {"M=fcller.pdf.txt", "M=f6ller.pdf.txt"}


def test_a_duplicate_finds_the_text_of_a_document_whose_name_is_marked(tmp_path: Path) -> None:
    run(tmp_path / "out", write(tmp_path / "1", {"x.pdf": "one"}))
    report = run(tmp_path / "out", write(tmp_path / "2", {"x.pdf": "same", "y.pdf": "same"}))
    assert sorted(of(report).values()) == [("duplicate", "same"), ("succeeded", "same")]
    assert sorted(texts_in(tmp_path / "out").values()) == ["one", "same", "same"]


def test_all_can_be_called_after_their_ids(tmp_path: Path) -> None:
    report = run(tmp_path / "out", write(tmp_path / "in", {"deep/x.pdf": "one"}), naming="id")
    assert list(texts_in(tmp_path / "out")) == [f"{report.results[0].document.document_uuid}.txt"]


def test_the_address_of_nothing_is_no_name() -> None:
    assert name_of_address("/") == name_of_path("")


def test_a_folder_called_as_the_report_leaves_room_for_it(tmp_path: Path) -> None:
    run(tmp_path / "out", write(tmp_path / "in", {"report.html/x.pdf": "one"}))
    assert (tmp_path / "out/report.html").is_file()
    assert (tmp_path / "out/=72eport.html/x.pdf.txt").read_text() == "one"
