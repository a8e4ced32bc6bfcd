"""Figures of a batch: bounded whatever the batch is, and whatever comes back from elsewhere."""

import json
from dataclasses import replace
from typing import Any

import pytest

from pdfbatch.errors import Cause
from pdfbatch.figures import Figures, ReportFacts, element, render_failures, render_report, show_text
from pdfbatch.model import Counts, Document, DocumentResult, DocumentStatus, Failure
from pdfbatch.report import BatchState, BatchStatus

HOSTILE = "</td><script>alert(1)</script>\u202egnp.exe\ud800\n\"'&.pdf"


def result(number: int = 0, *, seconds: float = 1.0, status: str = "succeeded", path: str = "a.pdf") -> DocumentResult:
    kind = DocumentStatus(status)
    failure = None if kind.ok else Failure(cause=Cause.MALFORMED, message=f"{path}: broken")
    return DocumentResult(
        document=Document(path, f"id-{number}", base_folder="/"),
        status=kind,
        failure=failure,
        duration_seconds=seconds,
        counts=Counts(pages=3, text_pages=2, ocr_pages=1, reasons={"text-layer": 2, "no-text-layer": 1}),
    )


def figures_of(*results: DocumentResult, moment: float = 1_000.0) -> Figures:
    figures = Figures()
    for one in results:
        figures.add(one, moment)
    return figures


def test_a_long_batch_takes_no_more_room_and_loses_no_document() -> None:
    figures = Figures()
    for number in range(20_000):
        path = f"{'x' * 1_000}{number}.pdf"
        status = "failed" if number % 2 else "succeeded"
        figures.add(result(number, seconds=number / 10, status=status, path=path), 1_000.0 + number * 37)
    bins = list(figures.timeline.bins())
    assert sum(one.documents for one in bins) == sum(figures.document_seconds.counts) == 20_000
    assert len(bins) <= 240
    assert figures.causes == {"malformed": 10_000}
    assert figures.slowest[0].seconds == 1_999.9
    assert len(json.dumps(figures.as_dict())) < 50_000


def test_documents_that_cost_nothing_are_counted_by_status_only() -> None:
    figures = figures_of(result(status="skipped"), result(status="duplicate"), result())
    assert figures.statuses == {"skipped": 1, "duplicate": 1, "succeeded": 1}
    assert (figures.sources.total(), sum(one.documents for one in figures.timeline.bins())) == (3, 1)


def test_moments_in_any_order_give_the_same_timeline() -> None:
    forward, backward, moments = Figures(), Figures(), [10.0, 5_000.0, 90.0, 200_000.0]
    for figures, order in ((forward, moments), (backward, moments[::-1])):
        for moment in order:
            figures.add(result(), moment)
    assert list(forward.timeline.bins()) == list(backward.timeline.bins())


def test_pages_are_shown_when_they_are_read_and_counted_once() -> None:
    figures = Figures()
    for moment, pages, ocr_pages in (
        (0.0, 0, 0),
        (1.0, 2, 1),
        (2.0, 1, 1),
        (3.0, 3, 1),
    ):  # a lost worker takes one back
        figures.note_pages(pages, ocr_pages, moment)
    figures.add(result(), 3.5)
    assert [(one.start, one.documents, one.pages, one.ocr_pages) for one in figures.timeline.bins()] == [
        (1, 0, 2, 1),
        (2, 0, 0, 0),
        (3, 1, 1, 0),
    ]


def test_figures_can_be_stored_without_paths() -> None:
    stored = json.dumps(figures_of(result(1, status="failed", path="secret.pdf")).as_dict(show_paths=False))
    assert "secret" not in stored
    assert "id-1" in stored


def test_figures_come_back_as_they_were_stored() -> None:
    figures = figures_of(result(1), result(2, status="failed"), result(3, seconds=99.0))
    assert Figures.from_dict(json.loads(json.dumps(figures.as_dict()))).as_dict() == figures.as_dict()


ODD_VALUES: list[Any] = [None, 3, "x", [], {}, [[1, 2]], {"a": -1}, {"a": {}}, 10**400, [True], [[[]]]]


@pytest.mark.parametrize("value", ODD_VALUES)
def test_whatever_is_stored_as_figures_can_be_shown(value: object) -> None:
    names = figures_of(result()).as_dict().keys() - {"version"}
    stored = [value, {"version": 1, **dict.fromkeys(names, value)}, {"version": 2}]
    stored.append({"version": 1, "timeline": {"width": 1, "bins": [[0, 1, 1, 1], [10**14, 1, 1, 1]]}})
    stored.append({"version": 1, "timeline": {"width": 2**39, "bins": [[2**30, 1, 1, 1]]}})
    for one in stored:
        page = render_report(ReportFacts(status=BatchStatus(batch_id="b")), Figures.from_dict(one))
        assert b"Throughput" in page


def test_nothing_of_a_document_becomes_a_part_of_the_page() -> None:
    failed = replace(result(path=HOSTILE, status="failed"), failure=Failure(cause=Cause.MALFORMED, message=HOSTILE))
    status = BatchStatus(batch_id=HOSTILE, state=BatchState.FAILED, failed=1)
    facts = ReportFacts(
        status=status, output=HOSTILE, stop_reason=HOSTILE, settings={HOSTILE: HOSTILE}, versions={HOSTILE: HOSTILE}
    )
    page = render_report(facts, figures_of(failed)).decode()
    assert "<script" not in page
    assert "\u202e" not in page
    assert page.count("&lt;script&gt;alert(1)") >= 8
    assert page.count("<td>") == page.count("</td>") - page.count('<td class="number">')


def test_attributes_are_escaped() -> None:
    assert element("a", "x", title='"><b>', class_=None, hidden=True) == '<a title="&quot;&gt;&lt;b&gt;" hidden>x</a>'
    assert show_text("a\x1b[2J\u202eb") == "a\\x1b[2J\\u202eb"


def test_failures_say_what_to_do_and_how_many_more_there_are() -> None:
    many: list[Any] = [result(number, status="failed") for number in range(12)]
    section = render_failures(figures_of(*many), 12, rest=": see the list")
    assert Cause.MALFORMED.advice.split(":")[0] in section
    assert "and 2 more: see the list" in section
