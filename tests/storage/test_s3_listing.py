"""Folders of S3, page by page, from a real server; and what botocore's descriptions are read by."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pdfbatch.errors import NoDocumentsError
from pdfbatch.executors.thread import ThreadExecutor
from pdfbatch.inputs.sources import documents_from
from pdfbatch.model import Document
from pdfbatch.processor import BatchProcessor
from pdfbatch.settings import Extraction
from pdfbatch.storage import Storage, s3listing
from pdfbatch.storage.temporary_names import PREFIX, temporary_name
from pdfbatch.testing.servers import Bucket, FaultProxy, RequestFault, RequestFaults, s3_options

pytest.importorskip("s3fs")


# Names on the first two pages.
FIRST, SECOND = s3listing.FIRST_NAMES, 2 * s3listing.FIRST_NAMES


def listings(proxy: FaultProxy) -> list[str]:
    """The requests for lists of names so far."""
    return [path for _, path in proxy.requests if "list-type=2" in path]


def below(bucket: Bucket, proxy: FaultProxy, folder: str) -> Iterator[Document]:
    """The documents in a folder, through the proxy."""
    return documents_from((f"{bucket.url}/{folder}", s3_options(proxy.server_port)))


def test_all_pages_of_all_folders_are_looked_through(bucket: Bucket, proxy: FaultProxy) -> None:
    for folder in ("in/a", "in/b/c"):
        bucket.fill(8, folder)
    bucket.fill(FIRST + 8)
    bucket.client.pipe_file(f"{bucket.url}/in/notes.txt", b"no PDF")
    found = [document.file_path for document in below(bucket, proxy, "in/")]
    assert sorted(found) == sorted(f"s3://{name}" for name in bucket.client.find(f"{bucket.url}/in") if ".pdf" in name)
    assert len(found) == len(set(found)) == FIRST + 24


def test_documents_come_before_the_last_page_is_asked_for(bucket: Bucket, proxy: FaultProxy) -> None:
    bucket.fill(FIRST + SECOND + 1)
    documents = below(bucket, proxy, "in/")
    assert next(documents).file_path.endswith("000.pdf")
    assert len(listings(proxy)) == 1
    assert next(documents).file_path.endswith("001.pdf")
    assert len(listings(proxy)) <= 2, "more than this page and the next was asked for"
    assert sum(1 for _ in documents) == FIRST + SECOND - 1
    assert len(listings(proxy)) == 3


def test_whether_it_is_a_folder_takes_one_name(bucket: Bucket, proxy: FaultProxy) -> None:
    bucket.fill(12)
    assert sum(1 for _ in below(bucket, proxy, "in")) == 12
    first, _ = listings(proxy)
    assert "max-keys=1&" in f"{first}&"


def test_a_page_that_fails_is_told_when_all_before_it_has_ended(bucket: Bucket, proxy: FaultProxy) -> None:
    class SecondPageExpires(RequestFaults):
        def choose(self, method: str, path: str, number: int) -> RequestFault:
            return "expired" if len(listings(proxy)) > 1 and "list-type=2" in path else ""

    bucket.fill(FIRST + 1)
    proxy.faults = SecondPageExpires()
    results = BatchProcessor(executor=ThreadExecutor(workers=2), extraction=Extraction(ocr="never")).stream(
        below(bucket, proxy, "in/")
    )
    assert [next(results).ok for _ in range(FIRST)] == [True] * FIRST
    with pytest.raises(NoDocumentsError, match=r"in/ cannot be listed.*expired"):
        next(results)


def test_a_folder_without_names_is_said_to_be_empty(bucket: Bucket, proxy: FaultProxy) -> None:
    bucket.fill(1)
    with pytest.raises(NoDocumentsError, match="holds no PDF"):
        below(bucket, proxy, "elsewhere/")
    with pytest.raises(NoDocumentsError, match="no-such-bucket"):
        documents_from(("s3://no-such-bucket/", s3_options(proxy.server_port)))


def test_probes_of_dead_writers_are_swept(bucket: Bucket, proxy: FaultProxy) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        pass
    stale = re.sub(r"-\d+-", f"-{dead.pid}-", temporary_name(), count=1)
    for name in (stale, live := temporary_name(), "a.txt"):
        bucket.client.pipe_file(f"{bucket.url}/out/{name}", b"pdfbatch")
    Storage(f"{bucket.url}/out", s3_options(proxy.server_port)).check()
    assert {name.rpartition("/")[2] for name in bucket.client.find(f"{bucket.url}/out")} == {live, "a.txt"}
    assert [PREFIX in path for path in listings(proxy)] == [True], "all of the output was listed"


def test_the_names_of_an_output_come_page_by_page(bucket: Bucket, proxy: FaultProxy) -> None:
    bucket.fill(FIRST, "out")
    bucket.fill(4, "out/.parts/x")
    bucket.client.pipe_file(f"{bucket.url}/out/{temporary_name()}", b"pdfbatch")
    storage = Storage(f"{bucket.url}/out", s3_options(proxy.server_port))
    names = iter(storage.names())
    first = next(names)
    assert len(listings(proxy)) == 1
    assert sorted((first, *names)) == sorted(
        [
            *(f".parts/x/{number:03d}.pdf" for number in range(4)),
            *(f"{number:03d}.pdf" for number in range(FIRST)),
        ]
    )
    assert sorted(storage.names(".parts/x/")) == [f".parts/x/{number:03d}.pdf" for number in range(4)]


def test_a_file_of_an_output_is_read_by_one_request(bucket: Bucket, proxy: FaultProxy) -> None:
    bucket.client.pipe_file(f"{bucket.url}/out/a.txt", b"text")
    assert Storage(f"{bucket.url}/out", s3_options(proxy.server_port)).read("a.txt") == b"text"
    assert len(proxy.requests) == 1


def test_all_buckets_are_looked_through(bucket: Bucket, proxy: FaultProxy) -> None:
    bucket.fill(2)
    found = {document.file_path for document in documents_from(("s3://", s3_options(proxy.server_port)))}
    assert {f"{bucket.url}/in/000.pdf", f"{bucket.url}/in/001.pdf"} <= found


class Answering:
    """A file system of S3 that gives one answer."""

    def __init__(self, **answer: object) -> None:
        self.inner: Any = self
        self.answer = answer

    def split_path(self, path: str) -> tuple[str, str, None]:
        """Bucket and key."""
        bucket, _, key = path.partition("/")
        return bucket, key, None

    def call_s3(self, method: str, **parameters: object) -> dict[str, object]:
        """The answer."""
        assert method == "list_objects_v2", parameters
        return self.answer


def test_the_key_of_the_folder_itself_is_no_name_in_it() -> None:
    entry: dict[str, object] = {"Size": 3, "ETag": '"e"', "LastModified": datetime(2026, 11, 28, tzinfo=UTC)}
    answer: Any = Answering(Contents=[{**entry, "Key": "in/"}, {**entry, "Key": "in/a.pdf"}])
    ((name, is_folder, found),) = s3listing.page(answer, "bucket/in", "", 10).names
    assert (name, is_folder, str(found)) == ("a.pdf", False, "3:etag=e")


def test_keys_that_have_no_name_between_two_slashes_are_told(caplog: pytest.LogCaptureFixture) -> None:
    answer: Any = Answering(CommonPrefixes=[{"Prefix": "in//"}, {"Prefix": "in/b/"}])
    assert s3listing.page(answer, "bucket/in", "", 10).names == [("b", True, None)]
    assert "s3://bucket/in//" in caplog.text


# --- descriptions of services -------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", ["s3", "sts", "sso-oidc"])
def test_a_service_is_described_as_botocore_reads_it(service: str) -> None:
    from botocore.loaders import Loader  # pyright: ignore[reportMissingTypeStubs]

    from pdfbatch.storage.s3models import loader

    usual: Any = Loader()
    assert loader(None).load_service_model(service, "service-2") == usual.load_service_model(service, "service-2")
    assert set(usual.list_available_services("service-2")) <= set(loader(None).list_available_services("service-2"))


def test_an_unknown_service_is_unknown() -> None:
    from botocore.exceptions import UnknownServiceError  # pyright: ignore[reportMissingTypeStubs]

    from pdfbatch.storage.s3models import loader

    with pytest.raises(UnknownServiceError):
        loader(None).load_service_model("no-such-service", "service-2")


def test_descriptions_of_ones_own_are_found(tmp_path: Path) -> None:
    from pdfbatch.storage.s3models import loader

    folder = tmp_path / "my-service" / "2026-11-28"
    folder.mkdir(parents=True)
    (folder / "service-2.json").write_text(json.dumps({"metadata": {"serviceId": "mine"}}))
    described = loader(f"/nowhere:{tmp_path}").load_service_model("my-service", "service-2")
    assert described["metadata"]["serviceId"] == "mine"
