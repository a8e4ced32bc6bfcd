"""RedisSink and its readers against a cluster, sentinels, TLS, an access list and a prefix: all of them real."""

import socket
import ssl
import threading
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest

pytest.importorskip("redis", reason="the extra redis is not installed")

from pdfbatch.errors import UsageError
from pdfbatch.report import BatchState, BatchStatus
from pdfbatch.sinks.redis import RedisSink, connect, follow, read_status, recent_batches
from pdfbatch.sinks.redis.keys import StatusKeys
from pdfbatch.testing.probes import wait_until
from pdfbatch.testing.servers import RedisServer

WRITER = (
    "~batch:processing* &batch:processing:* +watch +unwatch +multi +exec +set +publish +zadd +zremrangebyscore "
    "+zremrangebyrank +expire"
)
IN_A_CLUSTER = "+cluster|slots +cluster|shards +cluster|nodes +command"
READER = "~batch:processing* &batch:processing:* +get +mget +zrevrange +subscribe +psubscribe +unsubscribe"


@pytest.fixture
def others() -> set[threading.Thread]:
    """The threads of other tests, whose sinks may still try."""
    return set(threading.enumerate())


def is_sending(others: set[threading.Thread]) -> bool:
    """Return whether a sink of this test has something to send."""
    return any(thread.name.startswith("pdfbatch-status") for thread in set(threading.enumerate()) - others)


def send_and_read(url: str, status: BatchStatus, reader_url: str = "", prefix: str = "batch:processing:") -> None:
    """Send a batch from its beginning to its end, and read it in all three ways."""
    ended = replace(status, state=BatchState.COMPLETED)
    sink = RedisSink(url, key_prefix=prefix)
    sink.update(status)
    sink.update(ended)
    sink.close()
    with connect(reader_url or url) as client:
        found = read_status(client, status.batch_id, key_prefix=prefix)
        assert found is not None, "nothing arrived"
        assert found.status == ended
        assert [batch.status for batch in recent_batches(client, key_prefix=prefix)] == [ended]
        assert [batch.shown_state for batch in follow(client, status.batch_id, key_prefix=prefix)] == ["completed"]


def test_a_cluster_takes_a_batch_and_gives_it_back(redis_server: RedisServer, status: BatchStatus) -> None:
    redis_server.start_cluster()
    send_and_read(f"redis+cluster://{redis_server.address}", status)


def test_a_cluster_that_comes_later_gets_the_last_state(
    redis_server: RedisServer, status: BatchStatus, others: set[threading.Thread]
) -> None:
    sink = RedisSink(f"redis+cluster://{redis_server.address}")
    sink.update(replace(status, state=BatchState.COMPLETED))
    sink.close()
    redis_server.start_cluster()
    assert wait_until(lambda: not is_sending(others)), "it still tries"
    with connect(f"redis+cluster://{redis_server.address}") as client:
        assert read_status(client, status.batch_id) is not None


def test_batches_in_many_slots_of_a_cluster_are_listed(redis_server: RedisServer, status: BatchStatus) -> None:
    redis_server.start_cluster()
    url, names = f"redis+cluster://{redis_server.address}", {"one", "two", "{three}", "four}{"}
    for name in names:
        sink = RedisSink(url)
        sink.update(replace(status, batch_id=name, state=BatchState.COMPLETED))
        sink.close()
    with connect(url) as client:
        assert {batch.status.batch_id for batch in recent_batches(client)} == names


def test_a_sentinel_names_the_server(redis_server: RedisServer, status: BatchStatus, tmp_path: Path) -> None:
    redis_server.start()
    with RedisServer(tmp_path) as sentinel:
        sentinel.start_sentinel("letters", redis_server)
        send_and_read(f"redis+sentinel://{sentinel.address}/letters/0", status)


@pytest.mark.parametrize("kind", ["redis", "redis+cluster"])
def test_an_access_list_of_the_documentation_is_enough(
    redis_server: RedisServer, status: BatchStatus, kind: str
) -> None:
    is_cluster = kind == "redis+cluster"
    start = redis_server.start_cluster if is_cluster else redis_server.start
    start()
    more = IN_A_CLUSTER.split() if is_cluster else []
    with redis_server.client() as client:
        client.execute_command("ACL", "SETUSER", "writer", "on", ">secret", *WRITER.split(), *more)
        client.execute_command("ACL", "SETUSER", "reader", "on", ">secret", *READER.split(), *more)
        client.execute_command("ACL", "SETUSER", "default", "-@all", "+ping", "+info")
    address = redis_server.address
    send_and_read(f"{kind}://writer:secret@{address}", status, f"{kind}://reader:secret@{address}")


def test_the_documentation_has_these_access_lists() -> None:
    text = " ".join((Path(__file__).parents[2] / "docs" / "reference" / "status.md").read_text("utf-8").split())
    assert all(f"`{words}`" in text for words in (WRITER, READER, IN_A_CLUSTER))


