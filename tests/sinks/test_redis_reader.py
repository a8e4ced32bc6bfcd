"""What readers find in Redis, and what they make of a batch whose heart has stopped."""

import itertools
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

pytest.importorskip("redis", reason="the extra redis is not installed")

from pdfbatch.errors import StatusUnavailableError
from pdfbatch.report import BatchState, BatchStatus
from pdfbatch.sinks.redis import (
    RedisSink,
    StoredStatus,
    connect,
    follow,
    read_status,
    recent_batches,
)
from pdfbatch.testing.probes import PATIENCE_SECONDS, wait_until
from pdfbatch.testing.servers import RedisServer

ONE_AND_DIE = """
import os, signal, sys
from pdfbatch.report import BatchState, BatchStatus
from pdfbatch.sinks.redis import RedisSink, connect, read_status

sink = RedisSink(sys.argv[1])
sink.update(BatchStatus(batch_id="case-17", state=BatchState.PROCESSING))
with connect(sys.argv[1]) as client:
    while read_status(client, "case-17") is None:
        pass
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def server(redis_server: RedisServer) -> RedisServer:
    """A server that runs."""
    redis_server.start()
    return redis_server


def _stored(server: RedisServer, *statuses: BatchStatus) -> None:
    sink = RedisSink(server.url)
    for status in statuses:
        sink.update(status)
        sink.close()


def _counts(batches: Iterator[StoredStatus]) -> list[tuple[str, int]]:
    return [(batch.shown_state, batch.status.processed) for batch in batches]


def test_a_reader_gets_the_snapshot_that_was_sent(server: RedisServer, status: BatchStatus) -> None:
    sent = replace(status, state=BatchState.COMPLETED, project_uuid="p", partial=1, skipped=2)
    _stored(server, sent)
    with server.client() as client:
        found = read_status(client, "case-17")
    assert found is not None
    assert found.status == sent
    assert found.as_dict() == {**server.read_status("case-17"), "stale": False}


@pytest.mark.parametrize("text", [True, False], ids=["text", "bytes"])
def test_clients_of_text_and_of_bytes_read_the_same(server: RedisServer, status: BatchStatus, text: bool) -> None:
    _stored(server, status)
    with server.client(decode_responses=text) as client:
        assert [batch.status.batch_id for batch in recent_batches(client)] == ["case-17"]


def test_a_batch_that_nobody_knows_is_none(server: RedisServer) -> None:
    with server.client() as client:
        assert read_status(client, "nobody") is None
        assert recent_batches(client) == []


@pytest.mark.parametrize("text", ["", "text", "[1]", "3", '{"status": "odd"}', '{"status": ["odd"]}'])
def test_what_is_no_status_is_none(server: RedisServer, text: str) -> None:
    with server.client() as client:
        client.set("batch:processing:odd", text)
        assert read_status(client, "odd") is None


def test_a_status_of_six_keys_is_enough(server: RedisServer) -> None:
    text = '{"total_documents": 9, "processed": 3, "successful": 2, "failed": 1, "status": "completed", "updated_at": null}'
    with server.client() as client:
        client.set("batch:processing:six", text)
        found = read_status(client, "six")
    assert found is not None
    assert (found.status.total_documents, found.status.processed, found.is_stale) == (9, 3, False)


def test_a_batch_whose_process_was_killed_becomes_stale(server: RedisServer) -> None:
    done = subprocess.run([sys.executable, "-c", ONE_AND_DIE, server.url], check=False, timeout=PATIENCE_SECONDS)
    assert done.returncode < 0
    with server.client() as client:
        now = time.time()
        found = [read_status(client, "case-17", now=moment) for moment in (now, now + 300)]
    assert [batch.shown_state for batch in found if batch] == ["processing", "stale"]


def test_a_batch_that_has_ended_is_never_stale(server: RedisServer, status: BatchStatus) -> None:
    _stored(server, replace(status, state=BatchState.CANCELLED))
    with server.client() as client:
        found = read_status(client, "case-17", now=time.time() + 1e6)
    assert found is not None
    assert found.shown_state == "cancelled"


def test_recent_batches_come_newest_first_without_those_that_have_expired(
    server: RedisServer, status: BatchStatus
) -> None:
    began = {"gone": 1.0, "new": 30.0, "old": 10.0, "middle": 20.0}
    _stored(server, *(replace(status, batch_id=name, started_at=seconds) for name, seconds in began.items()))
    with server.client() as client:
        client.delete("batch:processing:gone")
        assert [batch.status.batch_id for batch in recent_batches(client)] == ["new", "middle", "old"]
        assert [batch.status.batch_id for batch in recent_batches(client, limit=1)] == ["middle"]


def test_a_follower_sees_changes_until_the_batch_has_ended(server: RedisServer, status: BatchStatus) -> None:
    sink = RedisSink(server.url)
    sink.update(status)
    assert wait_until(lambda: server.read_status("case-17"))
    with server.client() as client:
        batches = follow(client, "case-17")
        seen = [next(batches)]
        sink.update(replace(status, successful=6))
        seen.append(next(batches))
        sink.update(replace(status, successful=9, state=BatchState.COMPLETED))
        seen.extend(batches)
    sink.close()
    assert _counts(iter(seen)) == [("processing", 5), ("processing", 7), ("completed", 10)]


def test_a_follower_hears_of_a_change_before_it_would_look(server: RedisServer, status: BatchStatus) -> None:
    sink = RedisSink(server.url)
    sink.update(status)
    assert wait_until(lambda: server.read_status("case-17"))
    with server.client() as client:
        batches = follow(client, "case-17", poll_seconds=10 * PATIENCE_SECONDS, stale_seconds=1e6)
        next(batches)
        beats = threading.Thread(target=_end, args=(sink, status, server))
        beats.start()
        assert [batch.shown_state for batch in batches][-1] == "completed"
        beats.join()
    sink.close()


def _end(sink: RedisSink, status: BatchStatus, server: RedisServer) -> None:
    """End the batch as soon as somebody listens."""
    with server.client() as client:
        assert wait_until(lambda: client.pubsub_numsub("batch:processing:case-17")[0][1])
    sink.update(replace(status, state=BatchState.COMPLETED))


def test_a_follower_without_the_channel_looks_now_and_then(server: RedisServer, status: BatchStatus) -> None:
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", "reader", "on", ">key", "~batch:*", "+@all", "resetchannels")
    sink = RedisSink(server.url)
    sink.update(status)
    assert wait_until(lambda: server.read_status("case-17"))
    with server.client(username="reader", password="key") as client:
        batches = follow(client, "case-17", poll_seconds=0.05)
        next(batches)
        sink.update(replace(status, state=BatchState.COMPLETED))
        assert [batch.shown_state for batch in batches][-1] == "completed"
    sink.close()


def test_a_follower_outlives_a_restart_of_the_server(server: RedisServer, status: BatchStatus) -> None:
    sink = RedisSink(server.url, heartbeat_seconds=0.2)
    sink.update(status)
    assert wait_until(lambda: server.read_status("case-17"))
    with connect(server.url) as client:
        batches = follow(client, "case-17", poll_seconds=0.05)
        next(batches)
        server.kill()
        server.start()
        sink.update(replace(status, state=BatchState.COMPLETED))
        assert [batch.shown_state for batch in batches][-1] == "completed"
    sink.close()


def test_a_follower_gives_up_a_batch_without_a_sign_of_life(server: RedisServer, status: BatchStatus) -> None:
    data = {**status.as_dict(), "heartbeat_at": "2026-01-01T00:00:00.000Z"}
    with server.client() as client:
        client.set("batch:processing:case-17", json.dumps(data))
        assert _counts(follow(client, "case-17")) == [("stale", 5)]


def test_a_follower_gives_up_a_server_that_does_not_come_back(server: RedisServer, status: BatchStatus) -> None:
    _stored(server, status)
    with connect(server.url) as client:
        batches = follow(client, "case-17", poll_seconds=0.05, stale_seconds=2)
        next(batches)
        server.kill()
        with pytest.raises(StatusUnavailableError, match="refused"):
            list(itertools.islice(batches, 100))


def test_a_server_that_cannot_be_reached_is_an_error_of_ours(server: RedisServer) -> None:
    server.kill()
    with connect(server.url) as client, pytest.raises(StatusUnavailableError, match="refused"):
        read_status(client, "case-17")
