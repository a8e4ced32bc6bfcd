"""Free ports for server processes, and the error of a server that cannot be had."""

import socket
from collections.abc import Generator
from contextlib import ExitStack, contextmanager


class ServerError(Exception):
    """A server that a test needs is not installed, did not start, or is not the one that answers."""


def find_free_ports(count: int) -> list[int]:
    """Return ports of loopback that nobody listens on. Another process may take one before it is used."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@contextmanager
def reserve_port() -> Generator[int]:
    """Hold a port of loopback for a server that may start later.

    Connections to it are refused, and the system gives it to nobody else. A server that sets ``SO_REUSEADDR``, as Redis
    does, can listen on it all the same.
    """
    with socket.socket() as reservation:
        reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reservation.bind(("127.0.0.1", 0))
        yield reservation.getsockname()[1]
