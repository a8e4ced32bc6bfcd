"""What stops a batch, and what does not: faults of documents, of places and of the output; the rate of failures."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pdfbatch.batch.breaker import DENIED_AT_FIRST, Breaker, place_of
from pdfbatch.batch.failure_log import FailureLog
from pdfbatch.batch.progress import ProgressTracker
from pdfbatch.errors import Cause
from pdfbatch.executors.sequential import SequentialExecutor
from pdfbatch.model import Document, DocumentResult, DocumentStatus, Failure
from pdfbatch.processor import BatchProcessor
from pdfbatch.report import BatchState, BatchStatus
from pdfbatch.settings import Extraction
from pdfbatch.storage import Storage
from pdfbatch.testing import PlainEngine, plain_document

GOOD = DocumentStatus.SUCCEEDED


def ended(path: str, cause: Cause | None = None, reason: str = "Forbidden") -> DocumentResult:
    failure = None if cause is None else Failure(cause=cause, message=f"{path}: access denied ({reason})")
    return DocumentResult(
        document=Document(path), status=GOOD if cause is None else DocumentStatus.FAILED, failure=failure
    )


def reason_after(results: Iterator[DocumentResult], breaker: Breaker) -> str | None:
    for result in results:
        breaker.add(result, workers=2)
        if reason := breaker.find_reason():
            return reason
    return None


def denied(place: str, count: int, reason: str = "Forbidden") -> Iterator[DocumentResult]:
    return (ended(f"{place}/{number}.pdf", Cause.STORAGE_DENIED, reason) for number in range(count))


@pytest.mark.parametrize("place", ["https://host", "s3://bucket", "/folder"])
def test_denied_documents_stop_nothing_once_their_place_has_given_one(place: str) -> None:
    breaker = Breaker()
    breaker.add(ended(f"{place}/good.pdf"), workers=2)
    assert reason_after(denied(place, 1000), breaker) is None


def test_forty_denied_documents_at_first_stop_nothing() -> None:
    assert reason_after(denied("https://host", 40), Breaker()) is None


def test_a_place_that_denies_all_stops_the_batch_but_not_the_next_one_that_resumes() -> None:
    reason = reason_after(denied("https://host", 1000), Breaker())
    assert reason is not None
    assert f"https://host denied all of the first {DENIED_AT_FIRST} documents" in reason
    assert reason_after(denied("https://host", 1000), Breaker(is_resumed=True)) is None


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidAccessKeyId", "SignatureDoesNotMatch"])
def test_credentials_that_are_refused_stop_the_batch_at_once_also_in_the_middle(code: str) -> None:
    breaker = Breaker(is_resumed=True)
    breaker.add(ended("s3://bucket/good.pdf"), workers=2)
    reason = reason_after(denied("s3://bucket", 4, f"ClientError: An error occurred ({code}) when calling"), breaker)
    assert reason is not None
    assert "s3://bucket refused the credentials" in reason


def test_a_name_that_looks_like_a_code_is_no_code() -> None:
    assert reason_after(denied("s3://bucket/ExpiredToken", 50), Breaker()) is None


@pytest.mark.parametrize("cause", [Cause.STORAGE_FULL, Cause.STORAGE_DENIED])
def test_an_output_that_takes_nothing_stops_the_batch(cause: Cause) -> None:
    breaker = Breaker(output="/out")
    breaker.add(ended("/in/good.pdf"), workers=2)
    failure = Failure(cause=cause, message="/out/key.txt: access denied (Permission denied)")
    lost = [replace(ended(f"/in/{number}.pdf", cause), failure=failure) for number in range(4)]
    assert reason_after(iter(lost[:3]), breaker) is None
    assert reason_after(iter(lost[3:]), breaker) is not None


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("s3://bucket/a/b.pdf", "s3://bucket"),
        ("https://user:secret@host:8443/a.pdf?x=1", "https://host:8443"),
        ("zip://inside.pdf::s3://bucket/all.zip", "s3://bucket"),
        ("a.pdf", "this machine"),
        ("file:///a.pdf", "this machine"),
    ],
)
def test_a_place_is_what_credentials_belong_to(path: str, place: str) -> None:
    assert place_of(Document(path)) == place


# --- the rate of failures ------------------------------------------------------------------------------------------------


def processor(output: Path | None = None) -> BatchProcessor:
    return BatchProcessor(
        executor=SequentialExecutor(),
        engine=PlainEngine(),
        extraction=Extraction(ocr="never"),
        storage=None if output is None else Storage(str(output), durability="none"),
    )


def pile(folder: Path, good: int, bad: int) -> list[str]:
    folder.mkdir()
    for number in range(good + bad):
        (folder / f"{number:03d}.pdf").write_bytes(
            plain_document(f"{folder.name} {number}") if number < good else b"\xff\xfe"
        )
    return sorted(map(str, folder.iterdir()))


@pytest.mark.parametrize(
    ("good", "bad", "rate", "state"),
    [
        (0, 15, 0.05, BatchState.FAILED),
        (10, 2, 0.1, BatchState.FAILED),
        (10, 2, 0.0, BatchState.FAILED),
        (9, 1, 0.1, BatchState.COMPLETED),
        (3, 0, 0.0, BatchState.COMPLETED),
        (0, 3, 1.0, BatchState.COMPLETED),
        (0, 3, None, BatchState.COMPLETED),
    ],
)
def test_the_rate_of_failures_counts_at_the_end_however_few_they_are(
    tmp_path: Path, good: int, bad: int, rate: float | None, state: BatchState
) -> None:
    report = processor().run(pile(tmp_path / "in", good, bad), max_failure_rate=rate)
    assert (report.status.state, bool(report.stop_reason)) == (state, state is BatchState.FAILED)
    assert report.processed == good + bad


def test_a_failed_result_without_a_failure_counts_as_internal() -> None:
    progress = ProgressTracker(status=BatchStatus(batch_id="b"), results=None, batch_size=10)
    progress.add(DocumentResult(document=Document("a.pdf"), status=DocumentStatus.FAILED), 0)
    assert progress.report(None).failures_by_cause == {"internal": 1}


# --- the lists of failures -------------------------------------------------------------------------------------------------


def failures_in(path: Path) -> list[str]:
    return [Path(json.loads(line)["file_path"]).parent.name for line in path.read_bytes().splitlines()]


def test_the_failures_of_a_batch_stay_when_another_one_follows(tmp_path: Path) -> None:
    output = tmp_path / "out"
    processor(output).run(pile(tmp_path / "one", 1, 2), batch_id="First run")
    processor(output).run(pile(tmp_path / "two", 2, 0), batch_id="second")
    first, second = output / "batches/=46irst=20run", output / "batches/second"
    assert failures_in(first / "failures.jsonl") == ["one", "one"]
    assert failures_in(second / "failures.jsonl") == []
    report = json.loads((first / "report.json").read_bytes())
    assert (report["failed"], report["failure_lists"]) == (2, ["batches/=46irst=20run/failures.jsonl"])
    assert json.loads((output / "report.json").read_bytes())["batch_id"] == "second"


def test_a_long_list_of_failures_is_written_in_pieces(tmp_path: Path) -> None:
    output = Storage(str(tmp_path), durability="none")
    failures = FailureLog(output, "b")
    failure = Failure(cause=Cause.MALFORMED, message="x" * 100_000)
    for number in range(200):
        failures.add(
            DocumentResult(document=Document(f"/in/{number}.pdf"), status=DocumentStatus.FAILED, failure=failure)
        )
    for name, data in failures.take_rest():
        output.write(name, data)
    assert len(failures.names) == 3
    assert sum(len(failures_in(tmp_path / name)) for name in failures.names) == 200
    assert max(len(output.read(name)) for name in output.names()) <= 8 << 20
