"""What a person reads at the end of a batch."""

import shlex
from dataclasses import replace

import pytest

from pdfbatch.batch.progress import ProgressTracker
from pdfbatch.cli.failures import FailureCollector
from pdfbatch.cli.style import Style
from pdfbatch.cli.summary import advice, interruption_lines, merge_lines, retry_command, summary_lines
from pdfbatch.errors import Cause
from pdfbatch.model import Counts, Document, DocumentResult, DocumentStatus, Failure
from pdfbatch.report import BatchReport, BatchState, BatchStatus

ARGV = ("pdfbatch", "run", "my letters/*.pdf", "--output", "out")
PLAIN = Style()


def _failed(path: str, cause: Cause) -> DocumentResult:
    failure = Failure(cause=cause, message=f"{path}: it did not work")
    return DocumentResult(document=Document(path), status=DocumentStatus.FAILED, failure=failure)


def _partial(path: str) -> DocumentResult:
    counts = Counts(pages=20, failed_pages=2)
    return DocumentResult(document=Document(path), status=DocumentStatus.PARTIAL, counts=counts)


def _told(
    *results: DocumentResult,
    state: BatchState = BatchState.COMPLETED,
    output: str | None = "out",
    has_ocr: bool = True,
) -> str:
    failures, status = FailureCollector(), BatchStatus(batch_id="b", workers=2, executor="process")
    ledger = ProgressTracker(status=status, results=None, batch_size=10)
    for position, result in enumerate(results):
        failures.document(result)
        ledger.add(result, position)
    status = replace(ledger.finish(state, len(results)), elapsed_seconds=36.0)
    report = replace(ledger.report(output), status=status)
    return "\n".join(summary_lines(report, failures, ARGV, PLAIN, has_ocr=has_ocr))


def test_a_good_batch_is_told_in_figures_alone() -> None:
    good = DocumentResult(
        document=Document("a.pdf"), status=DocumentStatus.SUCCEEDED, counts=Counts(pages=3, ocr_pages=1)
    )
    assert _told(good).splitlines() == [
        "1 document in 36.0 s: 100 documents/h, 300 pages/h, 2 workers (process)",
        "  succeeded          1",
        "  failed             0",
        "  pages              3   1 by OCR, 0 failed",
        "",
        "Text and records  out",
    ]


def test_pages_in_another_language_are_told_with_the_option_that_helps() -> None:
    other = Counts(pages=3, ocr_pages=3, other_language_pages=2)
    told = _told(DocumentResult(document=Document("a.pdf"), status=DocumentStatus.SUCCEEDED, counts=other))
    assert "Language: the words of 2 pages do not fit the language that OCR was asked for." in told
    assert "--languages" in told


def test_pages_that_ocr_would_have_been_asked_to_read_are_told_when_it_was_not_wanted() -> None:
    blank, scans = {"blank": 1, "text-layer": 3}, {"no-text-layer": 1_200, "text-layer": 1}
    documents = [
        DocumentResult(document=Document("a.pdf"), status=DocumentStatus.EMPTY, counts=Counts(pages=9, reasons=reasons))
        for reasons in (blank, scans)
    ]
    line = "Not read: 1,200 pages have no text layer, and OCR was not wanted. Options: --ocr auto."
    assert _told(*documents, has_ocr=False).splitlines().count(line) == 1
    assert "Not read" not in _told(*documents)
    assert "Not read" not in _told(documents[0], has_ocr=False)


def test_each_cause_is_told_once_with_what_to_do() -> None:
    told = _told(_failed("a.pdf", Cause.MALFORMED), _failed("b.pdf", Cause.TIMEOUT), _failed("c.pdf", Cause.MALFORMED))
    assert told.count(Cause.MALFORMED.advice) == 1
    assert (
        told.index("malformed (2)")
        < told.index("a.pdf: it did")
        < told.index("c.pdf: it did")
        < told.index("timeout (1)")
    )


def test_advice_names_the_option_of_the_command_line() -> None:
    assert "--max-pages" in _told(_failed("a.pdf", Cause.LIMIT_PAGES))


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_can_be_told(cause: Cause) -> None:
    assert f"{cause} (1): {advice(cause)}" in _told(_failed("a.pdf", cause))


def test_a_long_list_is_cut_and_says_where_the_rest_is() -> None:
    told = _told(*(_failed(f"{number}.pdf", Cause.MALFORMED) for number in range(1, 31)))
    assert "10.pdf: it" in told
    assert "11.pdf: it" not in told
    assert "and 20 more: see failures.jsonl" in told
    assert "out/failures.jsonl" in told


def test_where_no_document_is_at_hand_the_list_alone_is_named() -> None:
    status = replace(BatchStatus(batch_id="b"), failed=2)
    told = "\n".join(
        merge_lines(
            BatchReport(status=status, output="out", failures_by_cause={"malformed": 2}), FailureCollector(), PLAIN
        )
    )
    assert ("  see failures.jsonl" in told, " more: " in told) == (True, False)


def test_a_message_that_does_not_name_its_document_gets_the_name() -> None:
    failure = Failure(cause=Cause.TIMEOUT, message="too slow")
    assert "a.pdf: too slow" in _told(
        DocumentResult(document=Document("a.pdf"), status=DocumentStatus.TIMED_OUT, failure=failure)
    )


def test_a_name_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in _told(_failed("a\x1b[2J\n.pdf", Cause.MALFORMED))


def test_partial_documents_are_named_with_their_lost_pages() -> None:
    assert "a.pdf: 2 of 20 pages failed" in _told(_partial("a.pdf"))


def test_failed_documents_come_with_the_command_that_tries_them_again() -> None:
    told = _told(_failed("a.pdf", Cause.TIMEOUT))
    assert "pdfbatch run --retry-failed 'my letters/*.pdf' --output out" in told
    assert "--retry-failed" not in _told(_partial("a.pdf"))


def test_a_batch_that_stopped_early_says_so() -> None:
    assert "The batch ended early (failed)" in _told(_failed("a.pdf", Cause.STORAGE_FULL), state=BatchState.FAILED)


def test_what_is_run_again_takes_the_place_of_resume() -> None:
    words = ("pdfbatch", "run", "--resume", "in", "-o", "it's", "--", "--resume")
    assert retry_command(words, "--retry-failed") == shlex.join(
        ["pdfbatch", "run", "--retry-failed", "in", "-o", "it's", "--", "--resume"]
    )


@pytest.mark.parametrize("given", [["--password", "s3cret"], ["--password=s3cret"]])
def test_a_password_is_not_repeated(given: list[str]) -> None:
    command = retry_command(("pdfbatch", "run", "in", *given, "-o", "out"), "--resume")
    assert "s3cret" not in command
    assert "PASSWORD -o out" in command


def test_an_interruption_says_what_is_kept_and_how_to_go_on() -> None:
    status = BatchStatus(batch_id="b", total_documents=2_000, successful=120, failed=3)
    told = "\n".join(interruption_lines(status, ARGV, "Ctrl-C", PLAIN))
    assert "Stopped by Ctrl-C. 123 of 2,000 documents had ended" in told
    assert "pdfbatch run --resume" in told


def test_an_interruption_before_the_work_has_nothing_to_keep() -> None:
    assert list(interruption_lines(None, ARGV, "SIGTERM", PLAIN)) == ["Stopped by SIGTERM before the work began."]


def test_colours_change_nothing_but_the_colour() -> None:
    assert Style(coloured=True).bad("failed") == "\x1b[31mfailed\x1b[0m"
    assert Style().bad("failed") == "failed"
