"""The crew's end of the fork server when the host runs out of descriptors."""

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
from pdfbatch.executors.process.forkserver_client import ForkClient, can_fork
from pdfbatch.executors.process.protocol import Setup

pytestmark = pytest.mark.skipif(not can_fork(), reason="needs a fork server, so Linux")

_NEEDED = 7  # three pipes, and a descriptor of the process


@pytest.fixture
def client(tmp_path: pathlib.Path) -> Iterator[ForkClient]:
    """A fork server that forks."""
    launch = LaunchSpec(
        python=sys.executable,
        environment={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        setup=pickle.dumps(Setup(python_path=None, recycle_bytes=None, work=pickle.dumps(Act(limits=FREE)))),
        forks=True,
    )
    client = ForkClient(launch, str(tmp_path))
    select.select([client], [], [], 60)
    assert client.hear()
    assert client.ready
    yield client
    client.end()


@pytest.mark.parametrize("room", range(_NEEDED))
def test_a_fork_without_room_for_its_descriptors_leaves_none_behind(client: ForkClient, room: int) -> None:
    before = descriptors()
    with room_for(room), pytest.raises(OSError, match="Too many open files"):
        client.fork("1")
    assert descriptors() == before


def test_with_room_again_it_forks(client: ForkClient) -> None:
    with room_for(_NEEDED - 1), pytest.raises(OSError, match="Too many open files"):
        client.fork("1")
    with room_for(_NEEDED):
        child = client.fork("2")
    assert child is not None
    assert not child.has_exited()
    child.close()


def descriptors() -> set[int]:
    """Those that are open in this process."""
    return {int(name) for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}")}


@contextmanager
def room_for(room: int) -> Generator[None]:
    """This process can open so many more."""
    import resource

    taken = descriptors()
    free = (number for number in range(1 << 20) if number not in taken)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, ([next(free) for _ in range(room + 1)][-1], before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
