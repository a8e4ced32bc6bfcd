"""``pdfbatch dashboard`` as it is run: over a real Redis, read over HTTP."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("httpx", reason="the extra dashboard is not installed")

import httpx

from pdfbatch.dashboard import RedisSource
from pdfbatch.dashboard.pages import list_content
from pdfbatch.errors import Cause
from pdfbatch.model import Counts, Document, DocumentResult, DocumentStatus, Failure
from pdfbatch.report import BatchState, BatchStatus, utc
from pdfbatch.sinks import RedisSink
from pdfbatch.sinks.redis.keys import StatusKeys
from pdfbatch.testing.servers import RedisServer
from tests.command import run_command

RUNNING = BatchStatus(batch_id="case-17", state=BatchState.PROCESSING, total_documents=100_000, started_at=time.time())


def changes(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


@pytest.mark.alone
def test_a_failed_document_is_seen_within_a_second(
    redis_server: RedisServer, run_dashboard: Callable[..., str]
) -> None:
    redis_server.start()
    sink = RedisSink(redis_server.url, linger_seconds=0.0)
    sink.update(replace(RUNNING, updated_at=time.time()))
    failure = Failure(cause=Cause.MALFORMED, message="late.pdf: no trailer")
    result = DocumentResult(
        document=Document("late.pdf"), status=DocumentStatus.FAILED, failure=failure, counts=Counts(pages=0)
    )
    address = run_dashboard("--redis", redis_server.url)
    with httpx.stream("GET", f"{address}/events?id=case-17", timeout=30) as answer:
        found = changes(answer.iter_lines())
        next(found)
        sink.document(result)
        began = time.monotonic()
        sink.update(replace(RUNNING, failed=1, updated_at=time.time()))
        seen = next(change for change in found if "late.pdf" in change["sections"].get("failures", ""))
        assert time.monotonic() - began < 15  # told by the server; without that, at the next sign of life only
        assert "1 of 100,000 documents" in seen["sections"]["progress"]
    sink.close()


def test_a_thousand_batches_are_shown_at_once(redis_server: RedisServer, run_dashboard: Callable[..., str]) -> None:
    redis_server.start()
    now, client = time.time(), redis_server.client()
    for number in range(1_000):
        status = replace(RUNNING, batch_id=f"case-{number}", failed=99, successful=50_000)
        data = {**status.as_dict(), "heartbeat_at": utc(now - 20 if number % 2 else now + 3600)}
        client.set(f"batch:processing:case-{number}", json.dumps(data))
        client.zadd("batch:processing", {f"case-{number}": now})
    source = RedisSource(redis_server.url)
    began = time.thread_time()
    batches = source.list_batches()
    assert list_content(batches, 1, "").sections
    assert time.thread_time() - began < 3  # seconds of CPU; a request for each batch would take longer
    source.close()
    address = run_dashboard("--redis", redis_server.url)
    page = httpx.get(f"{address}/", timeout=60).content
    assert len(page) < 200_000
    assert b"1,000 batches: 500 running, 500 stale, 0 ended" in page
    assert b"No heartbeat since" in httpx.get(f"{address}/batch?id=case-1", timeout=60).content


def test_batches_are_found_under_the_prefix_of_this_shell(
    redis_server: RedisServer, run_dashboard: Callable[..., str]
) -> None:
    redis_server.start()
    sink = RedisSink(redis_server.url, key_prefix="own:", linger_seconds=0.0)
    sink.update(replace(RUNNING, updated_at=time.time()))
    sink.close()
    address = run_dashboard("--redis", redis_server.url, PDFBATCH_REDIS_PREFIX="own:")
    assert "case-17" in httpx.get(f"{address}/", timeout=60).text


def test_whatever_stands_in_redis_is_shown_as_text(
    redis_server: RedisServer, run_dashboard: Callable[..., str]
) -> None:
    redis_server.start()
    client, bad = redis_server.client(), "</p><script>alert(1)</script>"
    activity = [{"document_uuid": bad, "file_path": bad, "page": 3, "seconds": 1.0}]
    data = {**RUNNING.as_dict(), "batch_id": bad, "executor": bad, "output": bad, "activities": activity}
    client.set(f"batch:processing:{bad}", json.dumps(data))
    client.set(StatusKeys().figures(bad), json.dumps({"version": 1, "causes": {bad: 1}, "slowest": [[1, 1, bad, bad]]}))
    client.zadd("batch:processing", {bad: time.time()})
    address = run_dashboard("--redis", redis_server.url)
    pages = [
        httpx.get(f"{address}{path}", params=query, timeout=60).text
        for path, query in (("/", {}), ("/batch", {"id": bad}))
    ]
    assert [page.count("<script") for page in pages] == [1, 1]
    assert pages[1].count("&lt;script&gt;") >= 5


def test_a_port_that_is_taken_is_said(redis_server: RedisServer, run_dashboard: Callable[..., str]) -> None:
    address = run_dashboard("--redis", redis_server.url)
    ended = run_command("dashboard", "--redis", redis_server.url, "--port", address.rpartition(":")[2])
    assert (ended.returncode, "cannot be served" in ended.stderr) == (2, True)
