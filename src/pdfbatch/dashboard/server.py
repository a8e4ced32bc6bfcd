"""Serve the dashboard by uvicorn, on one address."""

import socket
from collections.abc import Callable

from pdfbatch.dashboard.app import Source, dashboard_app
from pdfbatch.errors import DependencyError, UsageError

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def serve(
    source: Source,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    token: str | None = None,
    on_start: Callable[[str], object] | None = None,
) -> None:
    """Serve the dashboard until the process is interrupted. ``on_start`` is called with its address.

    Port 0 takes one that is free. On a loopback address only its own names are answered to, so that no page of another site
    can read what is shown. Raises ``UsageError`` when the address cannot be had, ``DependencyError`` without uvicorn.
    """
    try:
        import uvicorn  # noqa: PLC0415 (an extra, loaded when used)
    except ImportError as error:
        raise DependencyError("The dashboard needs the package uvicorn: pip install starlette uvicorn redis") from error
    is_loopback = host in _LOOPBACK or host.startswith("127.")
    hosts = ("localhost", "127.0.0.1", "[::1]", host) if is_loopback else None
    app = dashboard_app(source, token=token, hosts=hosts)
    with _listen(host, port) as listener:
        name = f"[{host}]" if ":" in host else host
        address = f"http://{name}:{listener.getsockname()[1]}/"

        class Server(uvicorn.Server):
            """A server that tells its address once it handles signals itself: whoever reads it may stop the server at once."""

            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                await super().startup(sockets=sockets)
                if on_start is not None:
                    on_start(address)

        # Streams never end by themselves: whoever stops the server does not wait for them.
        settings = uvicorn.Config(
            app, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=1, server_header=False
        )
        Server(settings).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        raise UsageError(f"{host}:{port} cannot be served: {getattr(error, 'strerror', None) or error}") from error
    return listener
