"""What these tests share: a Redis, applications, workers, documents."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pdfbatch.samples import tiny_pdf
from pdfbatch.testing.probes import wait_until
from pdfbatch.testing.servers import CeleryWorker, RedisServer

pytest.importorskip("celery", reason="the extra celery is not installed")

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Farm:
    """A Redis, one application on it, and workers that are stopped at the end."""

    folder: Path
    redis: RedisServer
    settings: dict[str, Any]
    app: Any
    stack: ExitStack = field(default_factory=ExitStack)

    def start(self, **options: Any) -> CeleryWorker:
        """Start a worker and wait until it is ready."""
        from tests.celery.application import VARIABLE

        worker = CeleryWorker(
            self.app,
            "tests.celery.application:app",
            self.folder,
            paths=[str(ROOT)],
            environment={VARIABLE: json.dumps(self.settings)},
            **options,
        )
        return self.stack.enter_context(worker)

    def task(self, name: str) -> Any:
        """Return a task of the application."""
        return self.app.tasks[f"pdfbatch.{name}"]

    def documents(self, count: int, gate: str = "", name: str = "d") -> list[dict[str, object]]:
        """Make documents, as entries for the tasks; with a gate they wait for a file of that name."""
        folder = self.folder / "in"
        folder.mkdir(exist_ok=True)
        entries: list[dict[str, object]] = []
        for number in range(count):
            path = folder / f"{name}{number}{f'.{gate}' if gate else ''}.pdf"
            path.write_bytes(tiny_pdf(number))
            metadata = {"custodian": "Berg"}
            entries.append(
                {
                    "document_uuid": path.stem,
                    "file_path": str(path),
                    "project_uuid": "project-1",
                    "metadata": metadata,
                }
            )
        return entries

    def journal(self) -> list[str]:
        """Return what the engine has noted."""
        path = self.folder / "journal"
        return path.read_text().splitlines() if path.exists() else []

    def wait_for(self, *lines: str) -> None:
        """Wait until the engine has noted these lines."""
        assert wait_until(lambda: set(lines) <= set(self.journal())), self.journal()

    def open(self, gate: str) -> None:
        """Let the documents go on that wait for a gate."""
        (self.folder / gate).touch()

    def wait_for_status(self, batch_id: str, **wanted: object) -> dict[str, Any]:
        """Wait until the status of a batch says this, and return it."""
        assert wait_until(lambda: wanted.items() <= self.redis.read_status(batch_id).items()), self.redis.read_status(
            batch_id
        )
        return self.redis.read_status(batch_id)


MakeFarm = Callable[..., Farm]


@pytest.fixture
def make_farm(tmp_path: Path, redis_server: RedisServer) -> Iterator[MakeFarm]:
    """A function that starts Redis and makes an application on it; keywords are its settings."""
    stack = ExitStack()

    def make(*, journal: bool = False, **settings: Any) -> Farm:
        from tests.celery.application import add_up, make_application

        redis_server.start()
        given = {"url": redis_server.url, "output": str(tmp_path / "out"), **settings}
        if journal:
            given["journal"] = str(tmp_path / "journal")
        app = make_application(given)
        app.task(add_up, name="tests.add_up")
        app.finalize()
        stack.callback(app.close)
        return Farm(tmp_path, redis_server, given, app, stack)

    with stack:
        yield make
