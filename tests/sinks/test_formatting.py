"""The words that sinks share."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfbatch.report import BatchState, BatchStatus
from pdfbatch.sinks import formatting as wording


def test_progress_says_how_much_how_fast_and_how_long(status: BatchStatus) -> None:
    assert wording.progress(status) == (
        "5/10 documents, 1 failed, 1,234 pages (56 by OCR), 10 documents/h, 0:30:00 left"
    )


def test_an_ended_batch_has_no_time_left(status: BatchStatus) -> None:
    assert "left" not in wording.progress(replace(status, state=BatchState.COMPLETED))


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00:00"), (59.6, "0:01:00"), (3_661, "1:01:01"), (360_000, "100:00:00")]
)
def test_a_time_span_is_hours_minutes_seconds(seconds: float, shown: str) -> None:
    assert wording.clock(seconds) == shown


def test_one_of_a_thing_is_singular() -> None:
    assert [wording.counted(number, "page") for number in (0, 1, 2_353)] == ["0 pages", "1 page", "2,353 pages"]


@given(st.text() | st.text(alphabet="\n\r\x0b\x0c\x1b\x85\u2028\u202e\ud800a"))
def test_whatever_a_name_is_it_stays_on_one_printable_line(text: str) -> None:
    shown = wording.one_line(text)
    assert shown.isprintable()
    assert len(shown.splitlines()) <= 1


def test_an_ordinary_name_is_shown_as_it_is() -> None:
    assert wording.one_line("Bände/Übersicht 東京.pdf") == "Bände/Übersicht 東京.pdf"
