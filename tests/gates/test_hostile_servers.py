"""Servers that lie about lengths, never end, or pack a gigabyte into a kilobyte: a failure each, and little memory."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pdfbatch import BatchReport, Document, Extraction, Limits, RetryPolicy, process_batch
from pdfbatch.executors import ThreadExecutor
from pdfbatch.storage import with_options
from tests.gates.conftest import Measured
from tests.gates.family import HAS_PROC, resident_bytes
from tests.gates.hostile_server import LIES, MIB, HostileServer
from tests.gates.scale import GATE, scaled

pytestmark = [*GATE, pytest.mark.skipif(not HAS_PROC, reason="needs /proc")]

PACKAGES = {"http": "aiohttp", "s3": "s3fs"}
EACH = scaled(3, 12)


@pytest.fixture
def server() -> Iterator[HostileServer]:
    """A server of its own for each test."""
    with HostileServer() as running:
        yield running


def documents(protocol: str, kind: str, count: int, server: HostileServer) -> list[Document]:
    """So many documents of a kind, behind a protocol."""
    address = f"http://127.0.0.1:{server.server_port}"
    if protocol == "http":
        return [Document(f"{address}/{kind}/{number}.pdf") for number in range(count)]
    options = {"key": "key", "secret": "secret", "client_kwargs": {"endpoint_url": address, "region_name": "us-east-1"}}
    return [with_options(Document(f"s3://{kind}/{number}.pdf"), options) for number in range(count)]


def read(found: list[Document], output: Path) -> BatchReport:
    """Read them in this process, so that its memory is all there is."""
    return process_batch(
        found,
        output,
        executor=ThreadExecutor(workers=2),
        extraction=Extraction(ocr="never"),
        limits=Limits(max_file_bytes="32M", storage_timeout=scaled(3, 20)),
        retry=RetryPolicy(attempts=1),
        deduplicate=False,
    )


@pytest.mark.parametrize("protocol", PACKAGES)
def test_no_server_makes_this_process_large(
    protocol: str, server: HostileServer, tmp_path: Path, measured: Measured
) -> None:
    pytest.importorskip(PACKAGES[protocol])
    assert read(documents(protocol, "honest", 4, server), tmp_path / "honest").failed == 0
    before, most, done = resident_bytes(os.getpid()), [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            most[0] = max(most[0], resident_bytes(os.getpid()))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        report = read([it for kind in LIES for it in documents(protocol, kind, EACH, server)], tmp_path / "out")
    finally:
        done.set()
        watcher.join()
    measured(f"grown MiB behind {protocol}", (most[0] - before) // MIB)
    assert report.failed == report.processed == EACH * len(LIES)
    assert "internal" not in report.failures_by_cause
    # Two workers, each with a body of 32 MiB at most and the pieces that it is made of. The bodies are a GiB and more.
    assert most[0] - before < 2 * 2 * 32 * MIB
