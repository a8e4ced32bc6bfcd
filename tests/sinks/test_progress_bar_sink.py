"""ProgressBarSink on a terminal, in a notebook, and where there is neither."""

import io
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from pdfbatch.report import BatchState, BatchStatus
from pdfbatch.sinks.progress_bar import ProgressBarSink
from tests.terminal import shown_on_terminal

SCRIPT = """
import sys
from dataclasses import replace
from pdfbatch.report import BatchState, BatchStatus
from pdfbatch.sinks.progress_bar import ProgressBarSink

status = BatchStatus(
    batch_id="b", state=BatchState.PROCESSING, total_documents=2000, successful=119, failed=4, pages=1793, ocr_pages=212,
    elapsed_seconds=60.0,
)
sink = ProgressBarSink()
sink.update(status)
{during}
sink.update(replace(status, state=BatchState.COMPLETED, successful=1996, elapsed_seconds=720.0))
sink.close()
"""
WITHOUT_RICH = "import sys; sys.modules['rich'] = None; sys.modules['rich.console'] = None\n"


def _shown_by(script: str, environment: Mapping[str, str]) -> str:
    return shown_on_terminal([sys.executable, "-c", script], environment)


def _shown(text: str) -> str:
    """What is left of a terminal's bytes without escape sequences."""
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


def test_a_terminal_shows_count_failures_pages_and_rate() -> None:
    shown = _shown(_shown_by(SCRIPT.format(during=""), {}))
    assert "2,000/2,000 documents" in shown
    assert "4 failed, 1,793 pages (212 by OCR), " in shown


def test_a_terminal_of_80_columns_cuts_nothing_off() -> None:
    script = SCRIPT.replace("total_documents=2000, successful=119", "total_documents=1000000, successful=123456")
    shown = _shown(_shown_by(script.format(during="sink._view._live.refresh()"), {"COLUMNS": "80"}))
    assert "123,460/1,000,000 documents" in shown
    assert "left" in shown
    assert "…" not in shown


BUSY = SCRIPT.replace(
    "elapsed_seconds=60.0,",
    """elapsed_seconds=60.0,
    activities=(WorkerActivity(document_uuid="1", file_path="scans/" + "x" * 80 + "/last\\x1b[2J.pdf", page=12, seconds=3.0),),
""",
).replace("from dataclasses", "from pdfbatch.activity import WorkerActivity\nfrom dataclasses")


@pytest.mark.parametrize(("columns", "names"), [("120", True), ("60", True), ("40", False)])
def test_workers_are_shown_where_there_is_room(columns: str, names: bool) -> None:
    shown = _shown_by(BUSY.format(during="sink._view._live.refresh()"), {"COLUMNS": columns})
    lines = [line for line in _shown(shown).splitlines() if "page 12, 3 s" in line]
    assert bool(lines) is names
    assert all(len(line.strip()) < int(columns) for line in lines)
    assert "\\x1b[2J.pdf" in shown or not names


def test_a_batch_that_has_not_counted_its_documents_is_starting() -> None:
    script = SCRIPT.replace("total_documents=2000, successful=119, failed=4", "total_documents=0")
    shown = _shown(_shown_by(script.format(during="sink._view._live.refresh()"), {}))
    assert "starting" in shown
    assert "0/0" not in shown


def test_no_color_takes_the_colours_out() -> None:
    colours = re.compile(r"\x1b\[[0-9;]*(3[0-9]|9[0-7])(;[0-9]+)*m")
    assert colours.search(_shown_by(SCRIPT.format(during=""), {}))
    assert not colours.search(_shown_by(SCRIPT.format(during=""), {"NO_COLOR": "1"}))


def test_a_dumb_terminal_gets_plain_lines() -> None:
    shown = _shown_by(SCRIPT.format(during=""), {"TERM": "dumb"})
    assert "\x1b" not in shown
    assert [line.split(",")[0] for line in shown.splitlines()] == ["pdfbatch: 123/2", "pdfbatch: 2"]


def test_a_terminal_without_rich_gets_plain_lines() -> None:
    shown = _shown_by(WITHOUT_RICH + SCRIPT.format(during=""), {})
    assert "\x1b" not in shown
    assert "pdfbatch: 123/2,000 documents, 4 failed" in shown


def test_a_transient_bar_leaves_nothing_behind() -> None:
    script = SCRIPT.format(during="").replace("ProgressBarSink()", "ProgressBarSink(transient=True)")
    shown = _shown_by(script + "print('end', file=sys.stderr)", {})
    last_erase = shown.rindex("\x1b[2K")
    assert _shown(shown[last_erase:]).strip() == "end"


def test_what_is_printed_meanwhile_to_standard_output_stays_there(capfd: pytest.CaptureFixture[str]) -> None:
    shown = _shown_by(SCRIPT.format(during="print('data')"), {})
    assert "data" not in shown
    assert capfd.readouterr().out == "data\n"


def test_a_file_gets_one_line_an_interval_and_one_at_the_end(status: BatchStatus) -> None:
    stream = io.StringIO()
    sink = ProgressBarSink(stream=stream, interval_seconds=10)
    for second in range(25):
        sink.update(replace(status, elapsed_seconds=float(second)))
    for _ in range(2):
        sink.update(replace(status, elapsed_seconds=25.0, state=BatchState.COMPLETED))
    sink.close()
    assert len(stream.getvalue().splitlines()) == 3


def test_a_transient_sink_leaves_the_last_line_to_its_caller(status: BatchStatus) -> None:
    stream = io.StringIO()
    sink = ProgressBarSink(stream=stream, transient=True)
    sink.update(replace(status, elapsed_seconds=0.0))
    sink.update(replace(status, state=BatchState.COMPLETED))
    sink.close()
    assert stream.getvalue() == ""


def test_closing_twice_or_before_the_first_snapshot_is_fine() -> None:
    sink = ProgressBarSink()
    sink.close()
    sink.close()


def test_without_a_bar_rich_is_not_loaded() -> None:
    script = (
        SCRIPT.format(during="") + "assert not any(name.split('.')[0] in ('rich', 'IPython') for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)


def test_a_notebook_shows_one_output_that_changes_in_place() -> None:
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SCRIPT.format(during=""))])
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    outputs = cast("list[dict[str, Any]]", notebook.cells[0].outputs)
    (data,) = [output["data"] for output in outputs if output["output_type"] == "display_data"]
    assert data["text/plain"].startswith("2,000/2,000 documents, 4 failed")
    assert '<progress value="2000" max="2000">' in data["text/html"]
