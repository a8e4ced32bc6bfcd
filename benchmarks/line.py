"""A long line to a server: what a client sends arrives so many seconds later. A process of its own, whose CPU can be told.

    python -m benchmarks.line PORT SECONDS

It prints the port of loopback where it listens, and ends with its standard input. A request that fits into one packet, as
those for objects do, thus waits once; the answer comes at the speed of loopback.
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
class Line:
    """A line that is open: its port, and the process that keeps it."""

    port: int
    pid: int


@contextmanager
def long_line(port: int, seconds: float) -> Generator[Line]:
    """A line to a port of this host. It ends with the block."""
    command = [sys.executable, "-m", "benchmarks.line", str(port), str(seconds)]
    here = Path(__file__).resolve().parents[1]
    with subprocess.Popen(command, cwd=here, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Line(int(process.stdout.readline()), process.pid)
        finally:
            process.stdin.close()


async def serve(port: int, seconds: float) -> None:
    """Listen until standard input ends."""

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_pass_on(reader, back, seconds), _pass_on(there, writer, 0.0), return_exceptions=True)

    server = await asyncio.start_server(meet, "127.0.0.1", 0, backlog=128)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    os._exit(0)  # asyncio.run would cancel what is open, and of that Python 3.11 complains at length


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    """Each piece after ``seconds``, in the order in which they came."""
    loop = asyncio.get_running_loop()
    while data := await reader.read(_CHUNK_BYTES):
        if seconds:
            loop.call_later(seconds, writer.write, data)
        else:
            writer.write(data)
    loop.call_later(seconds, writer.close)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
