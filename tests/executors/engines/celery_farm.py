"""Real Celery workers on a real Redis of their own, that can be killed one by one."""

import json
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pdfbatch.testing.servers import CeleryWorker, RedisServer
from tests.celery.application import VARIABLE, make_application

ROOT = Path(__file__).resolve().parents[3]


@dataclass(slots=True)
class CeleryFarm:
    """A Redis, an application on it, and workers."""

    folder: Path
    pool: Literal["prefork", "threads"]
    redis: RedisServer
    settings: dict[str, Any]
    app: Any
    stack: ExitStack
    workers: list[CeleryWorker] = field(default_factory=list[CeleryWorker])

    def make_worker(self, **options: Any) -> CeleryWorker:
        """Return a worker that is not started yet."""
        settings = options.pop("settings", self.settings)
        environment = {VARIABLE: json.dumps(settings), **options.pop("environment", {})}
        usual: dict[str, Any] = {"pool": self.pool, "concurrency": 1, "paths": [str(ROOT)], "environment": environment}
        return CeleryWorker(self.app, "tests.celery.application:app", self.folder, **{**usual, **options})

    def start_worker(self) -> None:
        """Start a worker and wait until it is ready."""
        self.workers.append(self.stack.enter_context(self.make_worker()))

    def kill_worker(self) -> None:
        """Kill the oldest worker as a power cut does, and start another."""
        self.workers.pop(0).kill()
        self.start_worker()


@contextmanager
def run_celery(
    folder: Path, pool: Literal["prefork", "threads"] = "prefork", workers: int = 2, **more: Any
) -> Generator[CeleryFarm]:
    with ExitStack() as stack:
        redis = stack.enter_context(RedisServer(folder))
        redis.start()
        executor = {"secret": "a secret of the tests"}
        settings = {"url": redis.url, "output": str(folder / "out"), "executor": executor, **more}
        app = make_application(settings)
        stack.callback(app.close)
        farm = CeleryFarm(folder, pool, redis, settings, app, stack)
        for _ in range(workers):
            farm.start_worker()
        yield farm
