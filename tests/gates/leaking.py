"""An engine that leaks memory, and one that watches the wall clock."""

import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from pdfbatch.ports import OpenDocument
from pdfbatch.testing import PlainEngine, plain_document

_leaked: list[bytes] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakingEngine:
    """Read plain documents, never free ``leak_bytes`` for each, and append the process id to the file ``journal``."""

    leak_bytes: int
    journal: str
    name = "leaking"
    version = "1"

    @contextmanager
    def open(
        self, source: str | bytes, *, password: str | None = None, annotations: bool = True
    ) -> Generator[OpenDocument]:
        _leaked.append(os.urandom(1) * self.leak_bytes)
        with open(self.journal, "ab", buffering=0) as file:
            file.write(f"{os.getpid()}\n".encode())
        with PlainEngine().open(source) as document:
            yield document


@dataclass(frozen=True, slots=True)
class ClockEngine:
    """Read the wall clock six times; the text of each document is by how many hours it jumped."""

    name = "clock"
    version = "1"

    @contextmanager
    def open(
        self, source: str | bytes, *, password: str | None = None, annotations: bool = True
    ) -> Generator[OpenDocument]:
        seen = [time.time() for _ in range(6)]
        with PlainEngine().open(plain_document(f"{(max(seen) - min(seen)) / 3600:.0f}")) as document:
            yield document
