"""The words that sinks share."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfbatch.report import BatchState, BatchStatus
from pdfbatch.sinks.formatting import escape_unprintable, format_count, format_duration, format_progress


def test_progress_says_how_much_how_fast_and_how_long(status: BatchStatus) -> None:
    assert format_progress(status) == (
        "5/10 documents, 1 failed, 1,234 pages (56 by OCR), 10 documents/h, 2,468 pages/h, 0:30:00 left"
    )


def test_an_ended_batch_has_no_time_left(status: BatchStatus) -> None:
    assert "left" not in format_progress(replace(status, state=BatchState.COMPLETED))


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00:00"), (59.6, "0:01:00"), (3_661, "1:01:01"), (360_000, "100:00:00")]
)
def test_a_time_span_is_hours_minutes_seconds(seconds: float, shown: str) -> None:
    assert format_duration(seconds) == shown


def test_one_of_a_thing_is_singular() -> None:
    assert [format_count(number, "page") for number in (0, 1, 2_353)] == ["0 pages", "1 page", "2,353 pages"]


@given(st.text() | st.text(alphabet="\n\r\x0b\x0c\x1b\x85\u2028\u202e\ud800a"))
def test_whatever_a_name_is_it_stays_on_one_printable_line(text: str) -> None:
    shown = escape_unprintable(text)
    assert shown.isprintable()
    assert len(shown.splitlines()) <= 1


def test_an_ordinary_name_is_shown_as_it_is() -> None:
    assert escape_unprintable("Bände/Übersicht 東京.pdf") == "Bände/Übersicht 東京.pdf"
