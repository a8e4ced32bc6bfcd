"""Azure against a real server, Azurite, where it is installed: through obstore, and through adlfs where obstore cannot.

``npm install azurite`` brings it; the session ``azure`` of nox does that.
"""

import base64
import hashlib
import hmac
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import pytest

from pdfbatch.errors import Cause, DocumentError, OutputError
from pdfbatch.inputs.sources import documents_from
from pdfbatch.samples import tiny_pdf
from pdfbatch.settings import RetryPolicy
from pdfbatch.storage import Storage
from pdfbatch.storage.documents import read_document
from pdfbatch.testing.probes import wait_until
from pdfbatch.testing.servers.processes import find_free_ports

pytest.importorskip("obstore")
ONCE = RetryPolicy(attempts=1)
# Account and key of every Azurite, as its documentation says.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
NAMES = ["%41%2Fb.txt", "A b.txt", "[x]/é + {y}.txt", "b/ü c#?.txt", "d #100% [1].pdf"]
BATCH = """
import sys
from pdfbatch import BatchProcessor, Extraction, Storage
options = {"connection_string": sys.argv[1]}
batch = BatchProcessor(output=Storage("az://bucket/text", options), extraction=Extraction(ocr="never"), workers=2)
first = batch.run([("az://bucket/in/", options)])
again = batch.run([("az://bucket/in/", options)], resume=True)
print(first.status.successful, again.status.skipped, "adlfs" in sys.modules)
"""


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A connection string that leads to a server with a container ``bucket``."""
    program = shutil.which("azurite-blob")
    if program is None:
        pytest.skip("there is no program 'azurite-blob' (npm install azurite)")
    folder, (port,) = tmp_path_factory.mktemp("azurite"), find_free_ports(1)
    command = [program, "--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, "--skipApiVersionCheck"], stdout=log, stderr=log)
    try:
        wait_until(lambda: process.poll() is not None or _make_container(port), seconds=60)
        assert process.poll() is None, (folder / "log").read_text("utf-8", "replace")
        address = f"BlobEndpoint=http://127.0.0.1:{port}/{ACCOUNT}"
        yield f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};{address};"
    finally:
        process.kill()
        process.wait()


def _make_container(port: int) -> bool:
    """Make the container ``bucket``; return whether the server has done so."""
    path, date = f"/{ACCOUNT}/bucket", datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    headers = {"x-ms-date": date, "x-ms-version": "2021-08-06"}
    named = "".join(f"{name}:{value}\n" for name, value in headers.items())
    signed = "PUT" + "\n" * 12 + f"{named}/{ACCOUNT}{path}\nrestype:container"
    signature = base64.b64encode(hmac.digest(base64.b64decode(KEY), signed.encode(), hashlib.sha256)).decode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}?restype=container",
        method="PUT",
        headers={**headers, "Authorization": f"SharedKey {ACCOUNT}:{signature}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return bool(answer.status == 201)
    except OSError:
        return False


@pytest.mark.parametrize("library", ["obstore", "adlfs"])
def test_azure_is_written_listed_read_and_deleted(connection: str, library: str) -> None:
    options: dict[str, object] = {"connection_string": connection}
    if library == "adlfs":
        if find_spec("adlfs") is None:
            pytest.skip("adlfs is not installed")
        options["max_concurrency"] = 2  # which obstore does not know
    url = f"az://bucket/{library}"
    output = Storage(url, options, retry=ONCE)
    output.check()
    for name in NAMES:
        output.write(name, name.encode())
    assert sorted(output.sizes()) == [(name, len(name.encode())) for name in NAMES]
    assert [output.read(name) for name in NAMES] == [name.encode() for name in NAMES]
    (one,) = documents_from((f"{url}/", options))
    assert read_document(one).data == b"d #100% [1].pdf"
    output.delete(NAMES[1])
    output.delete("[x]/")
    assert sorted(output.names()) == [NAMES[0], *NAMES[3:]]
    with pytest.raises(DocumentError) as caught:
        output.read("gone.txt")
    assert caught.value.cause is Cause.STORAGE_NOT_FOUND


def test_a_wrong_key_and_a_missing_container_are_told_before_any_work(connection: str) -> None:
    wrong = {"connection_string": connection.replace("AccountKey=E", "AccountKey=F")}
    with pytest.raises(OutputError, match="AuthorizationFailure"):
        Storage("az://bucket/out", wrong, retry=ONCE).check()
    with pytest.raises(OutputError, match="ContainerNotFound"):
        Storage("az://missing/out", {"connection_string": connection}, retry=ONCE).check()


def test_a_prefix_of_azure_becomes_text_under_another_and_is_skipped_later(connection: str, tmp_path: Path) -> None:
    source = Storage("az://bucket/in", {"connection_string": connection}, retry=ONCE)
    for number in range(3):
        source.write(f"{number}.pdf", tiny_pdf(number))
    command = [sys.executable, "-c", BATCH, connection]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stdout.split() == ["3", "3", "False"], done.stderr
