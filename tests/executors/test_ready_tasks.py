"""Sites download the documents of a slice ahead: from a real S3 server behind a proxy that counts, delays and faults."""

import glob
import os
import pickle
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pdfbatch.errors import Cause
from pdfbatch.executors import decode_result, site
from pdfbatch.executors.site import Answer, Slice
from pdfbatch.inputs import documents_from
from pdfbatch.model import DocumentStatus
from pdfbatch.ports import Work
from pdfbatch.settings import Extraction
from pdfbatch.storage import Fingerprint, RemoteDocument
from pdfbatch.tasks import JoinTask, PartialDocument, ReadTask, Task, TaskResult
from pdfbatch.testing import PlainEngine, plain_document
from pdfbatch.testing.probes import wait_until
from pdfbatch.testing.servers import Bucket, FaultProxy, RequestFaults, S3Server, s3_options
from pdfbatch.testing.servers.fault_proxy import RequestFault
from pdfbatch.testing.work import StandInWork
from pdfbatch.work import DocumentWork
from tests.stand_ins import EchoOcr, ScanEngine

pytest.importorskip("s3fs")
pytest.importorskip("obstore")

WORK = DocumentWork(engine=PlainEngine())
SCANS = DocumentWork(engine=ScanEngine(), ocr_engine=EchoOcr(), extraction=Extraction(languages="eng", part_pages=1))


@pytest.fixture(scope="module", autouse=True)
def _no_site_is_left() -> Generator[None]:
    yield
    site.close_sites()


class MeetingProxy(FaultProxy):
    """Answers no request before four have come."""

    def __init__(self, upstream: int) -> None:
        super().__init__(upstream)
        self.met = threading.Event()
        self.late = False

    def take(self, method: str, path: str) -> RequestFault:
        fault = super().take(method, path)
        if len(self.requests) >= 4 and not self.late:
            self.met.set()
        self.late = not self.met.wait(20.0) or self.late
        return fault


class FirstFails(RequestFaults):
    """Each request meets "slow down" at first."""

    def choose(self, method: str, path: str, number: int) -> RequestFault:
        return "slow_down" if number == 1 else ""


def slice_of(tasks: Sequence[Task], work: Work = WORK, *, pool: str = "pool", seconds: float = 60.0) -> Slice:
    data = [pickle.dumps(task) for task in tasks]
    return Slice(
        versions=site.find_versions(), pool=pool, work=pickle.dumps(work), tasks=data, seconds=seconds, parts=False
    )


def put(bucket: Bucket, proxy: FaultProxy, names: Sequence[str], text: str = "text of {}") -> list[ReadTask]:
    """Store documents of one page each, and return tasks that read them through the proxy."""
    for name in names:
        bucket.client.pipe_file(f"{bucket.url}/in/{name}", plain_document(*text.format(name).split("|")))
    return [named(bucket, proxy, name) for name in names]


def named(bucket: Bucket, proxy: FaultProxy, name: str) -> ReadTask:
    options = s3_options(proxy.server_port)
    return ReadTask(document=RemoteDocument(f"{bucket.url}/in/{name}", options=options))


def results_of(tasks: Sequence[Task], answer: Answer) -> list[TaskResult]:
    assert answer["refusal"] == ""
    assert None not in answer["results"]
    return [decode_result(task, data) for task, data in zip(tasks, answer["results"], strict=True) if data is not None]


def copies() -> list[str]:
    """Return the folders of copies in the folders of pools."""
    return glob.glob(f"{tempfile.gettempdir()}/pdfbatch-*/pdfbatch-spool*")


def test_documents_of_a_slice_come_at_one_time_by_one_request_each(bucket: Bucket, s3_server: S3Server) -> None:
    with MeetingProxy(s3_server.port) as proxy:
        tasks: list[Task] = [*put(bucket, proxy, [f"{number}.pdf" for number in range(8)])]
        partial = PartialDocument(fingerprint="1:f", engine="plain", page_numbers=(1,), pdf_metadata={})
        tasks.insert(3, JoinTask(document=RemoteDocument("s3://nowhere/split.pdf"), partial_document=partial))
        results = results_of(tasks, site.do_slice(slice_of(tasks)))
        assert proxy.met.is_set()
    joined = results.pop(3)
    assert joined.result is not None
    texts = [result.result.pages[0].text for result in results if result.result is not None]
    assert texts == [f"text of {number}.pdf" for number in range(8)]
    assert Counter(proxy.requests) == Counter(("GET", f"/{bucket.name}/in/{number}.pdf") for number in range(8))
    assert copies() == []


