"""Ray: the contracts of executors on a real local cluster, and what is particular to it."""

from collections.abc import Generator
from importlib.util import find_spec

import pytest

from pdfbatch.executors.ray import RayExecutor
from pdfbatch.ports import Executor
from pdfbatch.testing import KillingExecutorContract

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed")


@pytest.fixture(scope="module")
def cluster() -> Generator[None]:
    """Connect this process to Ray, as a user's program may have done: what is there is used, and stays."""
    import ray

    ray.init(address="local", num_cpus=4, include_dashboard=False, log_to_driver=False)
    try:
        yield
        assert ray.is_initialized(), "a pool has closed the connection"
    finally:
        ray.shutdown()


@needs_ray
@pytest.mark.usefixtures("cluster")
class TestRayExecutor(KillingExecutorContract):
    def make_executor(self) -> Executor:
        return RayExecutor(workers=2)

    def make_unstartable_executor(self) -> Executor:
        return RayExecutor(workers=1, reserved_cpus=100, start_timeout=0.5)