def test_another_prefix_is_another_place(redis_server: RedisServer, status: BatchStatus) -> None:
    redis_server.start()
    send_and_read(redis_server.url, status, prefix="letters:")
    with redis_server.client() as client:
        assert read_status(client, status.batch_id) is None
        assert sorted(client.keys("*")) == [
            "letters",
            StatusKeys("letters:").figures(status.batch_id),
            f"letters:{status.batch_id}",
        ]


def test_tls_is_spoken_and_certificates_are_checked(
    redis_server: RedisServer,
    status: BatchStatus,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    others: set[threading.Thread],
) -> None:
    redis_server.start()
    certificate = make_certificate(tmp_path)
    with tls_in_front_of(redis_server.port, certificate) as port:
        send_and_read(f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={certificate}", status)
        strangers = {thread.name for thread in others}
        assert [record for record in caplog.records if record.threadName not in strangers] == []
        sink = RedisSink(f"rediss://127.0.0.1:{port}/0", linger_seconds=0)  # which nobody has signed that is known here
        sink.update(status)
        sink.close()
    assert "certificate" in caplog.text.lower()
    assert wait_until(lambda: not is_sending(others))


def test_without_paths_documents_are_named_by_their_ids(redis_server: RedisServer, status: BatchStatus) -> None:
    from pdfbatch.activity import DocumentProgress, FailedDocument

    redis_server.start()
    sink = RedisSink(redis_server.url, show_paths=False)
    sink.update(
        replace(
            status,
            output="/secret/out",
            documents_in_flight=(DocumentProgress(document_uuid="1", file_path="/secret/a.pdf", pages=3),),
            recent_failures=(
                FailedDocument(document_uuid="2", file_path="/secret/b.pdf", cause="malformed", message="secret"),
            ),
        )
    )
    sink.close()
    stored = redis_server.read_status(status.batch_id)
    assert "secret" not in str(stored)
    assert [stored["documents_in_flight"][0][name] for name in ("document_uuid", "pages")] == ["1", 3]


@pytest.mark.parametrize(
    "url",
    [
        "redis+sentinel://host",
        "redis+sentinel://host/a/b",
        "redis+cluster://host/3",
        "redis+cluster://u:secret@host:x",
        "rediss+odd://u:secret@host",
        "redis+sentinel://one,two:secret/x",
    ],
)
def test_a_url_that_leads_nowhere_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        RedisSink(url)
    assert "secret" not in str(caught.value)


def test_the_address_that_is_shown_has_all_hosts_and_no_password() -> None:
    sink = RedisSink("rediss+sentinel://user:secret@one:26379,two/letters/1?sentinel_password=other")
    assert sink.server == "rediss+sentinel://one:26379,two/letters/1"
    assert "secret" not in repr(sink)


# --- TLS --------------------------------------------------------------------------------------------------------------


def make_certificate(folder: Path) -> Path:
    """Write a certificate for this machine, signed by itself, and its key, into one file."""
    pytest.importorskip("cryptography")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    names = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "redis.pem"
    plain = serialization.NoEncryption()
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


@contextmanager
def tls_in_front_of(port: int, certificate: Path) -> Generator[int]:
    """Yield a port that speaks TLS and hands on to another, for a server that was built without it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, context, port), daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, context: ssl.SSLContext, port: int) -> None:
    with suppress(OSError):
        while True:
            plain, _ = listener.accept()
            threading.Thread(target=_serve, args=(plain, context, port), daemon=True).start()


def _serve(plain: socket.socket, context: ssl.SSLContext, port: int) -> None:
    with ExitStack() as stack, suppress(OSError):
        outer = stack.enter_context(context.wrap_socket(stack.enter_context(plain), server_side=True))
        inner = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        back = threading.Thread(target=_copy, args=(inner, outer), daemon=True)
        back.start()
        _copy(outer, inner)
        back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        for data in _blocks(source):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


def _blocks(source: socket.socket) -> Iterator[bytes]:
    while data := source.recv(1 << 16):
        yield data


@pytest.mark.parametrize("batch_id", ["case-17", "", "a b", "{three}", "a{b}c", "{", "x{y", "é"])
def test_status_and_figures_of_a_batch_lie_in_one_slot(batch_id: str) -> None:
    from redis.crc import key_slot

    keys = StatusKeys()
    assert key_slot(keys.status(batch_id).encode()) == key_slot(keys.figures(batch_id).encode())


def test_no_two_batches_share_the_name_of_figures() -> None:
    ids = ["", "a", "{a}", "a}", "{a", "four}{", "batch:processing:a", "{batch:processing:a}"]
    assert len({StatusKeys().figures(batch_id) for batch_id in ids}) == len(ids)
