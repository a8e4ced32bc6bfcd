"""A sink that records what it receives, and the contract of sinks."""

import time
import unittest
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from pdfbatch.errors import Cause
from pdfbatch.model import Document, DocumentResult, DocumentStatus, Failure, Page
from pdfbatch.ports import Sink
from pdfbatch.report import BatchState, BatchStatus
from pdfbatch.testing.probes import PATIENCE_SECONDS, list_companions, wait_until

_ODD_TEXTS = ("", "a\nERROR forged", "\x1b[2Jgone", "\udcff.pdf", "漢字 é", "[bold]%s{}%(x)s", "x" * 10_000)


@dataclass(slots=True)
class RecordingSink:
    """Records every status and every result in the order in which they come, and counts how often it was closed.

    ``error``, when given, is raised from every call, after it was recorded: a batch must go on.
    """

    error: Exception | None = None
    statuses: list[BatchStatus] = field(default_factory=list[BatchStatus])
    results: list[DocumentResult] = field(default_factory=list[DocumentResult])
    closed: int = 0

    def update(self, status: BatchStatus) -> None:
        """Record a snapshot."""
        self.statuses.append(status)
        self._raise()

    def document(self, result: DocumentResult) -> None:
        """Record a result."""
        self.results.append(result)
        self._raise()

    def close(self) -> None:
        """Count the end of a batch."""
        self.closed += 1
        self._raise()

    def _raise(self) -> None:
        if self.error is not None:
            raise self.error


class SinkContract:
    """The tests of a sink. Subclass it in a test module and say how to make the sink; pytest does the rest.

        class TestMySink(SinkContract):
            def make_sink(self) -> Sink:
                return MySink()

    Each test calls the sink as a batch does: ``update`` before the first document, ``document`` for each of them, ``update``
    at most four times a second, ``update`` with the state in which the batch ended, ``close``.
    """

    close_seconds: float = 5.0
    """How long ``close`` may take: the three seconds that it has, and two more for a busy machine."""

    def make_sink(self) -> Sink:
        """Return the sink under test."""
        raise NotImplementedError

    def make_unreachable_sink(self) -> Sink | None:
        """Return one of the same kind whose receiver does not answer; ``None`` if it has no receiver."""
        return None

    def read_last_state(self, sink: Sink, batch_id: str) -> str | None:
        """Return the state of a batch that a reader of the sink sees after ``close``; ``None`` if there is no reader."""
        del sink, batch_id
        return None

    def read_documents(self, sink: Sink) -> Sequence[str] | None:
        """Return the ids of the documents that a reader of the sink sees after ``close``, in their order there.

        Return ``None`` if there is no reader of documents.
        """
        del sink
        return None

    # --- a batch --------------------------------------------------------------------------------------------------

    def test_it_takes_a_batch_from_beginning_to_end(self) -> None:
        _run_batch(self.make_sink(), _documents())

    def test_it_takes_a_batch_without_documents(self) -> None:
        _run_batch(self.make_sink(), ())

    def test_it_takes_the_end_of_a_batch_in_every_state(self) -> None:
        for state in BatchState:
            if state.ended:
                _run_batch(self.make_sink(), _documents(), state=state)

    def test_it_takes_documents_and_batches_of_every_name(self) -> None:
        for text in _ODD_TEXTS:
            _run_batch(self.make_sink(), _documents(text), batch_id=text or "batch")

    def test_it_takes_a_batch_whose_size_is_not_known_at_first(self) -> None:
        sink = self.make_sink()
        for total in (0, 1, 2):
            sink.update(_status("batch", total_documents=total, successful=total))
        sink.update(_status("batch", state=BatchState.COMPLETED, total_documents=2, successful=2))
        sink.close()

    def test_the_last_snapshot_replaces_those_before_it(self) -> None:
        sink = self.make_sink()
        _run_batch(sink, _documents(), batch_id="first")
        state = self.read_last_state(sink, "first")
        if state is None:
            raise unittest.SkipTest("nobody reads its states")
        assert state == str(BatchState.COMPLETED), state

    def test_each_document_is_told_once_and_in_order(self) -> None:
        sink = self.make_sink()
        results = [result for number in range(20) for result in _documents(f"scan-{number}")]
        _run_batch(sink, results)
        seen = self.read_documents(sink)
        if seen is None:
            raise unittest.SkipTest("nobody reads its documents")
        expected = [result.document.document_uuid for result in results]
        assert sorted(seen) == sorted(expected), f"it was called with {len(expected)} documents and tells {len(seen)}"
        assert list(seen) == expected, "the documents are in another order than they came in"

    def test_it_serves_a_batch_in_another_thread_than_the_one_that_made_it(self) -> None:
        sink = self.make_sink()
        for _ in range(2):
            with ThreadPoolExecutor(1) as thread:
                thread.submit(_run_batch, sink, _documents()).result(PATIENCE_SECONDS)

    # --- its end --------------------------------------------------------------------------------------------------

    def test_closing_it_leaves_no_thread_and_no_child_process(self) -> None:
        _run_batch(self.make_sink(), _documents())  # what is shared by all sinks may start now, and stay
        before = list_companions()
        for _ in range(2):
            _run_batch(self.make_sink(), _documents())
        assert wait_until(lambda: list_companions() <= before, self.close_seconds), (
            f"left: {list_companions() - before}"
        )

    def test_it_serves_one_batch_after_another(self) -> None:
        sink = self.make_sink()
        for name in ("first", "second", "third"):
            _run_batch(sink, _documents(), batch_id=name)
        assert self.read_last_state(sink, "third") in (None, str(BatchState.COMPLETED))

    def test_it_can_be_closed_before_the_first_snapshot_and_twice(self) -> None:
        sink = self.make_sink()
        sink.close()
        _run_batch(sink, ())
        sink.close()

    def test_it_can_be_closed_while_the_batch_has_not_ended(self) -> None:
        sink = self.make_sink()
        sink.update(_status("batch"))
        sink.close()
        _run_batch(sink, ())

    def test_closing_it_takes_three_seconds_at_most(self) -> None:
        sink = self.make_sink()
        sink.update(_status("batch"))
        assert _seconds_to_close(sink) < self.close_seconds

    def test_a_receiver_that_does_not_answer_keeps_no_batch_waiting(self) -> None:
        sink = self.make_unreachable_sink()
        if sink is None:
            raise unittest.SkipTest("it has no receiver")
        started = time.monotonic()
        for number in range(20):
            sink.update(_status("batch", total_documents=20, successful=number))
            sink.document(_documents()[0])
        assert time.monotonic() - started < self.close_seconds, "a call waits for the receiver"
        assert _seconds_to_close(sink) < self.close_seconds


