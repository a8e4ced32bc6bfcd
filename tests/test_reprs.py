"""What a person sees of a report, of results and of pages: in a shell, a log, a notebook, a table. Never the text."""

import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from pdfbatch import BatchReport, Document, process_batch
from pdfbatch.model import DocumentResult, DocumentStatus, Page, TextSource
from pdfbatch.outputs import Results, export
from pdfbatch.ports import Reading
from pdfbatch.report import BatchState, BatchStatus
from pdfbatch.samples import text_pdf
from pdfbatch.tasks import TaskResult

SECRET = "Confidential"
NAME = "<script>alert('x')</script>.pdf"
INPUTS = [
    Document(NAME, "good", content=text_pdf([f"{SECRET} letter.", f"{SECRET} page."])),
    Document("https://user:hidden@host/bad.pdf", "bad", content=b"no PDF"),
]


@pytest.fixture(scope="module", params=["memory", "output"])
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> BatchReport:
    """A report of two documents, one of which failed, with its text in memory or in an output."""
    output = None if request.param == "memory" else tmp_path_factory.mktemp("output")
    return process_batch(INPUTS, output, executor="sequential")


def test_reprs_say_how_much_there_is_and_never_what(report: BatchReport) -> None:
    good, bad = report
    assert repr(report).startswith("BatchReport(2 documents: 1 ok, 1 failed, 2 pages, ")
    assert repr(report.results) == "Results(2 documents)"
    assert repr(good).startswith(f"DocumentResult({NAME!r}: succeeded, 2 pages, ")
    assert repr(bad).endswith(": failed, not_a_pdf)")
    assert repr(good.pages[0]).startswith("Page(1: text-layer, ")
    assert SECRET in good.text
    page = Page(number=1, text=SECRET, source=TextSource.OCR)
    nested = [report, report.results, good, bad, good.pages, good.pages[0], TaskResult(pages=(page,)), str(good)]
    assert not {SECRET, "hidden"} & {word for word in (SECRET, "hidden") if word in repr(nested)}
    assert SECRET not in repr(Reading(text=SECRET, confidence=None, words=1))


def test_a_batch_that_did_not_complete_says_so() -> None:
    assert "(0 documents: cancelled, 0 ok" in repr(
        BatchReport(status=BatchStatus(batch_id="b", state=BatchState.CANCELLED))
    )


def test_a_notebook_shows_tables_in_which_names_are_escaped(report: BatchReport) -> None:
    results = report.results
    assert isinstance(results, Results)
    for value in (report, results, report[0], report[0].pages[0]):
        shown = value._repr_html_()  # pyright: ignore[reportPrivateUsage] (what a notebook calls)
        assert shown.startswith("<table>")
        assert "<script>" not in shown
        assert SECRET not in shown
        assert "hidden" not in shown
    failures = report._repr_html_()  # pyright: ignore[reportPrivateUsage] (what a notebook calls)
    assert "not_a_pdf" in failures
    assert "another kind of file" in failures, "no advice"


def test_a_report_is_a_collection_of_results(report: BatchReport) -> None:
    assert (len(report), len(list(report)), bool(report)) == (2, 2, True)
    assert report[0] == report.results[0]
    assert report[-1].document.document_uuid == "bad"
    assert [result.ok for result in report[:2]] == [True, False]
    assert not BatchReport(status=BatchStatus(batch_id="b")).results
    assert BatchReport(status=BatchStatus(batch_id="b")), "a report without results is a report"


def test_a_report_is_equal_to_what_pickle_makes_of_it_and_to_no_other(report: BatchReport) -> None:
    again = pickle.loads(pickle.dumps(report))
    assert again == report
    assert report == again
    assert again[0].text == report[0].text
    assert report != process_batch(INPUTS[:1], executor="sequential")
    assert report.results != [report[0]]


def test_tables_have_the_rows_of_an_export(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    report = process_batch(INPUTS, tmp_path / "out", executor="sequential")
    export(str(tmp_path / "out"), str(tmp_path / "all.jsonl"))
    rows = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text("utf-8").splitlines()]
    found = [{**row, "metadata": json.loads(row["metadata"]), "pdf_metadata": json.loads(row["pdf_metadata"])}
             for row in report.to_arrow().to_pylist()]  # fmt: skip
    timed = ("finished_at", "duration_seconds")
    wanted = {row["document_uuid"]: {name: row[name] for name in row if name not in timed} for row in rows}
    assert {row["document_uuid"]: {name: row[name] for name in row if name not in timed} for row in found} == wanted
    assert [list(row) for row in found] == [list(row) for row in rows]


def test_a_data_frame_has_the_same_rows_with_dictionaries(report: BatchReport) -> None:
    pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame, rows = report.to_pandas(), report.to_arrow().to_pylist()
    assert list(frame.columns) == list(rows[0])
    assert frame["text"].tolist() == [row["text"] for row in rows]
    assert frame["pages"].tolist() == [row["pages"] for row in rows] == [2, 0]
    assert [json.dumps(each) for each in frame["metadata"]] == [row["metadata"] for row in rows]


def test_without_a_library_a_table_says_what_to_install() -> None:

    script = (
        "import sys; sys.modules['pandas'] = sys.modules['pyarrow'] = None\n"
        "from pdfbatch import BatchReport, BatchStatus\n"
        "from pdfbatch.errors import DependencyError\n"
        "report = BatchReport(status=BatchStatus(batch_id='b'))\n"
        "for make in (report.to_pandas, report.to_arrow):\n"
        "    try: make()\n"
        "    except DependencyError as error: print(error)\n"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert "pip install pandas" in shown
    assert "pip install pyarrow" in shown


def test_a_result_without_pages_has_a_name_on_one_line() -> None:
    odd = DocumentResult(document=Document("a\nERROR forged.pdf"), status=DocumentStatus.EMPTY)
    assert "\n" not in repr(odd)
