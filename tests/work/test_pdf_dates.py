"""Dates of PDFs as ISO 8601, and what is none left alone."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfbatch import Document, process_batch
from pdfbatch.samples import text_pdf
from pdfbatch.work.pdf_dates import to_iso


@pytest.mark.parametrize(
    ("date", "iso"),
    [
        ("D:20171031173711-04'00'", "2017-10-31T17:37:11-04:00"),
        ("D:20171031173711+05'30", "2017-10-31T17:37:11+05:30"),
        ("D:20171031173711Z", "2017-10-31T17:37:11+00:00"),
        ("D:20171031173711Z00'00'", "2017-10-31T17:37:11+00:00"),
        ("d:20171031173711Z'", "2017-10-31T17:37:11+00:00"),
        ("D:20171031173711+05:30", "2017-10-31T17:37:11+05:30"),
        ("D:20171031173711+05'60'", "D:20171031173711+05'60'"),
        ("D:00000101000000Z", "D:00000101000000Z"),
        ("20171031173711", "2017-10-31T17:37:11"),
        ("D:201710311737", "2017-10-31T17:37:00"),
        ("D:20171031", "2017-10-31"),
        ("D:2017", "2017"),
        ("D:20171331", "D:20171331"),
        ("D:20170230101010", "D:20170230101010"),
        ("D:20171031173711-99'00'", "D:20171031173711-99'00'"),
        ("31 October 2017", "31 October 2017"),
        ("2017-10-31T17:37:11Z", "2017-10-31T17:37:11Z"),
        ("", ""),
    ],
)
def test_a_date_is_as_exact_as_it_was_and_what_is_none_stays(date: str, iso: str) -> None:
    assert to_iso(date) == iso


@given(st.one_of(st.text(), st.from_regex(r"D:\d{4,14}(Z|[+-]\d\d'?\d\d'?)?", fullmatch=True)))
def test_any_text_stays_or_becomes_a_date(date: str) -> None:
    if (iso := to_iso(date)) != date and len(iso) >= 10:
        datetime.fromisoformat(iso)


def test_a_result_has_dates_that_a_program_can_read() -> None:
    report = process_batch(Document("a.pdf", content=text_pdf(["A letter."])), executor="sequential")
    assert datetime.fromisoformat(report[0].pdf_metadata["CreationDate"]).year >= 2000
