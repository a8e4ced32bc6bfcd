"""Dask: the contracts of executors on a real cluster of processes, and what is particular to it."""

from collections.abc import Generator
from importlib.util import find_spec

import pytest

from pdfbatch.executors.dask import DaskExecutor
from pdfbatch.ports import Executor
from pdfbatch.testing import KillingExecutorContract
from tests.executors.engines.dask_cluster import DaskCluster, run_dask

needs_dask = pytest.mark.skipif(find_spec("distributed") is None, reason="dask is not installed")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Generator[DaskCluster]:
    with run_dask(tmp_path_factory.mktemp("dask")) as cluster:
        yield cluster


@needs_dask
class TestDaskExecutor(KillingExecutorContract):
    @pytest.fixture(autouse=True)
    def _cluster(self, cluster: DaskCluster) -> None:
        self.cluster = cluster

    def make_executor(self) -> Executor:
        return DaskExecutor(self.cluster.client)

    def make_unstartable_executor(self) -> Executor:
        return DaskExecutor("tcp://127.0.0.1:9", start_timeout=0.5)
