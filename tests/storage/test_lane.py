"""The short way of small S3 objects into the spool: how many requests it makes, and what happens when it is closed."""

import gc
import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from pdfbatch.errors import Cause
from pdfbatch.executors.futures import FuturesExecutor
from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.executors.thread import ThreadExecutor
from pdfbatch.ports import Shared
from pdfbatch.processor import BatchProcessor
from pdfbatch.report import BatchReport
from pdfbatch.samples import tiny_pdf
from pdfbatch.settings import Extraction, Limits
from pdfbatch.storage import Storage
from pdfbatch.storage.documents import fingerprint
from pdfbatch.storage.lane import SMALL_BYTES
from pdfbatch.storage.remote_documents import RemoteDocument
from pdfbatch.testing.servers import S3_SECRET, Bucket, FaultProxy, RequestFaults, s3_options

pytest.importorskip("s3fs")


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """When a batch is over, its threads end, whatever was under way."""
    yield
    deadline = time.monotonic() + 5
    while left := [thread.name for thread in threading.enumerate() if thread.name.startswith("pdfbatch-fetch")]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def processor(output: Storage | None = None) -> BatchProcessor:
    """Two processes, without OCR."""
    return BatchProcessor(
        executor=ProcessExecutor(workers=2), storage=output, extraction=Extraction(ocr="never"), deduplicate=False
    )


def run(bucket: Bucket, proxy: FaultProxy, limits: Limits = Limits()) -> BatchReport:
    """A batch of all that is in the bucket, through the proxy."""
    return replace(processor(), limits=limits).run([(f"{bucket.url}/in/", s3_options(proxy.server_port))])


def bodies(proxy: FaultProxy) -> list[str]:
    """The paths of documents that were asked for."""
    return [path for method, path in proxy.requests if method == "GET" and ".pdf" in path]


def clients(proxy: FaultProxy) -> list[object]:
    """The file systems of this process that lead to the proxy; fsspec keeps those that it makes."""
    import s3fs  # pyright: ignore[reportMissingTypeStubs]

    systems = (one for one in gc.get_objects() if isinstance(one, s3fs.S3FileSystem))
    return [one for one in systems if f":{proxy.server_port}" in str(one.storage_options)]


def test_each_listed_document_is_one_signed_request(bucket: Bucket, proxy: FaultProxy) -> None:
    bucket.fill(30)
    report = run(bucket, proxy)
    assert (report.successful, proxy.count("HEAD")) == (30, 0)
    assert len(bodies(proxy)) == 30
    assert all("X-Amz-Signature=" in path for path in bodies(proxy))


def test_names_of_all_kinds_are_found(bucket: Bucket, proxy: FaultProxy) -> None:
    names = ["a b.pdf", "ü+&=?#%.pdf", "sub/'quoted' (1).pdf", "100%25.pdf"]
    for number, name in enumerate(names):
        bucket.client.pipe_file(f"{bucket.url}/in/{name}", tiny_pdf(number))
    report = run(bucket, proxy)
    assert (report.successful, report.total_documents) == (len(names), len(names))
    assert len(bodies(proxy)) == len(names)


def test_a_list_of_urls_is_one_signed_request_each(bucket: Bucket, proxy: FaultProxy) -> None:
    options = s3_options(proxy.server_port)
    report = processor().run([(url, options) for url in bucket.fill(30)])
    assert (report.successful, proxy.count("HEAD"), len(proxy.requests)) == (30, 0, 30)
    assert all("X-Amz-Signature=" in path for path in bodies(proxy))


def test_options_that_are_alike_share_a_client(bucket: Bucket, proxy: FaultProxy) -> None:
    assert processor().run([(url, s3_options(proxy.server_port)) for url in bucket.fill(10)]).successful == 10
    assert len(clients(proxy)) == 1


def test_what_an_answer_tells_is_what_the_storage_says_when_it_is_asked(bucket: Bucket, proxy: FaultProxy) -> None:
    options = s3_options(proxy.server_port)
    (url,) = bucket.fill(1)
    (result,) = processor().run([(url, options)]).results
    assert proxy.count("HEAD") == 0
    assert result.fingerprint == str(fingerprint(RemoteDocument(url, options=options)))


def test_a_resumed_list_of_urls_costs_no_body(bucket: Bucket, proxy: FaultProxy, tmp_path: Path) -> None:
    documents = [(url, s3_options(proxy.server_port)) for url in bucket.fill(10)]
    assert processor(Storage(str(tmp_path))).run(documents).successful == 10
    assert len(bodies(proxy)) == 10
    report = processor(Storage(str(tmp_path))).run(documents, resume=True)
    assert (report.status.skipped, proxy.count("HEAD"), len(bodies(proxy))) == (10, 10, 10)


