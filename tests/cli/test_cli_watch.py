"""``pdfbatch watch`` and ``pdfbatch run --redis`` with a real server."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("redis", reason="the extra redis is not installed")

from pdfbatch.report import BatchState, BatchStatus
from pdfbatch.samples import text_pdf
from pdfbatch.sinks.redis import RedisSink
from pdfbatch.testing.probes import PATIENCE_SECONDS, wait_until
from pdfbatch.testing.servers import RedisServer
from tests.command import Ended, run_command

COMMAND = (sys.executable, "-m", "pdfbatch")
STATUS = BatchStatus(
    batch_id="case-17",
    state=BatchState.PROCESSING,
    total_documents=2_000,
    successful=119,
    failed=4,
    started_at=1_800_000_000.0,
    updated_at=1_800_003_600.0,
)


@pytest.fixture
def absent(redis_server: RedisServer) -> RedisServer:
    """A server that is not running."""
    return redis_server


@pytest.fixture
def server(absent: RedisServer) -> RedisServer:
    """A server that runs."""
    absent.start()
    return absent


def _run(*words: str, redis: str) -> Ended:
    return run_command(*words, environment={"PDFBATCH_REDIS": redis, "NO_COLOR": "1"})


def _store(server: RedisServer, *statuses: BatchStatus) -> None:
    sink = RedisSink(server.url)
    for status in statuses:
        sink.update(status)
        sink.close()


def test_without_an_id_the_recent_batches_are_listed(server: RedisServer) -> None:
    ended = [replace(STATUS, batch_id=name, state=BatchState.COMPLETED) for name in ("one", "two\nthree")]
    _store(server, *ended)
    done = _run("watch", redis=server.url)
    assert done.returncode == 0, done.stderr
    head, *lines = done.stdout.splitlines()
    assert head.split() == ["batch", "state", "began", "(UTC)", "documents", "pages", "failed"]
    assert {line.split()[0] for line in lines} == {"one", "two\\nthree"}
    assert all("completed" in line and "2027-01-15 08:00" in line and "123/2,000" in line for line in lines)


def test_the_newest_batch_under_way_is_followed_to_its_end(server: RedisServer) -> None:
    older, newer = (
        replace(STATUS, batch_id=name, started_at=began) for name, began in (("older", 1.0), ("newer", 2.0))
    )
    sinks = [RedisSink(server.url), RedisSink(server.url)]
    for sink, status in zip(sinks, (older, newer), strict=True):
        sink.update(status)
    assert wait_until(lambda: server.read_status("older") and server.read_status("newer"))
    with _watching("watch", redis=server.url) as process:
        _until_somebody_listens(server, "newer")
        sinks[1].update(replace(newer, successful=1_996, state=BatchState.COMPLETED))
        shown, told = process.communicate(timeout=PATIENCE_SECONDS)
    for sink in sinks:
        sink.close()
    assert process.returncode == 0, told
    assert shown.splitlines()[-1].startswith("newer completed after ")
    assert "2,000/2,000 documents" in shown


def test_json_is_one_status_a_line(server: RedisServer) -> None:
    sink = RedisSink(server.url)
    sink.update(STATUS)
    assert wait_until(lambda: server.read_status("case-17"))
    with _watching("watch", "case-17", "--json", redis=server.url) as process:
        _until_somebody_listens(server, "case-17")
        sink.update(replace(STATUS, state=BatchState.CANCELLED))
        shown, _ = process.communicate(timeout=PATIENCE_SECONDS)
    sink.close()
    lines = [json.loads(line) for line in shown.splitlines()]
    assert [lines[0]["status"], lines[-1]["status"]] == ["processing", "cancelled"]
    assert all((line["type"], line["batch_id"], line["stale"]) == ("status", "case-17", False) for line in lines)
    assert process.returncode == 1


def test_once_shows_what_is_known_now(server: RedisServer) -> None:
    _store(server, STATUS)
    done = _run("watch", "case-17", "--once", redis=server.url)
    assert done.stdout.startswith("case-17 processing after 1:00:00: 123/2,000 documents, 4 failed")
    assert done.returncode == 0


def test_a_batch_whose_heart_has_stopped_is_stale_and_not_followed(server: RedisServer) -> None:
    with server.client() as client:
        client.set("batch:processing:case-17", json.dumps(STATUS.as_dict() | {"heartbeat_at": "2026-01-01T00:00:00Z"}))
    done = _run("watch", "case-17", redis=server.url)
    assert "case-17 stale after 1:00:00" in done.stdout
    assert "No heartbeat since 2026-01-01T00:00:00" in done.stdout
    assert done.returncode == 1


@pytest.mark.parametrize("words", [("watch",), ("watch", "nobody"), ("watch", "nobody", "--once")])
def test_a_batch_that_is_not_there_is_said_in_one_line(server: RedisServer, words: tuple[str, ...]) -> None:
    done = _run(*words, redis=server.url)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "Redis knows of no batch" in done.stderr


def test_a_server_that_cannot_be_reached_is_said_without_the_password(absent: RedisServer) -> None:
    done = _run("watch", "--redis", absent.url.replace("//", "//someone:s3cret@"), redis="")
    assert done.returncode == 4
    assert absent.address in done.stderr
    assert "s3cret" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("named", [True, False], ids=["option", "variable"])
def test_a_run_keeps_its_status_in_redis(server: RedisServer, tmp_path: Path, named: bool) -> None:
    tmp_path.joinpath("letter.pdf").write_bytes(text_pdf(["A letter."]))
    words = (
        "run",
        str(tmp_path / "letter.pdf"),
        "-o",
        str(tmp_path / "out"),
        "--batch-id",
        "b",
        "--quiet",
        "--executor",
        "thread",
    )
    done = _run(*words, *(("--redis", server.url) if named else ()), redis="" if named else server.url)
    assert done.returncode == 0, done.stderr
    assert [server.read_status("b")[key] for key in ("status", "successful")] == ["completed", 1]


def test_a_run_without_its_redis_reads_all_the_same(absent: RedisServer, tmp_path: Path) -> None:
    tmp_path.joinpath("letter.pdf").write_bytes(text_pdf(["A letter."]))
    done = _run("run", str(tmp_path / "letter.pdf"), "-o", str(tmp_path / "out"), "--quiet", redis=absent.url)
    assert done.returncode == 0
    assert list((tmp_path / "out").rglob("*.txt"))
    assert done.stderr.count("WARNING") == 1


@pytest.mark.parametrize("given", [["--redis", "redis://:s3cret@host/0"], ["--redis=redis://:s3cret@host/0"]])
def test_the_command_to_go_on_with_does_not_repeat_the_password(given: list[str]) -> None:
    from pdfbatch.cli.summary import retry_command

    assert retry_command(["pdfbatch", "run", "in/", *given], "--resume") in (
        "pdfbatch run --resume in/ --redis URL",
        "pdfbatch run --resume in/ --redis=URL",
    )


def test_the_command_to_go_on_with_repeats_a_harmless_address() -> None:
    from pdfbatch.cli.summary import retry_command

    words = ["pdfbatch", "run", "in/", "--redis", "redis://host/0"]
    assert retry_command(words, "--resume") == "pdfbatch run --resume in/ --redis redis://host/0"


def _watching(*words: str, redis: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PDFBATCH_REDIS": redis, "NO_COLOR": "1"}
    return subprocess.Popen(
        [*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


def _until_somebody_listens(server: RedisServer, batch_id: str) -> None:
    with server.client() as client:
        assert wait_until(lambda: client.pubsub_numsub(f"batch:processing:{batch_id}")[0][1])
