"""An HTTP server on loopback, for tests of what a server may do."""

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


class LocalServer(ThreadingHTTPServer):
    """An HTTP server at a free port of this host. A context manager; serves, in a thread, while it is entered.

    ``handler`` is a class as of ``http.server``. A handler that holds back its answer waits for ``over``, which is set when
    the server stops.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.over: threading.Event = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def address(self) -> str:
        """Where it is: host and port."""
        return f"127.0.0.1:{self.server_port}"

    def __enter__(self) -> Self:
        """Start to serve."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop. Clients that wait for an answer see their connection closed."""
        self.over.set()
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print what a handler raises, but for a client that has gone away."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)
