"""RedisSink against a real server: one that works, is down, goes away, comes back, or says nothing."""

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("redis", reason="the extra redis is not installed")

from redis import Redis
from redis.client import Pipeline

from pdfbatch import process_batch
from pdfbatch.errors import UsageError
from pdfbatch.model import DocumentResult
from pdfbatch.report import BatchState, BatchStatus
from pdfbatch.samples import text_pdf
from pdfbatch.sinks import NullSink
from pdfbatch.sinks.redis import RedisSink, connect
from pdfbatch.testing.probes import PATIENCE_SECONDS, wait_until
from pdfbatch.testing.servers import RedisServer

PROMISED_CLOSE_SECONDS = 3.0
PROMISED_RETURN_SECONDS = 5.0
FIRST_KEYS = ["total_documents", "processed", "successful", "failed", "status", "updated_at"]


@pytest.fixture
def absent(redis_server: RedisServer) -> RedisServer:
    """A server that is not running yet."""
    return redis_server


@pytest.fixture
def server(absent: RedisServer) -> RedisServer:
    """A server that runs."""
    absent.start()
    return absent


@pytest.fixture
def ended(status: BatchStatus) -> BatchStatus:
    """The same batch, completed."""
    return replace(status, state=BatchState.COMPLETED, successful=9, failed=1)


def _warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith("pdfbatch") and record.levelno >= logging.WARNING
    ]


@pytest.fixture(autouse=True)
def earlier_threads() -> Iterator[None]:
    """Leave out of ``_threads`` what tests before left: a sink that found no server keeps trying for minutes."""
    _earlier.update(threading.enumerate())
    yield
    _earlier.clear()


_earlier: set[threading.Thread] = set()


def _threads() -> list[threading.Thread]:
    return [
        thread
        for thread in threading.enumerate()
        if thread.name.startswith("pdfbatch-status") and thread not in _earlier
    ]


def _closed(sink: RedisSink) -> float:
    """How many seconds it takes to close the sink."""
    began = time.monotonic()
    sink.close()
    return time.monotonic() - began


# --- the contract -----------------------------------------------------------------------------------------------------


def test_the_key_holds_one_json_object_with_the_documented_keys(server: RedisServer, ended: BatchStatus) -> None:
    sink = RedisSink(server.url)
    sink.update(ended)
    sink.close()
    stored = server.read_status("case-17")
    assert list(stored)[:6] == FIRST_KEYS
    assert [stored[key] for key in FIRST_KEYS] == [10, 10, 9, 1, "completed", "1970-01-01T00:30:00.000Z"]
    assert stored.keys() == ended.as_dict().keys()


def test_a_real_batch_ends_as_completed_with_its_counts(server: RedisServer, tmp_path: Path) -> None:
    tmp_path.joinpath("good.pdf").write_bytes(text_pdf(["A letter."]))
    tmp_path.joinpath("bad.pdf").write_bytes(b"no pdf")
    report = process_batch(
        str(tmp_path / "*.pdf"), executor="sequential", batch_id="real", sinks=[RedisSink(server.url)]
    )
    stored = server.read_status("real")
    assert [stored[key] for key in FIRST_KEYS[:5]] == [2, 2, 1, 1, "completed"]
    assert stored == {**report.status.as_dict(), "heartbeat_at": stored["heartbeat_at"]}


def test_a_batch_that_has_not_begun_has_a_time_of_update(server: RedisServer) -> None:
    sink = RedisSink(server.url)
    sink.update(BatchStatus(batch_id="new"))
    stored = wait_until(lambda: server.read_status("new"))
    sink.close()
    assert stored["status"] == "pending"
    assert stored["updated_at"] == stored["heartbeat_at"]


def test_status_and_index_expire(server: RedisServer, ended: BatchStatus) -> None:
    sink = RedisSink(server.url, expire_seconds=1_000)
    sink.update(ended)
    sink.close()
    with server.client() as client:
        times = [client.ttl(name) for name in ("batch:processing:case-17", "batch:processing")]
    assert all(0 < seconds <= 1_000 for seconds in times)