def test_missing_and_empty_objects_of_a_list_do_not_close_the_short_way(bucket: Bucket, proxy: FaultProxy) -> None:
    options = s3_options(proxy.server_port)
    bucket.client.pipe_file(f"{bucket.url}/in/empty.pdf", b"")
    bad = [f"{bucket.url}/in/missing-{number}.pdf" for number in range(12)] + [f"{bucket.url}/in/empty.pdf"]
    documents = iter([(url, options) for url in (*bad, *bucket.fill(200))])
    report = processor().run(documents)
    assert (report.successful, report.failed) == (200, 13)
    found = Counter(result.failure.cause for result in report.results if result.failure is not None)
    assert found == {Cause.STORAGE_NOT_FOUND: 12, Cause.EMPTY_INPUT: 1}
    assert sum("X-Amz-Signature=" in path for path in bodies(proxy)) == 213


def test_a_document_that_is_not_small_takes_the_long_way(bucket: Bucket, proxy: FaultProxy) -> None:
    bucket.client.pipe_file(f"{bucket.url}/in/large.pdf", tiny_pdf(1) + b"%" * SMALL_BYTES + b"\n")
    (result,) = processor().run([(f"{bucket.url}/in/large.pdf", s3_options(proxy.server_port))]).results
    assert result.ok
    assert (proxy.count("HEAD"), len(bodies(proxy))) == (1, 2)


def test_a_list_of_urls_gets_through_a_bad_network(bucket: Bucket, proxy: FaultProxy) -> None:
    options = s3_options(proxy.server_port)
    documents = [(url, options) for url in bucket.fill(40)]
    proxy.faults = RequestFaults(seed=5, slow_down=0.2, reset=0.1, truncate=0.1)
    report = processor().run(documents)
    assert (report.successful, report.failed) == (40, 0)
    assert sum(result.attempts > 1 for result in report.results) > 0


def test_a_document_beyond_the_limit_is_not_asked_for(bucket: Bucket, proxy: FaultProxy) -> None:
    bucket.fill(3)
    report = run(bucket, proxy, Limits(max_file_bytes=100))
    assert (report.failed, bodies(proxy)) == (3, [])


def test_what_fails_there_is_asked_for_once_more_by_the_long_way(bucket: Bucket, proxy: FaultProxy) -> None:
    bucket.fill(30)
    proxy.faults = RequestFaults(seed=5, slow_down=0.2, reset=0.1, truncate=0.1)
    report = run(bucket, proxy)
    assert (report.successful, report.failed) == (30, 0)
    assert len(bodies(proxy)) > 30


def test_a_bad_network_is_met_by_one_client(bucket: Bucket, proxy: FaultProxy) -> None:
    bucket.fill(60)
    proxy.faults = RequestFaults(seed=5, slow_down=0.3, reset=0.2)
    assert run(bucket, proxy).successful == 60
    assert len(bodies(proxy)) > 60
    assert len(clients(proxy)) == 1


def test_credentials_that_are_refused_cost_two_requests_a_document(bucket: Bucket, proxy: FaultProxy) -> None:
    bucket.fill(40)
    processor = BatchProcessor(executor=ThreadExecutor(workers=2), extraction=Extraction(ocr="never"))
    results = processor.stream([(f"{bucket.url}/in/", s3_options(proxy.server_port))])  # lists
    proxy.faults = RequestFaults(expired=1.0)
    ended = list(results)
    assert not any(result.ok for result in ended)
    assert len(bodies(proxy)) <= 2 * 40


def test_a_batch_that_is_closed_leaves_the_short_way_at_once(bucket: Bucket, proxy: FaultProxy) -> None:
    bucket.fill(20)
    processor = BatchProcessor(executor=ThreadExecutor(workers=2), extraction=Extraction(ocr="never"))
    results = processor.stream(["missing-on-this-disk.pdf", (f"{bucket.url}/in/", s3_options(proxy.server_port))])
    proxy.faults = RequestFaults(silence=1.0)
    assert next(results).document.file_path == "missing-on-this-disk.pdf"
    begun = time.monotonic()
    results.close()
    assert time.monotonic() - begun < 20


class ElsewhereExecutor(FuturesExecutor):
    """One whose workers might be on other machines."""

    @property
    def shares(self) -> Shared:
        """Nothing."""
        return Shared.NOTHING


def test_workers_elsewhere_fetch_for_themselves(bucket: Bucket, proxy: FaultProxy) -> None:
    bucket.fill(6)
    with ThreadPoolExecutor(2) as threads:
        processor = BatchProcessor(executor=ElsewhereExecutor(threads, workers=2), extraction=Extraction(ocr="never"))
        report = processor.run([(f"{bucket.url}/in/", s3_options(proxy.server_port))])
    assert (report.successful, len(bodies(proxy))) == (6, 6)
    assert not any("Signature" in path for path in bodies(proxy)), "something was fetched ahead"


def test_no_signature_is_in_a_log(bucket: Bucket, proxy: FaultProxy, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="pdfbatch")
    bucket.fill(10)
    proxy.faults = RequestFaults(seed=5, slow_down=0.3)
    assert run(bucket, proxy).failed == 0
    assert "Signature" not in caplog.text
    assert S3_SECRET not in caplog.text
