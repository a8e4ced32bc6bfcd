"""An engine that tries to reach the network; the text of its pages says whether it did."""

import socket
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from pdfbatch.ports import OpenDocument
from pdfbatch.testing import PlainEngine


@dataclass(frozen=True, slots=True, kw_only=True)
class LeavingEngine:
    """Return as the text of any document ``reached`` when it could connect to ``port`` of this machine, else ``kept in``."""

    port: int

    @property
    def name(self) -> str:
        return "leaving"

    @property
    def version(self) -> str:
        return "1"

    @contextmanager
    def open(
        self, source: str | bytes, *, password: str | None = None, annotations: bool = True
    ) -> Generator[OpenDocument]:
        with PlainEngine().open(self._try_to_connect().encode()) as document:
            yield document

    def _try_to_connect(self) -> str:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=10).close()
        except OSError:
            return "kept in"
        return "reached"
