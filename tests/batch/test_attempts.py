"""What another attempt knows of the ones before it."""

import pytest

from pdfbatch.batch import plan_next_attempt
from pdfbatch.errors import Cause
from pdfbatch.model import Document, Failure, Page
from pdfbatch.settings import Limits, RetryPolicy
from pdfbatch.tasks import ReadTask, TaskResult

LOST = Failure(cause=Cause.WORKER_LOST, message="some.pdf: lost")


@pytest.mark.parametrize(("version", "stay"), [("old", ["one", "two"]), ("new", ["two"])])
def test_only_pages_of_the_version_that_was_read_last_are_kept(version: str, stay: list[str]) -> None:
    task = ReadTask(
        document=Document("some.pdf"),
        skipped_pages=(Page(number=1, text="one"), Page(number=2, text="older")),
        skipped_fingerprint="old",
    )
    lost = TaskResult(failure=LOST, page=2, pages=(Page(number=2, text="two"),), fingerprint=version)
    planned = plan_next_attempt(task, lost, LOST, retry=RetryPolicy(), limits=Limits())
    assert planned is not None
    assert [page.text for page in planned[1].skipped_pages] == stay


@pytest.mark.parametrize(("text", "used", "is_tried"), [("one", 9.9, True), ("one", 10, False), ("", 9.9, False)])
def test_once_more_after_its_time_a_document_says_what_is_known(text: str, used: float, is_tried: bool) -> None:
    # The attempt in which pages were read was not the last that was lost.
    known = (Page(number=1, text=text),)
    task = ReadTask(document=Document("some.pdf"), used_seconds=used, skipped_pages=known, skipped_fingerprint="its")
    lost = TaskResult(failure=LOST, seconds=0.2)
    planned = plan_next_attempt(task, lost, LOST, retry=RetryPolicy(), limits=Limits(document_timeout=10))
    assert (planned is not None) == is_tried
