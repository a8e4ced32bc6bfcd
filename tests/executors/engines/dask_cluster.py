"""A real Dask cluster of processes on this machine, whose workers can be killed one by one."""

import json
import os
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from pdfbatch.executors.local_programs import LocalProgram
from pdfbatch.testing.probes import wait_until


@dataclass(slots=True)
class DaskCluster:
    """A scheduler and workers with one thread each. ``client`` is connected to it."""

    folder: Path
    stack: ExitStack
    client: Any = None
    workers: list[LocalProgram] = field(default_factory=list[LocalProgram])

    def start(self, workers: int) -> None:
        client: Any = import_module("distributed").Client

        self._run("scheduler", "--port", "0")
        assert wait_until(self._file.exists)
        self.client = self.stack.enter_context(client(self.address, set_as_default=False))
        self.add_workers(workers)

    @property
    def address(self) -> str:
        return str(json.loads(self._file.read_text("utf-8"))["address"])

    @property
    def _file(self) -> Path:
        return self.folder / "scheduler.json"

    def add_workers(self, count: int, environment: dict[str, str] | None = None) -> None:
        usual = ("--no-nanny", "--nthreads", "1", "--memory-limit", "0", "--local-directory", str(self.folder))
        self.workers += [self._run("worker", *usual, environment=environment) for _ in range(count)]
        self._wait_for_workers()

    def remove_worker(self) -> None:
        """Kill the youngest worker."""
        self.workers.pop().kill()
        self._wait_for_workers()

    def _wait_for_workers(self) -> None:
        assert wait_until(lambda: len(self.client.nthreads()) == len(self.workers)), "the workers are not all there"

    def kill_worker(self) -> None:
        """Kill the oldest worker as the kernel would, and start another."""
        self.workers.pop(0).kill()
        self.add_workers(1)

    def _run(self, role: str, *arguments: str, environment: dict[str, str] | None = None) -> LocalProgram:
        usual = ("--no-dashboard", "--scheduler-file", str(self._file), "--host", "127.0.0.1")
        program = LocalProgram(
            f"distributed.cli.dask_{role}", [*arguments, *usual], environment or {"PYTHONPATH": os.getcwd()}
        )
        return self.stack.enter_context(program)


@contextmanager
def run_dask(folder: Path, workers: int = 2) -> Generator[DaskCluster]:
    with ExitStack() as stack:
        cluster = DaskCluster(folder, stack)
        cluster.start(workers)
        yield cluster