def test_each_change_is_published_as_it_is_stored(server: RedisServer, ended: BatchStatus) -> None:
    with server.client() as client, client.pubsub(ignore_subscribe_messages=True) as changes:
        changes.psubscribe("batch:processing:*")
        changes.get_message(timeout=PATIENCE_SECONDS)
        sink = RedisSink(server.url)
        sink.update(ended)
        message = wait_until(lambda: changes.get_message(timeout=1))
        sink.close()
    assert message["channel"] == "batch:processing:case-17"
    assert json.loads(message["data"]) == server.read_status("case-17")


def test_the_index_forgets_what_is_old_and_what_is_too_much(server: RedisServer, ended: BatchStatus) -> None:
    now = time.time()
    with server.client() as client:
        client.zadd("batch:processing", {"old": now - 2_000, **{f"b{number}": now - 100 for number in range(1_500)}})
        sink = RedisSink(server.url, expire_seconds=1_000)
        sink.update(ended)
        sink.close()
        assert client.zscore("batch:processing", "old") is None
        assert client.zcard("batch:processing") == 1_000
        assert client.zrange("batch:processing", -1, -1) == ["case-17"]


def test_a_prefix_of_ones_own_keeps_everything_apart(server: RedisServer, ended: BatchStatus) -> None:
    sink = RedisSink(server.url, key_prefix="mine:")
    sink.update(ended)
    sink.close()
    with server.client() as client:
        names = client.keys("*")
        assert sorted(names) == ["mine", "mine-figures:{mine:case-17}", "mine:case-17"]


def test_a_heart_beats_while_nothing_changes(server: RedisServer, status: BatchStatus) -> None:
    sink = RedisSink(server.url, heartbeat_seconds=0.05)
    sink.update(status)
    first = wait_until(lambda: server.read_status("case-17"))
    assert wait_until(lambda: server.read_status("case-17")["heartbeat_at"] > first["heartbeat_at"])
    later = server.read_status("case-17")
    sink.close()
    assert {**later, "heartbeat_at": ""} == {**first, "heartbeat_at": ""}


def test_a_heart_stops_when_the_batch_has_ended(server: RedisServer, ended: BatchStatus) -> None:
    sink = RedisSink(server.url, heartbeat_seconds=0.01)
    sink.update(ended)
    sink.close()
    assert wait_until(lambda: not _threads())
    assert server.count_calls("publish") == 1


