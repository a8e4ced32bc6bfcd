"""Ray: the contracts of executors on a real local cluster, and what is particular to it."""

import os
import signal
from collections.abc import Generator, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pdfbatch.errors import DependencyError, UsageError
from pdfbatch.executors.ray import RayExecutor
from pdfbatch.ports import Executor
from pdfbatch.testing.probes import wait_until
from pdfbatch.testing.work import StandInWork
from tests.executors.engines.engine_contract import EngineContract, run_page, run_script

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed")


@pytest.fixture(scope="module")
def cluster() -> Generator[str]:
    """Connect this process to Ray, as a user's program may have done: what is there is used, and stays."""
    ray: Any = import_module("ray")
    ray.init(address="local", num_cpus=4, include_dashboard=False, log_to_driver=False)
    try:
        yield str(ray.get_runtime_context().gcs_address)
        assert ray.is_initialized(), "a pool has closed the connection"
    finally:
        ray.shutdown()


@needs_ray
@pytest.mark.timeout(600)  # Ray takes its time to start on a busy machine
def test_a_script_needs_no_guard_for_a_ray_of_its_own(tmp_path: Path) -> None:
    # Before the tests that have a cluster, so that there is one at a time.
    run_script(tmp_path, "ray")


@needs_ray
@pytest.mark.usefixtures("cluster")
class TestRayExecutor(EngineContract):
    def make_executor(self) -> Executor:
        return RayExecutor(workers=2)

    def make_unstartable_executor(self) -> Executor:
        return RayExecutor(workers=1, reserved_cpus=100, start_timeout=0.5)

    def kill_worker(self) -> None:
        """Kill the process of an actor; Ray starts another."""
        assert wait_until(lambda: list(_find_actors()))
        os.kill(next(_find_actors()), signal.SIGKILL)


def _find_actors() -> Iterator[int]:
    """Yield the processes of actors that this process's own Ray has started: children of a child of this process."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "cmdline").read_bytes().startswith(b"ray::_Actor") and _parent(
                _parent(int(folder.name))
            ) == os.getpid():
                yield int(folder.name)
        except OSError:  # it has just ended
            continue


def _parent(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[1])


@needs_ray
def test_the_code_of_its_page_does_what_it_says(cluster: str, tmp_path: Path) -> None:
    run_page(tmp_path, "ray.md", ("auto", cluster))


@pytest.mark.skipif(find_spec("ray") is not None, reason="ray is installed")
def test_without_ray_it_says_what_to_install() -> None:
    with pytest.raises(DependencyError, match=r"pip install ray"):
        RayExecutor().start(StandInWork())


@pytest.mark.parametrize("wrong", [{"workers": 0}, {"slice_tasks": 0}, {"start_timeout": -1}, {"reserved_cpus": -1}])
def test_values_that_cannot_be_meant_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        RayExecutor(**wrong)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