def _run_batch(
    sink: Sink,
    results: Sequence[DocumentResult],
    *,
    batch_id: str = "batch",
    state: BatchState = BatchState.COMPLETED,
) -> None:
    """Call a sink as a batch with these results does."""
    status = _status(batch_id, total_documents=len(results))
    sink.update(replace(status, state=BatchState.PENDING))
    for result in results:
        status = replace(
            status,
            successful=status.successful + result.ok,
            failed=status.failed + (not result.ok),
            elapsed_seconds=9.0,
        )
        sink.document(result)
        sink.update(status)
    sink.update(replace(status, state=state))
    sink.close()


def _status(batch_id: str, **values: object) -> BatchStatus:
    started = BatchStatus(
        batch_id=batch_id,
        project_uuid="project",
        executor="process",
        workers=2,
        state=BatchState.PROCESSING,
        started_at=1_800_000_000.0,
        updated_at=1_800_000_009.0,
    )
    return replace(started, **values)  # type: ignore[arg-type]  # names and types are those of the class


def _documents(text: str = "scan") -> Sequence[DocumentResult]:
    """Return a result of each status, for documents that are called by ``text``."""
    failure = Failure(cause=Cause.MALFORMED, message=f"{text}: it is broken")
    made = [
        DocumentResult(
            document=Document(f"{text}-{status}.pdf", f"{text}-{status}", metadata={"text": text}),
            status=status,
            pages=() if status is DocumentStatus.FAILED else (Page(number=1, text=text),),
            failure=failure if status is DocumentStatus.FAILED else None,
        )
        for status in DocumentStatus
    ]
    return (*made, DocumentResult(document=Document(text), status=DocumentStatus.FAILED, failure=failure))


def _seconds_to_close(sink: Sink) -> float:
    started = time.monotonic()
    sink.close()
    return time.monotonic() - started
