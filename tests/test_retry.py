"""Retry: only what may pass is tried again, as often and as long as the policy allows, and not all at once."""

import itertools
from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from pdfbatch.errors import Cause, DocumentError
from pdfbatch.executors.thread import ThreadExecutor
from pdfbatch.ports import OpenDocument
from pdfbatch.processor import BatchProcessor
from pdfbatch.retry import backoff_seconds, call
from pdfbatch.settings import Extraction, RetryPolicy
from pdfbatch.testing import plain_document

POLICY = RetryPolicy(attempts=5, backoff_seconds=1.0, max_backoff_seconds=8.0)


@dataclass
class Trouble:
    """A call that fails so many times, and a clock that only its waits move."""

    times: int
    transient: bool = True
    calls: int = 0
    waits: list[float] = field(default_factory=list[float])

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.times:
            raise DocumentError("busy", cause=Cause.STORAGE_UNAVAILABLE, transient=self.transient)
        return "done"


def test_what_may_pass_is_tried_until_it_passes() -> None:
    trouble = Trouble(times=4)
    assert call(trouble, POLICY, sleep=trouble.waits.append) == "done"
    assert (trouble.calls, len(trouble.waits)) == (5, 4)


def test_no_more_tries_are_made_than_allowed_and_the_last_error_is_raised() -> None:
    trouble = Trouble(times=100)
    with pytest.raises(DocumentError, match="busy"):
        call(trouble, POLICY, sleep=trouble.waits.append)
    assert trouble.calls == POLICY.attempts


def test_what_will_not_pass_is_tried_once() -> None:
    trouble = Trouble(times=1, transient=False)
    with pytest.raises(DocumentError):
        call(trouble, POLICY, sleep=trouble.waits.append)
    assert (trouble.calls, trouble.waits) == (1, [])


def test_another_error_is_not_tried_again() -> None:
    calls = itertools.count()

    def broken() -> None:
        next(calls)
        raise KeyError("a defect")

    with pytest.raises(KeyError):
        call(broken, POLICY, sleep=lambda _: None)
    assert next(calls) == 1


def test_no_wait_goes_beyond_the_budget() -> None:
    trouble = Trouble(times=100)
    policy = replace(POLICY, attempts=1000, backoff_seconds=60.0, max_backoff_seconds=60.0)
    with pytest.raises(DocumentError):
        call(trouble, policy, budget_seconds=5, sleep=trouble.waits.append)
    assert all(wait <= 5 for wait in trouble.waits)
    assert trouble.calls < 1000


@pytest.mark.parametrize(("attempt", "most"), [(1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (9, 8.0)])
def test_waits_are_spread_over_the_whole_of_a_growing_span(attempt: int, most: float) -> None:
    waits = [backoff_seconds(POLICY, attempt) for _ in range(1000)]
    assert 0 <= min(waits) < 0.1 * most
    assert 0.9 * most < max(waits) <= most


def test_documents_that_fail_together_do_not_come_back_together() -> None:
    due = Counter(int(backoff_seconds(RetryPolicy(backoff_seconds=20.0), 1)) for _ in range(1000))
    assert max(due.values()) <= 2 * 1000 / 20


@dataclass(frozen=True)
class FailingEngine:
    """Opens nothing, for a reason that may pass or not; notes each try."""

    transient: bool
    opened: list[str]
    name = "failing"
    version = "1"

    def open(
        self, source: str | bytes, *, password: str | None = None, annotations: bool = True
    ) -> AbstractContextManager[OpenDocument]:
        assert isinstance(source, str)
        self.opened.append(source)
        raise DocumentError(f"{source}: not now", cause=Cause.STORAGE_NOT_FOUND, transient=self.transient)


@pytest.mark.parametrize(("transient", "tries"), [(True, 3), (False, 1)])
def test_each_document_of_a_batch_is_tried_exactly_as_often_as_its_cause_allows(
    transient: bool, tries: int, tmp_path: Path
) -> None:
    paths = [tmp_path / f"{number}.pdf" for number in range(20)]
    for path in paths:
        path.write_bytes(plain_document(path.name))
    engine = FailingEngine(transient, [])
    policy = RetryPolicy(attempts=3, backoff_seconds=0.001, max_backoff_seconds=0.002)
    report = BatchProcessor(
        executor=ThreadExecutor(workers=2), engine=engine, extraction=Extraction(ocr="never"), retry=policy
    ).run([str(path) for path in paths])
    assert report.failed == len(paths)
    assert Counter(engine.opened) == {str(path): tries for path in paths}
    assert {result.attempts for result in report.results} == {tries}