def test_snapshots_never_go_back_and_few_of_ten_thousand_are_sent(server: RedisServer, status: BatchStatus) -> None:
    seen, stop = list[dict[str, Any]](), threading.Event()

    def read() -> None:
        while not stop.wait(0.005):
            seen.append(server.read_status("case-17"))

    reader = threading.Thread(target=read)
    reader.start()
    began, sink = time.monotonic(), RedisSink(server.url)
    for number in range(10_000):
        sink.update(replace(status, total_documents=10_000, successful=number - number // 7, failed=number // 7))
        time.sleep(0.0001)  # a batch does something between two snapshots
    sink.update(replace(status, total_documents=10_000, successful=9_000, failed=1_000, state=BatchState.COMPLETED))
    sink.close()
    seconds = time.monotonic() - began
    stop.set()
    reader.join()
    counts = [one["processed"] for one in [*seen, server.read_status("case-17")] if one]
    assert counts == sorted(counts)
    assert counts[-1] == 10_000
    assert all(one["processed"] == one["successful"] + one["failed"] <= one["total_documents"] for one in seen if one)
    assert 2 <= server.count_calls("publish") <= 2 + 5 * seconds


# --- a server that fails ----------------------------------------------------------------------------------------------


def test_a_server_that_is_never_there_changes_no_result_and_is_one_warning(
    absent: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(20):
        tmp_path.joinpath(f"{number}.pdf").write_bytes(text_pdf([f"Letter {number}."]))
    inputs = str(tmp_path / "*.pdf")
    with_sink = process_batch(inputs, executor="sequential", sinks=[RedisSink(absent.url, linger_seconds=0)])
    without = process_batch(inputs, executor="sequential")
    assert [(one.document.document_uuid, one.status, one.text) for one in with_sink.results] == [
        (one.document.document_uuid, one.status, one.text) for one in without.results
    ]
    (warning,) = _warnings(caplog)
    assert absent.address in warning


def test_a_server_that_comes_late_hears_of_the_batch(absent: RedisServer, status: BatchStatus) -> None:
    sink = RedisSink(absent.url)
    sink.update(status)
    absent.start()
    assert wait_until(lambda: absent.read_status("case-17"), seconds=PROMISED_RETURN_SECONDS)
    sink.close()


def test_a_server_that_was_lost_and_came_back_empty_hears_the_newest_state_again(
    server: RedisServer, status: BatchStatus, caplog: pytest.LogCaptureFixture
) -> None:
    sink = RedisSink(server.url, heartbeat_seconds=0.1)
    sink.update(status)
    assert wait_until(lambda: server.read_status("case-17"))
    server.kill()
    assert wait_until(lambda: _warnings(caplog))
    sink.update(replace(status, successful=7))
    server.start()
    stored = wait_until(lambda: server.read_status("case-17"), seconds=PROMISED_RETURN_SECONDS)
    sink.close()
    assert stored["successful"] == 7
    assert len(_warnings(caplog)) == 1


def test_a_dead_server_costs_one_warning_for_each_batch(
    absent: RedisServer, ended: BatchStatus, status: BatchStatus, caplog: pytest.LogCaptureFixture
) -> None:
    sink = RedisSink(absent.url, linger_seconds=0)
    for name in ("first", "second"):
        for number in range(5):
            sink.update(replace(status, batch_id=name, successful=number))
        sink.update(replace(ended, batch_id=name))
        assert _closed(sink) <= PROMISED_CLOSE_SECONDS
    assert ["first" in _warnings(caplog)[0], "second" in _warnings(caplog)[1], len(_warnings(caplog))] == [
        True,
        True,
        2,
    ]


def test_a_silent_server_holds_up_nobody(
    server: RedisServer, status: BatchStatus, ended: BatchStatus, caplog: pytest.LogCaptureFixture
) -> None:
    sink = RedisSink(server.url)
    sink.update(status)
    assert wait_until(lambda: server.read_status("case-17"))
    server.pause()
    began = time.monotonic()
    for number in range(1_000):
        sink.update(replace(status, pages=number))
    assert time.monotonic() - began < 30  # each call that waited for the server would take half a second
    assert wait_until(lambda: _warnings(caplog))
    sink.update(ended)
    assert _closed(sink) <= PROMISED_CLOSE_SECONDS
    assert len(_warnings(caplog)) == 1
    server.resume()
    assert wait_until(lambda: server.read_status("case-17")["status"] == "completed", seconds=PROMISED_RETURN_SECONDS)


class Overtaken(Redis):
    """A client whose transactions always come second: somebody else writes between their beginning and their end."""

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> Pipeline:
        return _Second(self.connection_pool, self.response_callbacks, transaction, shard_hint)


class _Second(Pipeline):
    def execute(self, raise_on_error: bool = True) -> list[Any]:
        Redis(connection_pool=self.connection_pool).set("batch:processing:case-17", "newer")
        return super().execute(raise_on_error)


@pytest.mark.parametrize("loss", ["silent", "silent for a while", "killed", "killed and started again"])
def test_a_batch_whose_server_is_lost_in_the_middle_loses_nothing(
    server: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, loss: str
) -> None:
    """Only after the batch, where it has not come back before, the server runs again: the last status is there then."""
    documents, is_silent = 60, loss.startswith("silent")
    for number in range(documents):
        tmp_path.joinpath(f"{number}.pdf").write_bytes(text_pdf([f"Letter {number}."]))
    sink, ended, closings = RedisSink(server.url), list[DocumentResult](), list[float]()
    come_back = server.resume if is_silent else server.start

    class Timed(NullSink):
        """Pass on what comes, and lose the server in the middle."""

        def update(self, status: BatchStatus) -> None:
            sink.update(status)

        def document(self, result: DocumentResult) -> None:
            sink.document(result)
            ended.append(result)
            if len(ended) == 10:
                wait_until(lambda: server.read_status("lost"))
                (server.pause if is_silent else server.kill)()
            if len(ended) == 20:
                wait_until(lambda: _warnings(caplog))
            if len(ended) == 40 and loss in ("silent for a while", "killed and started again"):
                come_back()

        def close(self) -> None:
            closings.append(_closed(sink))

    report = process_batch(str(tmp_path / "*.pdf"), executor="sequential", batch_id="lost", sinks=[Timed()])
    assert (report.successful, len(closings)) == (documents, 1)
    assert closings[0] <= PROMISED_CLOSE_SECONDS
    if loss in ("silent", "killed"):
        come_back()
    assert wait_until(lambda: server.read_status("lost").get("status") == "completed")
    assert server.read_status("lost")["successful"] == documents
    assert len(_warnings(caplog)) == 1


def test_a_late_transaction_of_an_older_state_is_void(server: RedisServer, status: BatchStatus) -> None:
    sink = RedisSink(client=Overtaken(port=server.port), linger_seconds=0)
    sink.update(status)
    sink.close()
    assert wait_until(lambda: not _threads())
    with server.client() as client:
        assert client.get("batch:processing:case-17") == "newer"


def test_the_last_state_arrives_also_after_the_end(absent: RedisServer, ended: BatchStatus) -> None:
    sink = RedisSink(absent.url)
    sink.update(ended)
    assert _closed(sink) <= PROMISED_CLOSE_SECONDS
    absent.start()
    assert wait_until(lambda: absent.read_status("case-17"), seconds=PROMISED_RETURN_SECONDS)
    assert wait_until(lambda: not _threads())


def test_a_last_state_that_cannot_be_delivered_is_given_up(absent: RedisServer, ended: BatchStatus) -> None:
    sink = RedisSink(absent.url, linger_seconds=0.1)
    sink.update(ended)
    sink.close()
    assert wait_until(lambda: not _threads())


# --- a guest in somebody's process ------------------------------------------------------------------------------------


def test_a_sink_serves_one_batch_after_another(server: RedisServer, ended: BatchStatus) -> None:
    sink = RedisSink(server.url)
    for name in ("first", "second", "first"):
        sink.update(replace(ended, batch_id=name, pages=len(name)))
        sink.close()
    assert server.read_status("second")["pages"] == 6
    assert server.count_calls("publish") == 3


def test_a_run_again_is_not_overwritten_by_the_end_of_the_run_before(
    absent: RedisServer, status: BatchStatus, ended: BatchStatus
) -> None:
    sink = RedisSink(absent.url)
    sink.update(replace(ended, state=BatchState.CANCELLED))
    sink.close()
    sink.update(status)
    assert wait_until(lambda: len(_threads()) == 1)
    absent.start()
    assert wait_until(lambda: absent.read_status("case-17"))
    sink.close()
    assert absent.read_status("case-17")["status"] == "processing"


def test_a_client_that_was_given_stays_open(server: RedisServer, ended: BatchStatus) -> None:
    with server.client() as client:
        sink = RedisSink(client=client)
        sink.update(ended)
        sink.close()
        assert wait_until(lambda: not _threads())
        numbers = [client.client_id(), client.client_id()]
        assert server.read_status("case-17")["status"] == "completed"
        assert numbers[0] == numbers[1]


def test_a_sink_that_was_never_used_can_be_closed(absent: RedisServer) -> None:
    RedisSink(absent.url).close()


def test_a_forked_process_has_a_thread_of_its_own(server: RedisServer) -> None:
    """The parent's thread is at rest when it forks: one that is about to connect may hold a lock of the C library."""
    script = (
        "import os, redis, sys, time\n"
        "from pdfbatch.report import BatchState, BatchStatus\n"
        "from pdfbatch.sinks.redis import RedisSink\n"
        "sink = RedisSink(sys.argv[1])\n"
        "sink.update(BatchStatus(batch_id='parent'))\n"
        "with redis.Redis.from_url(sys.argv[1]) as client:\n"
        "    while not client.exists('batch:processing:parent'):\n"
        "        time.sleep(0.01)\n"
        "if child := os.fork():\n"
        "    os.waitpid(child, 0)\n"
        "    sink.update(BatchStatus(batch_id='parent', state=BatchState.COMPLETED))\n"
        "else:\n"
        "    sink.update(BatchStatus(batch_id='child', state=BatchState.COMPLETED))\n"
        "sink.close()\n"
    )
    subprocess.run([sys.executable, "-c", script, server.url], check=True, timeout=PATIENCE_SECONDS)
    assert [server.read_status(name)["status"] for name in ("parent", "child")] == ["completed", "completed"]


def test_no_password_is_shown(absent: RedisServer, ended: BatchStatus, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    sink = RedisSink(f"redis://someone:s3cret@{absent.address}/0?password=s3cret", linger_seconds=0)
    sink.update(ended)
    sink.close()
    assert _warnings(caplog)
    assert "s3cret" not in f"{sink!r} {caplog.text}"
    assert absent.address in repr(sink)


@pytest.mark.parametrize("url", ["http://host/", "nonsense", "redis://:s3/cret@host/0", "redis://:s3cret#@host:x/0"])
def test_what_is_no_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(UsageError, match="not a URL of Redis") as caught:
        RedisSink(url)
    assert "cret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["redis://h", "rediss://u:p%2F@h:1/2", "unix:///run/redis.sock", "redis://h:0", "redis://h/x", "redis://h?db=1"],
)
def test_what_redis_py_takes_for_a_url_is_taken(url: str) -> None:
    with connect(url):
        assert RedisSink(url).server.startswith(url.partition(":")[0])


@pytest.mark.parametrize("url", ["redis://h?db=one", "redis://h?socket_timeout=soon"])
def test_options_that_redis_py_refuses_are_refused(url: str) -> None:
    with pytest.raises(UsageError, match="not a URL of Redis"):
        RedisSink(url)


def test_a_sink_does_not_load_redis_py_before_its_thread_does() -> None:
    script = "import sys; from pdfbatch.sinks.redis import RedisSink; RedisSink(); sys.exit('redis' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True, env={**os.environ})


def test_a_package_that_is_broken_costs_one_warning(tmp_path: Path) -> None:
    (tmp_path / "redis.py").write_text("raise ImportError('half installed')")
    script = (
        "import logging, sys; logging.basicConfig()\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "from pdfbatch.report import BatchStatus\n"
        "from pdfbatch.sinks.redis import RedisSink\n"
        "sink = RedisSink(); sink.update(BatchStatus(batch_id='b')); sink.close()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=PATIENCE_SECONDS
    )
    assert done.stderr.count("WARNING") == 1
    assert "pip install redis" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_expiry_of_no_time_is_refused() -> None:
    with pytest.raises(UsageError, match="expire_seconds"):
        RedisSink(expire_seconds=0)


def test_without_redis_py_the_message_says_what_to_install() -> None:
    script = (
        "import sys; sys.modules['redis'] = None\n"
        "from pdfbatch.errors import DependencyError\n"
        "from pdfbatch.sinks.redis import RedisSink\n"
        "try: RedisSink()\n"
        "except DependencyError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "pip install redis" in done.stdout


def test_importing_the_module_does_not_load_redis_py() -> None:
    script = "import sys, pdfbatch.sinks.redis; sys.exit('redis' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True, env={**os.environ})
