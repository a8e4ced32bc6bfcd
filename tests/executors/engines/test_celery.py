"""Celery: the contracts of executors on real workers with processes and with threads, and what is particular to it."""

from collections.abc import Generator

import pytest

from pdfbatch.executors import CeleryExecutor
from pdfbatch.ports import Executor
from tests.celery.application import make_application
from tests.executors.engines.celery_farm import CeleryFarm, run_celery
from tests.executors.engines.engine_contract import EngineContract


@pytest.fixture(scope="module", params=["prefork", "threads"])
def farm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[CeleryFarm]:
    with run_celery(tmp_path_factory.mktemp("celery"), request.param) as farm:
        yield farm


class TestCeleryExecutor(EngineContract):
    @pytest.fixture(autouse=True)
    def _farm(self, farm: CeleryFarm) -> None:
        self.farm = farm

    def make_executor(self) -> Executor:
        return CeleryExecutor(self.farm.app, lease_seconds=3)

    def make_unstartable_executor(self) -> Executor:
        dead = make_application({"url": "redis://127.0.0.1:9/0", "output": "out"})
        return CeleryExecutor(dead, start_timeout=0.5)

    def kill_worker(self) -> None:
        self.farm.kill_worker()