def test_what_cannot_be_downloaded_costs_the_others_nothing(bucket: Bucket, proxy: FaultProxy) -> None:
    tasks = [named(bucket, proxy, "missing.pdf"), *put(bucket, proxy, ["a.pdf", "b.pdf"])]
    documents = [result.result for result in results_of(tasks, site.do_slice(slice_of(tasks)))]
    assert [document and document.status for document in documents] == [
        DocumentStatus.FAILED,
        DocumentStatus.SUCCEEDED,
        DocumentStatus.SUCCEEDED,
    ]
    assert documents[0] is not None
    assert documents[0].failure is not None
    assert documents[0].failure.cause is Cause.STORAGE_NOT_FOUND


def test_time_spent_on_downloads_is_not_that_of_the_tasks(bucket: Bucket, proxy: FaultProxy) -> None:
    """Else slices would shrink to one document each where a storage answers late."""
    tasks = put(bucket, proxy, ["a.pdf", "b.pdf"])
    site.do_slice(slice_of([]))  # starts the site
    proxy.faults = RequestFaults(latency=0.5)
    begun = time.monotonic()
    answer = site.do_slice(slice_of(tasks))
    results_of(tasks, answer)
    assert time.monotonic() - begun - answer["seconds"] > 0.4


def test_requests_that_were_repeated_count_as_attempts(bucket: Bucket, proxy: FaultProxy) -> None:
    proxy.faults = FirstFails()
    tasks = put(bucket, proxy, ["a.pdf"], "scan:one|scan:two")
    tasks += put(bucket, proxy, ["b.pdf"], "text")
    split, read = results_of(tasks, site.do_slice(slice_of(tasks, SCANS)))
    assert split.join is not None
    assert [part.local_copy for part in split.parts] == [None, None], "a copy here is of no use to other workers"
    assert split.storage_retries == 1
    assert read.result is not None
    assert (read.result.attempts, read.storage_retries) == (2, 0)


def test_parts_know_the_version_that_a_listing_told_of(bucket: Bucket, proxy: FaultProxy) -> None:
    put(bucket, proxy, ["a.pdf"], "scan:one|scan:two")
    (listed,) = documents_from([(f"{bucket.url}/in/", s3_options(proxy.server_port))])
    assert isinstance(listed, RemoteDocument)
    assert listed.found is not None
    task = ReadTask(document=listed)
    (split,) = results_of([task], site.do_slice(slice_of([task], SCANS)))
    parts = results_of(split.parts, site.do_slice(slice_of(split.parts, SCANS)))
    assert [part.failure for part in parts] == [None, None]
    assert [part.pages[0].text for part in parts] == ["one", "two"]


def test_a_document_that_is_tried_again_is_read_as_it_is_now(bucket: Bucket, proxy: FaultProxy) -> None:
    """What a listing has told of it may be the reason why it failed."""
    (task,) = put(bucket, proxy, ["a.pdf"])
    listed = Fingerprint(size_bytes=3, tag="etag=of an older version")
    document = RemoteDocument(task.document.file_path, options=s3_options(proxy.server_port), found=listed)
    again = ReadTask(document=document, attempt=2)
    (result,) = results_of([again], site.do_slice(slice_of([again])))
    assert result.result is not None
    assert result.result.status is DocumentStatus.SUCCEEDED
    assert proxy.requests == [("GET", f"/{bucket.name}/in/a.pdf")]


def test_a_pool_that_is_stopped_waits_for_no_download(bucket: Bucket, proxy: FaultProxy) -> None:
    tasks = put(bucket, proxy, ["a.pdf", "b.pdf"])
    proxy.faults = RequestFaults(silence=1.0)
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(site.do_slice, slice_of(tasks, pool="stopped"))
        assert wait_until(lambda: len(proxy.requests) == 2)
        site.stop_pool("stopped")
        assert answer.result(10)["results"] == [None, None]
    assert copies() == []


def test_a_killed_process_of_the_engine_leaves_no_copies(bucket: Bucket, proxy: FaultProxy, tmp_path: Path) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    never = {"until": str(tmp_path / "never")}
    urls = [f"{bucket.url}/in/{number}.pdf" for number in range(2)]
    put(bucket, proxy, ["0.pdf", "1.pdf"])
    options = s3_options(proxy.server_port)
    tasks = [ReadTask(document=RemoteDocument(url, metadata=never, options=options)) for url in urls]
    sliced = tmp_path / "slice"
    sliced.write_bytes(pickle.dumps(slice_of(tasks, StandInWork())))
    code = (
        "import pickle, sys\nfrom pdfbatch.executors import site\nsite.do_slice(pickle.load(open(sys.argv[1], 'rb')))"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(sliced)], env={**os.environ, "TMPDIR": str(folder)})
    try:
        assert wait_until(lambda: len(list(folder.glob("pdfbatch-*/pdfbatch-spool*/*.pdf"))) == 2)
    finally:
        process.kill()
        process.wait()
    assert wait_until(lambda: list(folder.iterdir()) == [])
