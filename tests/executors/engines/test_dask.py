"""Dask: the contracts of executors on a real cluster of processes, and what is particular to it."""

import shutil
from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path

import pytest

import pdfbatch
from pdfbatch.errors import DependencyError, UsageError, VersionMismatchError
from pdfbatch.executors.dask import DaskExecutor
from pdfbatch.ports import Executor
from pdfbatch.testing.work import StandInWork
from tests.executors.engines.dask_cluster import DaskCluster, run_dask
from tests.executors.engines.engine_contract import EngineContract, run_page, run_script

needs_dask = pytest.mark.skipif(find_spec("distributed") is None, reason="dask is not installed")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Generator[DaskCluster]:
    with run_dask(tmp_path_factory.mktemp("dask")) as cluster:
        yield cluster


@needs_dask
class TestDaskExecutor(EngineContract):
    @pytest.fixture(autouse=True)
    def _cluster(self, cluster: DaskCluster) -> Generator[None]:
        self.cluster = cluster
        yield
        assert cluster.client.status == "running", "a client that was given in was closed"

    def make_executor(self) -> Executor:
        return DaskExecutor(self.cluster.client)

    def make_unstartable_executor(self) -> Executor:
        return DaskExecutor("tcp://127.0.0.1:9", start_timeout=0.5)

    def kill_worker(self) -> None:
        self.cluster.kill_worker()

    def test_a_worker_of_another_version_is_one_clear_error(self, tmp_path: Path) -> None:
        shutil.copytree(Path(pdfbatch.__file__).parent, tmp_path / "pdfbatch")
        face = tmp_path / "pdfbatch" / "__init__.py"
        face.write_text(face.read_text("utf-8").replace(f'"{pdfbatch.__version__}"', '"0.0.1"'), "utf-8")
        self.cluster.add_workers(1, {"PYTHONPATH": str(tmp_path)})
        try:
            with pytest.raises(VersionMismatchError, match=rf"tcp:.* pdfbatch 0\.0\.1 .*{pdfbatch.__version__}"):
                pdfbatch.BatchProcessor(executor=self.make_executor()).run([b"%PDF-1.4"])
        finally:
            self.cluster.remove_worker()

    def test_a_script_needs_no_guard_for_a_cluster_of_its_own(self, tmp_path: Path) -> None:
        run_script(tmp_path, "dask")

    def test_the_code_of_its_page_does_what_it_says(self, tmp_path: Path) -> None:
        run_page(tmp_path, "dask.md", ("tcp://127.0.0.1:8786", self.cluster.address))

    def test_an_address_will_do(self) -> None:
        with DaskExecutor(self.cluster.address).start(StandInWork()) as pool:
            assert pool.capacity == 2


@pytest.mark.skipif(find_spec("distributed") is not None, reason="dask is installed")
def test_without_dask_it_says_what_to_install() -> None:
    with pytest.raises(DependencyError, match=r"pip install distributed"):
        DaskExecutor().start(StandInWork())


@pytest.mark.parametrize("wrong", [{"workers": 0}, {"slice_tasks": 0}, {"start_timeout": -1}])
def test_values_that_cannot_be_meant_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        DaskExecutor(**wrong)
