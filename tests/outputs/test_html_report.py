"""The report for people: written beside report.json, and made anew from what an output holds."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pdfbatch import Storage, process_batch
from pdfbatch.errors import OutputError
from pdfbatch.outputs import write_html_report
from pdfbatch.samples import letter, text_pdf
from pdfbatch.storage import Layout
from tests.command import run_command


@pytest.fixture
def pile(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(3):
        (folder / f"letter {number}.pdf").write_bytes(text_pdf([letter(number), letter(number + 9)]))
    (folder / "<img src=x>.pdf").write_bytes(b"no PDF")
    return folder


def test_a_batch_writes_its_report_for_people(pile: Path, tmp_path: Path) -> None:
    report = process_batch(pile, tmp_path / "out", executor="sequential", batch_id="case-17")
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert page == (tmp_path / "out" / "batches" / "case-17" / "report.html").read_text("utf-8")
    assert "Report of batch case-17" in page
    assert f"Failed documents ({report.failed})" in page
    assert "&lt;img src=x&gt;.pdf" in page
    assert "document_timeout" in page
    assert "crash_attempts" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "<img" not in page


def test_a_report_made_from_the_records_says_the_same(pile: Path, tmp_path: Path) -> None:
    process_batch(pile, tmp_path / "out", executor="sequential", batch_id="case-17")
    first = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert write_html_report(tmp_path / "out", tmp_path / "again.html") == str(tmp_path / "again.html")
    again = (tmp_path / "again.html").read_text("utf-8")
    for heading in ("Failed documents", "Where text came from", "How long they took", "Slowest documents", "Versions"):
        start = f"<h2>{heading}"
        assert _section(first, start) == _section(again, start), heading


def _section(page: str, start: str) -> str:
    return page.partition(start)[2].partition("</section>")[0].partition("<h2>Settings")[0]


def test_an_output_without_its_report_is_of_a_batch_that_has_not_ended(pile: Path, tmp_path: Path) -> None:
    process_batch(pile, tmp_path / "out", executor="sequential")
    (tmp_path / "out" / "report.json").unlink()
    record = next(path for path in (tmp_path / "out").glob("*.json"))
    (tmp_path / "out" / "odd.json").write_text(
        json.dumps({**json.loads(record.read_text()), "run": [], "status": "odd"})
    )
    write_html_report(Storage(str(tmp_path / "out")))
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "not ended: the batch is running, or was killed" in page
    assert "1 records cannot be read" in page
    assert "documents/h" not in page  # a rate nobody knows
    assert ", 0.0 s" not in page  # nor how long it took


@pytest.mark.parametrize("layout", ["files", "jsonl", "parquet"])
def test_what_is_spoiled_is_counted_and_the_rest_is_reported(pile: Path, tmp_path: Path, layout: Layout) -> None:
    if layout != "files":
        pytest.importorskip("zstandard" if layout == "jsonl" else "pyarrow")
    whole = process_batch(pile, Storage(str(tmp_path / "out"), layout=layout), executor="sequential")
    spoiled = next(path for path in tmp_path.glob("out/shards/*" if layout != "files" else "out/*.pdf.json"))
    data = spoiled.read_bytes()
    spoiled.write_bytes(data[: len(data) // 2])
    page = Path(write_html_report(tmp_path / "out", tmp_path / "again.html")).read_text("utf-8")
    if layout == "files":
        assert "1 records cannot be read, and are not counted." in page
        assert f"<dt>documents ended</dt><dd>{whole.processed - 1}</dd>" in page
    else:
        assert "1 shards cannot be read to their end" in page


def test_the_command_makes_a_report_and_refuses_what_is_no_output(pile: Path, tmp_path: Path) -> None:
    process_batch(pile, tmp_path / "out", executor="sequential")
    assert run_command("report", str(tmp_path / "out"), "--html", str(tmp_path / "a.html")).returncode == 0
    assert (tmp_path / "a.html").read_bytes().startswith(b"<!DOCTYPE html>")
    with pytest.raises(OutputError, match="no record"):
        write_html_report(pile)


def test_records_are_streamed(tmp_path: Path, pile: Path) -> None:
    """Figures of one record do not wait for the next."""
    from pdfbatch.outputs.exporter import Spoiled, iter_records

    process_batch(pile, tmp_path / "out", executor="sequential")
    records = iter_records(Storage(str(tmp_path / "out")), Spoiled())
    assert isinstance(records, Iterator)
    assert {"document", "status"} <= next(records).keys()
    records.close()
