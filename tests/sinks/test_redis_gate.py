"""What stands in Redis is anybody's: a checked status, or none; never an error, never the loss of the others."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdfbatch.cli.style import Style
from pdfbatch.cli.watch import batch_lines, table_lines
from pdfbatch.report import BatchStatus
from pdfbatch.sinks import RedisSink, read_status, recent_batches
from pdfbatch.sinks.redis.stored import parse_status
from pdfbatch.testing.servers import RedisServer

redis = pytest.importorskip("redis")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
DATES = st.sampled_from(
    ["0001-01-01T00:00:00", "9999-12-31T23:59:59.999999-23:59", "1969-12-31", "2026-13-01", "2026-01-01T00:00:00Z", "x"]
)
FIELDS = {
    "batch_id": JSON,
    "status": st.sampled_from(["pending", "processing", "completed", "failed", "cancelled", "odd"]) | JSON,
    "total_documents": JSON,
    "successful": st.integers() | JSON,
    "started_at": DATES | JSON,
    "updated_at": DATES | JSON,
    "heartbeat_at": DATES | JSON,
}
ODD = [
    b"\xff\xfe", b"[" * 100_000, b'{"status": "processing", "total_documents": ' + b"9" * 5_000 + b"}",
    b"null", b"[]", b'"x"', b"",
    b'{"status": "processing", "started_at": "0001-01-01T00:00:00", "updated_at": "9999-12-31T23:59:59-23:59"}',
    b'{"status": "completed", "batch_id": "\\ud800\\u001b[2J", "successful": -1, "failed": true, "pages": 1e999}',
]  # fmt: skip


def shown(stored: object) -> None:
    """Show it as ``watch`` does, if it is a status."""
    found = parse_status(stored, 30.0, 1_000.0)
    if found is not None:
        lines = [*table_lines([found], Style(coloured=False)), *batch_lines(found, Style(coloured=False))]
        assert all(line.isprintable() for line in lines)
        json.dumps(found.as_dict())
        assert found.status.successful >= 0


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.fixed_dictionaries({}, optional=FIELDS))
def test_any_object_is_a_status_or_none(data: object) -> None:
    shown(json.dumps(data))


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.binary() | st.text() | st.integers() | st.none())
def test_any_value_is_a_status_or_none(stored: object) -> None:
    shown(stored)


@pytest.mark.parametrize("stored", ODD, ids=range(len(ODD)))
def test_values_that_were_seen_are_harmless(stored: bytes) -> None:
    shown(stored)


def test_the_others_are_shown(redis_server: RedisServer) -> None:
    redis_server.start()
    sink = RedisSink(redis_server.url)
    sink.update(BatchStatus(batch_id="good", started_at=1.0, updated_at=2.0))
    sink.close()
    with redis.Redis.from_url(redis_server.url) as client:
        for number, value in enumerate(ODD[:7]):
            client.set(f"batch:processing:odd{number}", value)
            client.zadd("batch:processing", {f"odd{number}": 5e9})
        client.zadd("batch:processing", {b"\xff\xfe": 6e9})
        client.lpush("batch:processing:list", "x")
        client.zadd("batch:processing", {"list": 6e9})
        assert [batch.status.batch_id for batch in recent_batches(client)] == ["good"]
        assert read_status(client, "list") is None
        assert read_status(client, "\udcff") is None
        client.delete("batch:processing")
        client.set("batch:processing", "no index")
        assert recent_batches(client) == []
