"""What reaches an object store, and what becomes of its answers: over real connections, to a server on loopback."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pdfbatch.batch.breaker import DENIED_AT_FIRST, Breaker
from pdfbatch.errors import Cause, DocumentError, NoDocumentsError
from pdfbatch.inputs.sources import documents_from
from pdfbatch.model import Document, DocumentResult, DocumentStatus, Failure
from pdfbatch.settings import RetryPolicy
from pdfbatch.storage import CallPolicy, Storage
from pdfbatch.storage.documents import fingerprint as fingerprint_of
from pdfbatch.storage.documents import read_document
from pdfbatch.storage.remote_documents import RemoteDocument, peek_document
from pdfbatch.storage.temporary_names import temporary_name
from tests.storage.object_server import ACCOUNT, ObjectServer, refusal

pytest.importorskip("s3fs")
pytest.importorskip("obstore")
THRICE = RetryPolicy(attempts=3, backoff_seconds=0.001, max_backoff_seconds=0.001)
ONCE = RetryPolicy(attempts=1)
MIB = 1 << 20


@pytest.fixture
def server() -> Iterator[ObjectServer]:
    """A server of its own for each test."""
    with ObjectServer() as running:
        yield running


def storage(server: ObjectServer, retry: RetryPolicy = THRICE) -> Storage:
    """An output in the bucket."""
    return Storage(f"{server.url}/out", server.options, retry=retry)


def document(server: ObjectServer, key: str = "a.pdf") -> RemoteDocument:
    """A document in the bucket."""
    return RemoteDocument(f"{server.url}/{key}", options=server.options)


def found(server: ObjectServer, pattern: str) -> list[str]:
    """The keys of the documents that a prefix or pattern stands for."""
    return [
        one.file_path.removeprefix(f"{server.url}/")
        for one in documents_from((f"{server.url}/{pattern}", server.options))
    ]


# --- requests -----------------------------------------------------------------------------------------------------


def test_a_write_is_one_put_whatever_its_size(server: ObjectServer) -> None:
    storage(server).write("a.txt", b"x" * 105_000_000)
    assert server.methods == ["PUT"]
    assert len(server.objects[f"{server.bucket}/out/a.txt"]) == 105_000_000


def test_a_small_document_is_read_by_one_request(server: ObjectServer) -> None:
    server.put("a.pdf")
    source = read_document(document(server))
    assert (source.data, str(source.fingerprint), server.methods) == (b"%PDF", "4:etag=etag-1", ["GET"])


def test_version_and_bytes_of_a_small_object_come_by_one_request(server: ObjectServer) -> None:
    server.put("a.pdf")
    server.put("large.pdf", data=bytes(3 * MIB))
    fingerprint, data = peek_document(document(server), CallPolicy(), MIB)
    assert (str(fingerprint), data, server.methods) == ("4:etag=etag-1", b"%PDF", ["GET"])
    fingerprint, data = peek_document(document(server, "large.pdf"), CallPolicy(), MIB)
    assert (fingerprint.size_bytes, data) == (3 * MIB, None)


def test_of_a_document_beyond_the_limit_no_byte_is_read(server: ObjectServer) -> None:
    server.put("a.pdf")
    with pytest.raises(DocumentError, match="4 bytes are more than the limit of 3"):
        read_document(document(server), max_file_bytes=3)
    assert server.methods == ["HEAD"]


@pytest.mark.parametrize(
    ("status", "code", "cause", "requests"),
    [
        (503, "SlowDown", Cause.STORAGE_UNAVAILABLE, 3),
        (503, "", Cause.STORAGE_UNAVAILABLE, 3),
        (500, "InternalError", Cause.STORAGE_UNAVAILABLE, 3),
        (429, "TooManyRequests", Cause.STORAGE_UNAVAILABLE, 3),
        (409, "OperationAborted", Cause.STORAGE_UNAVAILABLE, 3),
        (400, "RequestTimeout", Cause.STORAGE_UNAVAILABLE, 3),
        (400, "KMS.ThrottlingException", Cause.STORAGE_UNAVAILABLE, 1),
        (400, "InvalidRequest", Cause.STORAGE_UNAVAILABLE, 1),
        (400, "ExpiredToken", Cause.STORAGE_DENIED, 1),
        (400, "KMS.DisabledException", Cause.STORAGE_DENIED, 1),
        (400, "", Cause.STORAGE_DENIED, 1),
        (401, "", Cause.STORAGE_DENIED, 1),
        (403, "AccessDenied", Cause.STORAGE_DENIED, 1),
        (403, "InvalidObjectState", Cause.STORAGE_DENIED, 1),
        (409, "BlobArchived", Cause.STORAGE_DENIED, 1),
        (404, "NoSuchBucket", Cause.STORAGE_NOT_FOUND, 1),
        (507, "", Cause.STORAGE_FULL, 1),
    ],
)
def test_one_layer_tries_again_and_only_what_may_pass(
    server: ObjectServer, status: int, code: str, cause: Cause, requests: int
) -> None:
    body = refusal(code, "The key s3cr3t is no good.") if code else b""
    server.answer = lambda method, path: (status, body, {})
    with pytest.raises(DocumentError) as caught:
        storage(server).write("a.txt", b"x")
    assert (caught.value.cause, server.methods) == (cause, ["PUT"] * requests)
    assert code in str(caught.value)
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidAccessKeyId", "InvalidObjectState"])
def test_an_answer_without_a_body_is_asked_for_its_reason(server: ObjectServer, code: str) -> None:
    server.put("a.pdf")
    server.answer = lambda method, path: (403, b"" if method == "HEAD" else refusal(code), {})
    with pytest.raises(DocumentError, match=code) as caught:
        fingerprint_of(document(server), retry=THRICE)
    assert (caught.value.cause, server.methods) == (Cause.STORAGE_DENIED, ["HEAD", "GET"])


@pytest.mark.parametrize(
    ("said", "stops"),
    [
        ("403 InvalidObjectState The operation is not valid for the object's storage class", False),
        ("400 KMS.DisabledException The key is disabled", False),
        ("403 AccessDenied User is not authorized to perform: kms:Decrypt on this resource", False),
        ("403 AccessDenied Access Denied", True),
        ("400 ExpiredToken The provided token has expired.", True),
    ],
)
def test_what_is_refused_for_the_object_stops_no_batch(said: str, stops: bool) -> None:
    breaker = Breaker()
    for number in range(DENIED_AT_FIRST):
        one = Document(f"s3://archive/{number}.pdf")
        failure = Failure(cause=Cause.STORAGE_DENIED, message=f"{one.file_path}: access denied ({said})")
        breaker.add(DocumentResult(document=one, status=DocumentStatus.FAILED, failure=failure), 2)
    assert (breaker.find_reason() is not None) is stops


# --- bodies and deadlines -----------------------------------------------------------------------------------------


def test_a_body_that_ends_early_is_asked_for_again(server: ObjectServer) -> None:
    server.put("a.pdf", data=b"%PDF" * 1000)
    cut = {"Content-Range": "bytes 0-3999/4000", "Content-Length": "4000", "ETag": '"etag-1"', "Connection": "close"}
    answers = iter([(206, b"%PDF" * 10, cut)])
    server.answer = lambda method, path: next(answers, None) if method == "GET" else None
    assert read_document(document(server), retry=THRICE).data == b"%PDF" * 1000
    assert server.methods == ["GET", "GET"]


def test_a_body_is_no_longer_than_was_said(server: ObjectServer) -> None:
    """Announced are four bytes; far more would come."""
    server.put("a.pdf")
    lie = {"Content-Range": f"bytes 0-{64 * MIB - 1}/{64 * MIB}", "ETag": '"etag-1"'}
    server.answer = lambda method, path: (206, bytes(64 * MIB), lie) if method == "GET" else None
    with pytest.raises(DocumentError) as caught:
        read_document(document(server), retry=ONCE, max_file_bytes=1000)  # so that it is asked for first
    assert caught.value.cause in (Cause.INPUT_CHANGED, Cause.STORAGE_UNAVAILABLE)


@pytest.mark.parametrize("is_main", [True, False])
def test_a_silent_server_is_given_up_in_time(is_main: bool) -> None:
    gate = threading.Event()
    failures: list[DocumentError] = []

    def wait_for_gate(method: str, path: str) -> None:
        gate.wait(30)

    with ObjectServer() as server:
        server.answer = wait_for_gate
        one, begun = document(server), time.monotonic()

        def peek() -> None:
            try:
                peek_document(one, CallPolicy(retry=THRICE, seconds=1.5), MIB)
            except DocumentError as error:
                failures.append(error)

        thread = threading.Thread(target=peek)
        if is_main:
            peek()
        else:
            thread.start()
            thread.join(30)
        seconds = time.monotonic() - begun
        gate.set()
    assert ([error.cause for error in failures], seconds < 20) == ([Cause.STORAGE_UNAVAILABLE], True)


# --- listings -----------------------------------------------------------------------------------------------------


def test_a_prefix_is_listed_page_by_page_as_it_is_used(server: ObjectServer) -> None:
    server.put(*(f"in/{number:05}.pdf" for number in range(2500)), "in/notes.txt", "other/x.pdf")
    documents = documents_from((f"{server.url}/in/", server.options))
    assert next(documents).file_path == f"{server.url}/in/00000.pdf"
    assert server.count_listings() == 1
    assert sum(1 for _ in documents) == 2499
    assert server.count_listings() == 3


def test_a_page_that_fails_is_asked_for_again_and_nothing_comes_twice(server: ObjectServer) -> None:
    server.put(*(f"in/{number:05}.pdf" for number in range(2500)))
    seen: list[str] = []

    def fail_first(method: str, path: str) -> tuple[int, bytes, dict[str, str]] | None:
        seen.append(path)
        return None if seen.count(path) > 1 else (503, refusal("SlowDown"), {})

    server.answer = fail_first
    assert found(server, "in/") == [f"in/{number:05}.pdf" for number in range(2500)]


def test_folders_that_no_pattern_enters_are_passed_over(server: ObjectServer) -> None:
    server.put(
        "2024/a.pdf",
        *(f"2025/{number:05}.pdf" for number in range(8000)),
        "2025-b.pdf",
        "2026/deep/er/c.pdf",
        "2026/d.pdf",
    )
    assert found(server, "202[46]/*.pdf") == ["2024/a.pdf", "2026/d.pdf"]
    assert server.count_listings() <= 6, "all that is in the folder was listed"
    assert found(server, "2026/**/*.pdf") == ["2026/d.pdf", "2026/deep/er/c.pdf"]
    assert found(server, "2025-*") == ["2025-b.pdf"]


def test_keys_that_stand_for_folders_are_no_documents(server: ObjectServer) -> None:
    server.put("in/", "in/sub/", "in/empty/", data=b"")
    server.put("in/sub/a.pdf", "in/b.pdf")
    server.put("in/none.pdf", data=b"")
    assert sorted(found(server, "in/*")) == ["in/b.pdf", "in/none.pdf", "in/sub/a.pdf"]
    with pytest.raises(NoDocumentsError, match="holds no PDF"):
        found(server, "in/empty/")


def test_keys_without_a_name_in_obstore_are_found_all_the_same(
    server: ObjectServer, caplog: pytest.LogCaptureFixture
) -> None:
    names = [f"in/{number:05}.pdf" for number in range(1200)]
    odd = ["in/00700/a//b.pdf", "in/01150\x7f.pdf", "in/..pdf"]
    server.put(*names, *odd)
    for _ in range(2):  # in the midst of a listing, and from then on
        assert sorted(found(server, "in/")) == sorted([*names, *odd])
    assert "goes through fsspec, which is slower" in caplog.text


def test_folders_that_fsspec_lists_say_what_they_do_not_show(
    server: ObjectServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.put("in/a/b.pdf", "in/a//c.pdf")
    server.put("in/", "in/d/", data=b"")
    options: dict[str, object] = {**server.options, "s3_additional_kwargs": {}}  # which no other library knows
    assert [one.file_path for one in documents_from((f"{server.url}/in/", options))] == [f"{server.url}/in/a/b.pdf"]
    (message,) = [one for one in caplog.messages if "empty name" in one]
    assert f"{server.bucket}/in/a/" in message


def test_a_document_with_an_odd_key_is_read(server: ObjectServer) -> None:
    server.put("a//b.pdf", "tab\there.pdf")
    assert [read_document(document(server, key)).data for key in ("a//b.pdf", "tab\there.pdf")] == [b"%PDF"] * 2


def test_names_and_probes_of_an_output(server: ObjectServer) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        pass
    own = temporary_name()
    parts = own.split("-")
    parts[2] = str(dead.pid)
    stale = "-".join(parts)
    texts = [f"{number:04}.txt" for number in range(5000)]
    server.put(*(f"out/{name}" for name in texts), f"out/{own}", f"out/{stale}", "out/.index/1.jsonl")
    output = storage(server)
    output.check()
    assert server.count_listings() <= 2, "all of the output was listed"  # one page, and one that obstore asks for ahead
    assert {key for key in server.objects if "pdfbatch-" in key} == {f"{server.bucket}/out/{own}"}
    assert sorted(output.names()) == [".index/1.jsonl", *texts]
    output.delete(".index/")
    assert list(output.names(".index/")) == []


# --- what obstore cannot do -----------------------------------------------------------------------------------------


def test_a_bucket_in_another_region_goes_through_fsspec(server: ObjectServer, caplog: pytest.LogCaptureFixture) -> None:
    server.put("a.pdf")
    moved = (301, refusal("PermanentRedirect"), {"x-amz-bucket-region": "eu-west-1"})
    asked: list[str] = []

    def redirect_first(method: str, path: str) -> tuple[int, bytes, dict[str, str]] | None:
        asked.append(method)
        return moved if len(asked) == 1 else None

    server.answer = redirect_first
    assert read_document(document(server), retry=THRICE).data == b"%PDF"
    assert f"{server.url} goes through fsspec, which is slower: it is in another region" in caplog.text


def test_a_fork_of_a_process_that_has_used_obstore_goes_through_fsspec(server: ObjectServer, tmp_path: Path) -> None:
    if not hasattr(os, "fork"):
        pytest.skip("no fork")
    code = (
        "import os, sys\nfrom pdfbatch.storage import Storage\n"
        f"output = Storage({server.url + '/out'!r}, {server.options!r})\n"
        "output.write('parent.txt', b'1')\npid = os.fork()\n"
        "if not pid:\n    output.write('child.txt', b'2')\n    os._exit(0)\n"
        "os.waitpid(pid, 0)\noutput.write('parent-again.txt', b'3')\n"
    )
    subprocess.run([sys.executable, "-c", code], timeout=60, check=True, cwd=tmp_path)
    written = {key.rpartition("/")[2] for key in server.objects}
    assert written == {"parent.txt", "child.txt", "parent-again.txt"}


# --- the same for other providers -----------------------------------------------------------------------------------


def providers(server: ObjectServer) -> dict[str, tuple[str, dict[str, object]]]:
    """URL and options for each dialect."""
    account: dict[str, object] = {"type": "service_account", "disable_oauth": True}
    account |= dict.fromkeys(("client_email", "private_key", "private_key_id"), "")
    connection = f"AccountName={ACCOUNT};AccountKey=c2VjcmV0;BlobEndpoint={server.endpoint}/{ACCOUNT}"
    return {
        "s3": (server.url, server.options),
        "gs": (f"gs://{server.bucket}", {"endpoint_url": server.endpoint, "token": account}),
        "az": (f"az://{server.bucket}", {"connection_string": connection}),
        "abfs": (f"abfs://{server.bucket}@{ACCOUNT}.dfs.core.windows.net", {"connection_string": connection}),
    }


@pytest.mark.parametrize("protocol", ["s3", "gs", "az", "abfs"])
def test_all_providers_are_read_listed_and_written(server: ObjectServer, protocol: str) -> None:
    server.names_in_page = 2
    url, options = providers(server)[protocol]
    output = Storage(f"{url}/out", options, retry=ONCE)
    names = ["%41%2Fb.txt", "A b.txt", "[x]/é + {y}.txt", "b/ü c#?.txt", "d #100% [1].pdf"]
    for name in names:
        output.write(name, name.encode())
    assert sorted(output.sizes()) == [(name, len(name.encode())) for name in names]
    assert [output.read(name) for name in names] == [name.encode() for name in names]
    (one,) = documents_from((f"{url}/out/", options))
    assert read_document(one).data == b"d #100% [1].pdf"
    if protocol in ("s3", "gs"):  # Azure deletes by batches, which the server does not know
        output.delete(names[1])
        output.delete("[x]/")
        assert sorted(output.names()) == [names[0], *names[3:]]
    with pytest.raises(DocumentError) as caught:
        output.read("gone.txt")
    assert caught.value.cause is Cause.STORAGE_NOT_FOUND
