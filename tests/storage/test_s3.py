"""Batches from and to a real S3 server, straight and through a proxy that injects faults."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pdfbatch.errors import Cause, DocumentError, InputError, OutputError
from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.executors.thread import ThreadExecutor
from pdfbatch.inputs.name_list import NameList
from pdfbatch.inputs.sources import documents_from
from pdfbatch.model import Document, DocumentStatus
from pdfbatch.processor import BatchProcessor
from pdfbatch.report import BatchReport
from pdfbatch.samples import tiny_pdf
from pdfbatch.settings import Extraction, Limits, RetryPolicy
from pdfbatch.storage import Storage
from pdfbatch.storage.documents import fingerprint, read_document
from pdfbatch.storage.remote_documents import RemoteDocument, listed_fingerprint
from pdfbatch.testing.servers import (
    Bucket,
    FaultProxy,
    RequestFault,
    RequestFaults,
    S3Server,
    s3_filesystem,
    s3_options,
)

pytest.importorskip("s3fs")
LONG = os.environ.get("PDFBATCH_GATES") == "long"
IMPATIENT = RetryPolicy(attempts=9, backoff_seconds=0.01, max_backoff_seconds=0.1)


def run(inputs: Any, output: Storage | None = None, **options: Any) -> BatchReport:
    """A batch without OCR, in a thread unless processes are asked for: each of these loads the libraries of S3."""
    workers = options.pop("workers", 0)
    executor = options.pop("executor", None) or (
        ProcessExecutor(workers=workers) if workers else ThreadExecutor(workers=1)
    )
    processor = BatchProcessor(
        executor=executor,
        storage=output,
        extraction=Extraction(ocr="never"),
        limits=options.pop("limits", Limits()),
        retry=options.pop("retry", RetryPolicy()),
    )
    return processor.run(inputs, **options)


def causes(report: BatchReport) -> Counter[Cause]:
    """How often each cause of failure came."""
    return Counter(result.failure.cause for result in report.results if result.failure is not None)


# --- straight -----------------------------------------------------------------------------------------------------


def test_a_prefix_becomes_text_under_another_prefix(bucket: Bucket) -> None:
    bucket.fill(12)
    output = Storage(f"{bucket.url}/out", bucket.server.options)
    report = run([(f"{bucket.url}/in/", bucket.server.options)], output, workers=2)
    assert (report.successful, report.failed) == (12, 0), [one.failure for one in report.results if one.failure]
    written = Counter(name.rpartition(".")[2] for name in bucket.names("out"))
    assert (written["txt"], {"report.json", "failures.jsonl"} <= set(bucket.names("out"))) == (12, True)
    assert all(result.text for result in report.results)


def test_a_ready_file_system_leads_to_its_documents(bucket: Bucket, proxy: FaultProxy) -> None:
    bucket.fill(4)
    ready = s3_filesystem(s3_options(proxy.server_port))
    proxy.faults = RequestFaults(seed=2, slow_down=0.2)
    for inputs, executor in (
        (f"{bucket.url}/in/", ProcessExecutor(workers=1)),
        (f"{bucket.name}/in", ThreadExecutor(workers=1)),
        (f"{bucket.url}/in/*.pdf", ThreadExecutor(workers=1)),
    ):
        output = Storage(f"{bucket.name}/out", filesystem=ready, retry=IMPATIENT)
        report = run([(inputs, ready)], output, retry=IMPATIENT, executor=executor)
        assert (report.successful, report.failed) == (4, 0)
        assert all(result.document.file_path.startswith(f"{bucket.url}/in/") for result in report.results)


def test_a_ready_file_system_has_no_repetitions_of_its_own(bucket: Bucket, proxy: FaultProxy) -> None:
    urls = bucket.fill(1)
    ready = s3_filesystem(s3_options(proxy.server_port))
    proxy.faults = RequestFaults(slow_down=1.0)
    (document,) = documents_from([(urls[0], ready)])
    with pytest.raises(DocumentError):
        read_document(document, retry=IMPATIENT)
    assert (len(proxy.requests), ready.retries) == (9, 5)


def test_a_pattern_takes_what_it_matches(bucket: Bucket) -> None:
    bucket.fill(12)
    bucket.client.pipe_file(f"{bucket.url}/in/notes.txt", b"no PDF")
    report = run([(f"{bucket.url}/in/00*.pdf", bucket.server.options)])
    assert (report.total_documents, report.successful) == (10, 10)


def test_a_wrong_secret_for_the_output_is_told_before_any_work(bucket: Bucket) -> None:
    options = s3_options(bucket.server.port, secret="wrong")
    with pytest.raises(OutputError, match="access denied") as caught:
        run([f"{bucket.url}/in/unseen.pdf"], Storage(f"{bucket.url}/out", options))
    assert "wrong" not in str(caught.value)


def test_a_wrong_secret_for_a_prefix_is_told_before_any_work(bucket: Bucket) -> None:
    with pytest.raises(InputError, match="access denied"):
        run([(f"{bucket.url}/in/", s3_options(bucket.server.port, secret="wrong"))])


def test_a_wrong_secret_for_documents_is_storage_denied(bucket: Bucket) -> None:
    (url,) = bucket.fill(1)
    report = run([(url, s3_options(bucket.server.port, secret="wrong"))])
    assert causes(report) == {Cause.STORAGE_DENIED: 1}


def test_a_missing_bucket_is_told_before_any_work(s3_server: S3Server) -> None:
    with pytest.raises(OutputError, match="no-such-bucket"):
        Storage("s3://no-such-bucket/out", s3_server.options).check()


def test_documents_that_are_not_there_fail_alone(bucket: Bucket) -> None:
    urls = [*bucket.fill(3), f"{bucket.url}/in/gone.pdf"]
    report = run([(url, bucket.server.options) for url in urls])
    assert (report.successful, causes(report)) == (3, {Cause.STORAGE_NOT_FOUND: 1})


def test_a_second_run_skips_what_the_first_finished(bucket: Bucket) -> None:
    bucket.fill(6)
    inputs, output = [(f"{bucket.url}/in/", bucket.server.options)], Storage(f"{bucket.url}/out", bucket.server.options)
    run(inputs, output)
    bucket.client.pipe_file(f"{bucket.url}/in/003.pdf", tiny_pdf(99))
    report = run(inputs, output, resume=True)
    assert Counter(result.status for result in report.results) == {
        DocumentStatus.SKIPPED: 5,
        DocumentStatus.SUCCEEDED: 1,
    }


def test_a_listing_is_never_stale(bucket: Bucket) -> None:
    storage = Storage(f"{bucket.url}/out", bucket.server.options)
    for number in range(20):
        bucket.client.pipe_file(f"{bucket.url}/out/{number}.txt", b"1")
        assert f"{number}.txt" in set(storage.names())
        bucket.client.rm_file(f"{bucket.url}/out/{number}.txt")
        assert f"{number}.txt" not in set(storage.names())


def test_threads_share_a_storage(bucket: Bucket) -> None:
    bucket.fill(40)
    processor = BatchProcessor(
        executor=ThreadExecutor(workers=8),
        storage=Storage(f"{bucket.url}/out", bucket.server.options),
        extraction=Extraction(ocr="never"),
    )
    assert processor.run([(f"{bucket.url}/in/", bucket.server.options)]).successful == 40


# --- size ---------------------------------------------------------------------------------------------------------


def test_of_a_document_that_is_too_large_no_body_is_asked_for(bucket: Bucket, proxy: FaultProxy) -> None:
    bucket.client.pipe_file(f"{bucket.url}/in/large.pdf", bytes(3_000_000))
    url = f"{bucket.url}/in/large.pdf"
    report = run([(url, s3_options(proxy.server_port))], limits=Limits(max_file_bytes=1_000_000))
    assert causes(report) == {Cause.LIMIT_BYTES: 1}
    assert proxy.count("GET") == 0


def test_a_document_is_asked_for_once(bucket: Bucket, proxy: FaultProxy) -> None:
    urls = bucket.fill(10)
    report = run([(url, s3_options(proxy.server_port)) for url in urls])
    assert (report.successful, proxy.count("HEAD"), proxy.count("GET")) == (10, 0, 10)


def test_a_list_costs_what_its_prefix_costs_whether_it_is_new_or_finished(
    bucket: Bucket, proxy: FaultProxy, tmp_path: Path
) -> None:
    urls, options = bucket.fill(60), s3_options(proxy.server_port)
    pile = tmp_path / "list"
    pile.write_text("".join(f"{url}\n" for url in reversed(urls)))
    asked = dict[str, list[int]]()
    for name, inputs in (("list", NameList(pile, options=options)), ("prefix", (f"{bucket.url}/in/", options))):
        for expected in ("successful", "skipped"):
            proxy.requests.clear()
            report = run([inputs], Storage(tmp_path / f"of-{name}", durability="none"), resume=True)
            assert getattr(report.status, expected) == 60
            asked.setdefault(name, []).append(len(proxy.requests))
    new, finished = asked["list"]
    assert new <= asked["prefix"][0] + 1
    assert finished <= 12, "finished documents are asked for one by one"
    bucket.client.pipe_file(urls[30], tiny_pdf(30) + b"\n%longer\n")
    again = run([NameList(pile, options=options)], Storage(tmp_path / "of-list", durability="none"), resume=True)
    assert (again.status.skipped, again.successful) == (59, 60)


def test_documents_of_a_listing_are_not_asked_for_their_size(bucket: Bucket, proxy: FaultProxy) -> None:
    bucket.fill(10)
    report = run([(f"{bucket.url}/in/", s3_options(proxy.server_port))])
    bodies = [path for method, path in proxy.requests if method == "GET" and "/in/" in path]
    assert (report.successful, proxy.count("HEAD"), len(bodies)) == (10, 0, 10)


def test_a_listing_tells_the_version_that_the_storage_tells(bucket: Bucket) -> None:
    (url,) = bucket.fill(1)
    (document,) = documents_from([(f"{bucket.url}/in/", bucket.server.options)])
    assert listed_fingerprint(document) == fingerprint(RemoteDocument(url, options=bucket.server.options))


def test_a_document_that_changed_since_it_was_listed_is_read_as_it_is(bucket: Bucket) -> None:
    bucket.fill(1)
    (document,) = documents_from([(f"{bucket.url}/in/", bucket.server.options)])
    bucket.client.pipe_file(f"{bucket.url}/in/000.pdf", tiny_pdf(0) + b"\n%longer\n")
    (result,) = run([document]).results
    assert (result.ok, result.attempts > 1) == (True, True)


def test_a_large_document_comes_in_ranges(bucket: Bucket, proxy: FaultProxy) -> None:
    data = os.urandom(40_000_000)
    bucket.client.pipe_file(f"{bucket.url}/in/large.pdf", data)
    document = RemoteDocument(f"{bucket.url}/in/large.pdf", options=s3_options(proxy.server_port))
    assert read_document(document).data == data
    # one asks for its version, and might have been the only one; at the end, whether it has changed
    assert (proxy.count("GET"), proxy.count("HEAD")) == (4, 1)


# --- faults -------------------------------------------------------------------------------------------------------


def test_a_busy_server_and_a_bad_network_cost_no_document(bucket: Bucket, proxy: FaultProxy) -> None:
    count = 500 if LONG else 60
    bucket.fill(count)
    proxy.faults = RequestFaults(seed=7, slow_down=0.2, reset=0.1)
    options = s3_options(proxy.server_port)
    output = Storage(f"{bucket.url}/out", options, retry=IMPATIENT)
    report = run([(f"{bucket.url}/in/", options)], output, workers=2)
    assert (report.successful, report.failed) == (count, 0), [result.failure for result in report.results]
    # three of ten requests fail; of one for a document and three for its outputs that is one and a half
    repeated = sum(result.attempts - 1 for result in report.results)
    assert repeated == report.status.retries
    assert count / 2 < repeated < len(proxy.requests)
    assert len({result.document.document_uuid for result in report.results}) == len(report.results) == count
    assert sum(name.endswith(".txt") for name in bucket.names("out")) == count


def test_no_upload_is_left_unfinished(bucket: Bucket, proxy: FaultProxy) -> None:
    proxy.faults = RequestFaults(seed=3, slow_down=0.3, reset=0.2)
    storage = Storage(f"{bucket.url}/out", s3_options(proxy.server_port), retry=IMPATIENT)
    for number in range(4):
        storage.write(f"{number}.txt", bytes(20_000_000))
    assert proxy.count("POST") == 0
    assert bucket.server.count_unfinished_uploads(bucket.name) == 0


class CutAtFirst(RequestFaults):
    """Cuts the first body of each path: names of buckets are drawn, so that a share might meet none of them."""

    def choose(self, method: str, path: str, number: int) -> RequestFault:
        """Decide by the number alone."""
        return "truncate" if number == 1 and method == "GET" else ""


def test_a_truncated_body_is_fetched_again(bucket: Bucket, proxy: FaultProxy) -> None:
    urls = bucket.fill(10)
    proxy.faults = CutAtFirst()
    options = s3_options(proxy.server_port)
    documents = [RemoteDocument(url, options=options) for url in urls]
    data = [read_document(document, retry=IMPATIENT).data for document in documents]
    assert data == [tiny_pdf(number) for number in range(10)]
    assert proxy.count("GET") == 20


def test_a_server_that_stays_busy_is_asked_ten_times_at_most(bucket: Bucket, proxy: FaultProxy) -> None:
    urls = bucket.fill(1)
    proxy.faults = RequestFaults(slow_down=1.0)
    document = RemoteDocument(urls[0], options=s3_options(proxy.server_port))
    with pytest.raises(DocumentError) as caught:
        read_document(document, retry=IMPATIENT)
    assert (caught.value.cause, caught.value.transient) == (Cause.STORAGE_UNAVAILABLE, True)
    assert len(proxy.requests) == 9


@pytest.mark.parametrize("faults", [RequestFaults(silence=1.0), RequestFaults(trickle=1.0)], ids=["silence", "trickle"])
def test_a_server_that_does_not_come_to_an_end_is_given_up(
    bucket: Bucket, proxy: FaultProxy, faults: RequestFaults
) -> None:
    url = f"{bucket.url}/in/slow.pdf"
    bucket.client.pipe_file(url, bytes(5000))
    proxy.faults = faults
    document = RemoteDocument(url, options=s3_options(proxy.server_port))
    begun = time.monotonic()
    with pytest.raises(DocumentError) as caught:
        read_document(document, retry=IMPATIENT, seconds=1.5)
    assert caught.value.cause is Cause.STORAGE_UNAVAILABLE
    assert time.monotonic() - begun < 40  # soon: the trickle lasts two minutes, and the silence for ever


def test_the_deadline_of_storage_calls_is_a_setting(bucket: Bucket, proxy: FaultProxy) -> None:
    (url,) = bucket.fill(1)
    proxy.faults = RequestFaults(silence=1.0)
    begun = time.monotonic()
    report = run([(url, s3_options(proxy.server_port))], limits=Limits(storage_timeout=0.5))
    (failure,) = (result.failure for result in report.results)
    assert failure is not None
    assert failure.cause is Cause.STORAGE_UNAVAILABLE
    assert time.monotonic() - begun < 40  # without the setting it is given up after 60 s


def test_a_write_to_a_silent_server_is_given_up(bucket: Bucket, proxy: FaultProxy) -> None:
    proxy.faults = RequestFaults(silence=1.0)
    storage = Storage(f"{bucket.url}/out", s3_options(proxy.server_port), seconds=1.5)
    with pytest.raises(DocumentError) as caught:
        storage.write("a.txt", b"x")
    assert (caught.value.cause, caught.value.transient) == (Cause.STORAGE_UNAVAILABLE, True)


def test_an_expired_token_is_called_so_and_not_tried_again(bucket: Bucket, proxy: FaultProxy) -> None:
    (url,) = bucket.fill(1)
    proxy.faults = RequestFaults(expired=1.0)
    storage = Storage(f"{bucket.url}/out", s3_options(proxy.server_port))
    with pytest.raises(DocumentError, match=r"access denied.*token has expired") as caught:
        storage.write("a.txt", b"x")
    assert caught.value.cause is Cause.STORAGE_DENIED
    with pytest.raises(DocumentError, match=r"access denied.*expired") as caught:
        read_document(RemoteDocument(url, options=s3_options(proxy.server_port)))
    assert (caught.value.cause, [method for method, _ in proxy.requests]) == (Cause.STORAGE_DENIED, ["PUT", "GET"])


def test_credentials_that_expire_stop_the_batch_and_lose_nothing(bucket: Bucket, proxy: FaultProxy) -> None:
    bucket.fill(60)
    options = s3_options(proxy.server_port)
    output = Storage(f"{bucket.url}/out", bucket.server.options)
    documents = [(f"{bucket.url}/in/{number:03}.pdf", options) for number in range(60)]
    proxy.faults = RequestFaults(expired=1.0)
    stopped = run(documents, output, workers=2)
    assert stopped.stop_reason
    assert len(proxy.requests) <= 3 * 60  # a short GET; a HEAD, after which botocore asks for the bucket's region
    proxy.faults = RequestFaults()
    assert run(documents, output, resume=True).successful == 60


def test_a_killed_writer_leaves_whole_objects_or_none(bucket: Bucket) -> None:
    code = (
        "import json, sys; from pdfbatch.storage import Storage; s = Storage(sys.argv[1], json.loads(sys.argv[2]))\n"
        "for n in range(10**6): s.write(f'{n:06}.txt', bytes([n % 256]) * 3_000_000); print(n, flush=True)"
    )
    for kill in range(3):
        folder = f"killed-{kill}"
        command = [sys.executable, "-c", code, f"{bucket.url}/{folder}", json.dumps(bucket.server.options)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            for _ in range(kill + 2):
                writer.stdout.readline()
            writer.kill()
        for name in bucket.names(folder):
            data = bucket.client.cat_file(f"{bucket.url}/{folder}/{name}")
            assert data == bytes([int(name[:6]) % 256]) * 3_000_000
    assert bucket.server.count_unfinished_uploads(bucket.name) == 0


def test_a_batch_that_is_cancelled_does_not_wait_for_a_silent_server(bucket: Bucket, proxy: FaultProxy) -> None:
    urls = bucket.fill(30)
    proxy.faults = RequestFaults(silence=1.0)
    quick = [
        Document("missing-on-this-disk.pdf"),
        *(RemoteDocument(u, options=s3_options(proxy.server_port)) for u in urls),
    ]
    results = BatchProcessor(executor=ThreadExecutor(workers=2), extraction=Extraction(ocr="never")).stream(quick)
    assert next(results).document.file_path == "missing-on-this-disk.pdf"
    begun = time.monotonic()
    results.close()
    assert time.monotonic() - begun < 20


def test_a_second_client_sees_what_the_first_wrote(bucket: Bucket) -> None:
    Storage(f"{bucket.url}/out", bucket.server.options).write("a/b.txt", b"text")
    assert s3_filesystem(bucket.server.options).cat_file(f"{bucket.url}/out/a/b.txt") == b"text"


def test_what_a_url_stands_for_is_known_by_its_listing(bucket: Bucket, proxy: FaultProxy) -> None:
    bucket.fill(2)
    bucket.client.pipe_file(f"{bucket.url}/scan", tiny_pdf(1))
    options = s3_options(proxy.server_port)
    listing = ("GET", f"/{bucket.name}?list-type=2&prefix=in%2F")
    head = ("HEAD", f"/{bucket.name}/in/%2A.pdf")
    for name, more in (("in", ()), ("in/", ()), ("in/*.pdf", (head,))):
        proxy.requests.clear()
        assert len(list(documents_from([(f"{bucket.url}/{name}", options)]))) == 2
        assert sorted(proxy.requests) == sorted([listing, *more])  # two at once for a pattern
    assert [one.file_path for one in documents_from([(f"{bucket.url}/scan", options)])] == [f"{bucket.url}/scan"]


def test_a_folder_that_looks_like_a_pattern_is_that_folder(bucket: Bucket) -> None:
    for name in ("[2019]/a.pdf", "2/b.pdf"):
        bucket.client.pipe_file(f"{bucket.url}/{name}", tiny_pdf(1))
    for address, found in (("[2019]/", "[2019]/a.pdf"), ("[2019]", "[2019]/a.pdf"), ("[12]", "2/b.pdf")):
        documents = documents_from([(f"{bucket.url}/{address}", bucket.server.options)])
        assert [one.file_path for one in documents] == [f"{bucket.url}/{found}"], address
