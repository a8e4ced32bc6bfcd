"""A TCP proxy that delays what a client sends. It is a process of its own, so that its CPU can be measured.

    python -m benchmarks.latency_proxy PORT SECONDS

It prints the loopback port where it listens, and exits when its standard input ends. A request in one packet, as those for
objects are, is delayed once; the answer is not delayed.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_CHUNK_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class LatencyProxy:
    """A running proxy: its port and its process."""

    port: int
    pid: int


@contextmanager
def latency_proxy(port: int, seconds: float) -> Generator[LatencyProxy]:
    """Run a proxy to a port of this host until the block ends."""
    command = [sys.executable, "-m", "benchmarks.latency_proxy", str(port), str(seconds)]
    here = Path(__file__).resolve().parents[1]
    with subprocess.Popen(command, cwd=here, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield LatencyProxy(int(process.stdout.readline()), process.pid)
        finally:
            process.stdin.close()


async def serve(port: int, seconds: float) -> None:
    """Listen until standard input ends."""

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_pass_on(reader, back, seconds), _pass_on(there, writer, 0.0), return_exceptions=True)

    server = await asyncio.start_server(forward, "127.0.0.1", 0, backlog=128)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    os._exit(0)  # asyncio.run would cancel what is open, and of that Python 3.11 complains at length


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    """Pass each piece on after ``seconds``, in order."""
    loop = asyncio.get_running_loop()
    while data := await reader.read(_CHUNK_BYTES):
        if seconds:
            loop.call_later(seconds, writer.write, data)
        else:
            writer.write(data)
    loop.call_later(seconds, writer.close)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
