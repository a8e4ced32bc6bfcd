"""The fork server's client when the host runs out of descriptors."""

import os
import pathlib
import pickle
import select
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest
from process_works import FREE, Act

from pdfbatch.executors.process.child import LaunchSpec
from pdfbatch.executors.process.forkserver_client import ForkServerClient, can_use_forkserver
from pdfbatch.executors.process.protocol import Setup

pytestmark = pytest.mark.skipif(not can_use_forkserver(), reason="needs a fork server, so Linux")

_NEEDED = 7  # three pipes, and a pidfd


@pytest.fixture
def client(tmp_path: pathlib.Path) -> Iterator[ForkServerClient]:
    """A client whose fork server is ready."""
    launch = LaunchSpec(
        python=sys.executable,
        environment={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        setup=pickle.dumps(
            Setup(python_path=None, recycle_bytes=None, max_result_bytes=1 << 20, work=pickle.dumps(Act(limits=FREE)))
        ),
        use_forkserver=True,
    )
    client = ForkServerClient(launch, str(tmp_path))
    select.select([client], [], [], 60)
    assert client.finish_start()
    assert client.is_ready
    yield client
    client.stop()


@pytest.mark.parametrize("room", range(_NEEDED))
def test_a_fork_without_room_for_its_descriptors_leaves_none_behind(client: ForkServerClient, room: int) -> None:
    before = list_descriptors()
    with limit_room(room), pytest.raises(OSError, match="Too many open files"):
        client.fork("1")
    assert list_descriptors() == before


def test_with_room_again_it_forks(client: ForkServerClient) -> None:
    with limit_room(_NEEDED - 1), pytest.raises(OSError, match="Too many open files"):
        client.fork("1")
    with limit_room(_NEEDED):
        child = client.fork("2")
    assert child is not None
    assert not child.has_exited()
    child.close()


def list_descriptors() -> set[int]:
    """Return the descriptors that are open in this process."""
    return {int(name) for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}")}


@contextmanager
def limit_room(room: int) -> Generator[None]:
    """Let this process open so many more descriptors."""
    import resource

    taken = list_descriptors()
    free = (number for number in range(1 << 20) if number not in taken)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, ([next(free) for _ in range(room + 1)][-1], before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
