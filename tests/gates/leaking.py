"""Engines that show what goes on in their worker: one that leaks, and one that watches the wall clock."""

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
    """Reads plain documents, keeps ``leak_bytes`` for each, and notes its process in the file ``journal``."""

    leak_bytes: int
    journal: str
    name = "leaking"
    version = "1"

    @contextmanager
    def open(self, source: str | bytes, *, password: str | None = None) -> Generator[OpenDocument]:
        _leaked.append(os.urandom(1) * self.leak_bytes)
        with open(self.journal, "ab", buffering=0) as file:
            file.write(f"{os.getpid()}\n".encode())
        with PlainEngine().open(source) as document:
            yield document


@dataclass(frozen=True, slots=True)
class ClockEngine:
    """The text of each document is by how many hours the wall clock jumped at most while it was looked at."""

    name = "clock"
    version = "1"

    @contextmanager
    def open(self, source: str | bytes, *, password: str | None = None) -> Generator[OpenDocument]:
        seen = [time.time() for _ in range(6)]
        with PlainEngine().open(plain_document(f"{(max(seen) - min(seen)) / 3600:.0f}")) as document:
            yield document
