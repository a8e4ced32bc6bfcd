"""A real Celery worker, started as a process of its own, that can be killed with all its children."""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from pdfbatch.testing.probes import wait_until
from pdfbatch.testing.servers.processes import ServerError

_QUIET = ("--without-mingle", "--without-gossip", "--loglevel", "INFO")
_STOP_SECONDS = 30.0


@dataclass(slots=True, eq=False)
class CeleryWorker:
    """A worker of an application, with its log in a folder. A context manager.

    ``module`` is where the application is, as ``celery --app`` takes it; ``app`` is the same application here, by which the
    worker is asked who it is. It answers once it is entered, and is stopped when it is left. ``paths`` are put before its
    module search path.
    """

    app: Any
    module: str
    folder: Path
    pool: Literal["prefork", "threads", "solo"] = "prefork"
    concurrency: int = 1
    queues: Sequence[str] = ("default", "text", "ocr")
    paths: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    name: str = field(default_factory=lambda: f"worker-{uuid.uuid4().hex}@test")
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def pid(self) -> int:
        """Id of its main process, while it runs."""
        assert self._process is not None, "it does not run"
        return self._process.pid

    def children(self) -> list[int]:
        """Return the ids of the processes of its pool, while it runs."""
        own = str(self.pid)
        found = (path for path in Path("/proc").glob("[0-9]*") if _parent_of(path) == own)
        return sorted(int(path.name) for path in found)

    def __enter__(self) -> Self:
        """Start it and wait until it answers. Raises ``ServerError`` when it exits, or another process has its name."""
        words = ("--pool", self.pool, "--concurrency", str(self.concurrency), "--queues", ",".join(self.queues))
        command = [sys.executable, "-m", "celery", "--app", self.module, "worker", "-n", self.name, *words, *_QUIET]
        paths = os.pathsep.join([*self.paths, os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        with self._log.open("ab") as log:
            environment = {**os.environ, "PYTHONPATH": paths, **self.environment}
            process = self._process = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        answering = wait_until(lambda: process.poll() is not None or self._read_process_id())
        if answering != process.pid:
            self.kill()
            raise ServerError(f"the worker does not answer: {self._log.read_text('utf-8', 'replace')[-2000:]}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it: what it is at ends first, for a while."""
        if self._process is not None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_SECONDS)
            self.kill()

    def kill(self) -> None:
        """Kill it and the processes of its pool at one moment, as a power cut does, and wait until it is gone."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def read_log(self) -> str:
        """Return what it has written so far."""
        return self._log.read_text("utf-8", "replace")

    @property
    def _log(self) -> Path:
        return self.folder / f"{self.name.partition('@')[0]}.log"

    def _read_process_id(self) -> int:
        """Return the id of the process that answers to its name; 0 when none does."""
        if b" ready." not in self._log.read_bytes():
            return 0
        asked: Any = self.app.control.inspect(destination=[self.name], timeout=5.0, limit=1)
        answers: dict[str, Any] = asked.stats() or {}
        return int(answers[self.name]["pid"]) if self.name in answers else 0


def _parent_of(process: Path) -> str:
    try:
        return (process / "stat").read_text(errors="replace").rpartition(")")[2].split()[1]  # proc(5): field 4
    except OSError:  # it has ended
        return ""
