"""Object stores behind a proxy, and behind certificates of a company's own: a real proxy and real TLS on loopback."""

import os
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from pdfbatch.errors import Cause, DocumentError
from pdfbatch.settings import RetryPolicy
from pdfbatch.storage import Storage
from tests.storage.forward_proxy import ForwardProxy
from tests.storage.object_server import ACCOUNT, ObjectServer
from tests.storage.tls import make_certificates

pytest.importorskip("obstore")
HOST = "storage.invalid"
# A machine that does much else may take long to shake hands.
PATIENT: dict[str, object] = {"config_kwargs": {"connect_timeout": 100, "read_timeout": 100}}
SECONDS = 100.0
OFTEN = RetryPolicy(attempts=9, backoff_seconds=0.001, max_backoff_seconds=0.001)
THRICE = RetryPolicy(attempts=3, backoff_seconds=0.001, max_backoff_seconds=0.001)


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy and no certificates but those of a test."""
    for name in os.environ:
        if name.lower().endswith(("_proxy", "ca_bundle")) or name.startswith(("SSL_CERT", "AWS_", "AZURE_", "GOOGLE_")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """The file with an authority, and a certificate of it for ``HOST`` and for this machine."""
    return make_certificates(tmp_path_factory.mktemp("certificates"), HOST)


@pytest.fixture
def server() -> Iterator[ObjectServer]:
    """An object store without TLS."""
    with ObjectServer() as running:
        yield running


@pytest.fixture
def secure_server(certificates: tuple[Path, ssl.SSLContext]) -> Iterator[ObjectServer]:
    """An object store with TLS."""
    with ObjectServer(certificate=certificates[1]) as running:
        yield running


def output(server: ObjectServer, host: str = "127.0.0.1", **more: object) -> Storage:
    """An output on the server under some name of its host."""
    scheme = server.endpoint.partition(":")[0]
    return output_at(server, f"{scheme}://{host}:{server.server_port}", **more)


def output_at(server: ObjectServer, endpoint: str, **more: object) -> Storage:
    """An output in the server's bucket, at some endpoint."""
    options = {**server.options, **PATIENT, "endpoint_url": endpoint, **more}
    return Storage(f"{server.url}/out", options, retry=THRICE, seconds=SECONDS)


def refusal(storage: Storage) -> DocumentError:
    """What a write ends with."""
    with pytest.raises(DocumentError) as caught:
        storage.write("a.txt", b"text")
    return caught.value


def test_a_proxy_of_the_environment_is_asked_with_its_password(
    server: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ForwardProxy(server.server_port) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://user:hunter2@{proxy.address}")
        storage = output(server, HOST)
        storage.write("a.txt", b"text")
        assert (storage.read("a.txt"), list(storage.names())) == (b"text", ["a.txt"])
        assert {url.partition("/out")[0].partition("?")[0] for _, url in proxy.asked} == {
            f"http://{HOST}:{server.server_port}/{server.bucket}"
        }
        assert proxy.credentials == ["Basic dXNlcjpodW50ZXIy"] * len(proxy.asked)


def test_a_tunnel_is_opened_to_a_server_whose_authority_is_named(
    secure_server: ObjectServer, certificates: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates[0]))
    with ForwardProxy(secure_server.server_port) as proxy:
        monkeypatch.setenv("https_proxy", f"http://{proxy.address}")
        storage = output(secure_server, HOST)
        storage.write("a.txt", b"text")
        assert storage.read("a.txt") == b"text"
        assert set(proxy.asked) == {("CONNECT", f"{HOST}:{secure_server.server_port}")}


@pytest.mark.parametrize("port", ["", ":{port}"], ids=["a host", "a host with its port"])
def test_no_proxy_is_asked_for_what_no_proxy_names(
    server: ObjectServer, port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", f"other.invalid,localhost{port.format(port=server.server_port)}")
    output(server, "localhost").write("a.txt", b"text")
    assert server.methods == ["PUT"]
    assert "(127.0.0.1:9: Connection refused)" in str(refusal(output(server, HOST)))


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_certificates_that_the_environment_names_are_trusted(
    secure_server: ObjectServer,
    certificates: tuple[Path, ssl.SSLContext],
    variable: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, str(certificates[0]))
    output(secure_server).write("a.txt", b"text")
    assert secure_server.methods == ["PUT"]


@pytest.mark.parametrize("protocol", ["gs", "az"])
def test_certificates_are_trusted_for_other_providers(
    secure_server: ObjectServer,
    certificates: tuple[Path, ssl.SSLContext],
    protocol: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates[0]))
    account: dict[str, object] = {"type": "service_account", "disable_oauth": True}
    account |= dict.fromkeys(("client_email", "private_key", "private_key_id"), "")
    connection = f"AccountName={ACCOUNT};AccountKey=c2VjcmV0;BlobEndpoint={secure_server.endpoint}/{ACCOUNT}"
    options: dict[str, dict[str, object]] = {
        "gs": {"endpoint_url": secure_server.endpoint, "token": account},
        "az": {"connection_string": connection},
    }
    storage = Storage(f"{protocol}://{secure_server.bucket}/out", options[protocol], retry=OFTEN, seconds=SECONDS)
    storage.write("a.txt", b"text")
    assert storage.read("a.txt") == b"text"


def test_a_server_that_is_not_trusted_is_called_so_and_asked_once(secure_server: ObjectServer) -> None:
    error = refusal(output(secure_server))
    assert (error.cause, error.transient) == (Cause.STORAGE_UNAVAILABLE, False)
    assert "the certificate of the server is not trusted" in str(error)
    assert "REQUESTS_CA_BUNDLE" in str(error)
    assert "UnknownIssuer" in str(error)
    assert secure_server.connections == 1
    output(secure_server, client_kwargs={"verify": False}).write("a.txt", b"text")


def test_why_no_answer_came_is_said_in_words(server: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> None:
    error = refusal(output_at(server, server.endpoint.replace("http:", "https:")))
    assert ("the server does not speak TLS" in str(error), error.transient) == (True, False)
    with ForwardProxy(server.server_port, status=407) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:hunter2@{proxy.address}")
        monkeypatch.setenv("HTTP_PROXY", f"http://user:hunter2@{proxy.address}")
        for endpoint in (f"https://{HOST}", f"http://{HOST}"):
            error = refusal(output_at(server, endpoint))
            assert (error.cause, error.transient, "407" in str(error)) == (Cause.STORAGE_DENIED, False, True)
            assert "hunter2" not in str(error)
        assert len(proxy.asked) == 2
        proxy.status = 502
        error = refusal(output_at(server, f"https://{HOST}"))
        assert ("the proxy does not let the connection pass" in str(error), error.transient) == (True, True)
