"""Celery applications for the tests, as users would write them: a worker and the test make the same one from the environment.

``celery --app tests.celery.application:app worker`` runs it.
"""

import json
import os
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from celery import Celery

from pdfbatch.celery import Queues, register_executor, register_tasks
from pdfbatch.engines import PdfiumEngine
from pdfbatch.ports import OpenDocument, TextEngine
from pdfbatch.settings import Extraction, Limits

VARIABLE = "PDFBATCH_TEST_CELERY"
BROKER = "PDFBATCH_TEST_BROKER"
"""The URL of another broker than the tests' own Redis, such as ``amqp://guest:guest@localhost``, to try it by hand."""


@dataclass(frozen=True)
class GatedEngine:
    """pdfium, which notes each document in ``journal`` when it begins and ends, and waits for a file that its name asks for.

    ``a.gate-1.pdf`` waits until the file ``gate-1`` is beside the journal.
    """

    journal: str
    engine: TextEngine = field(default_factory=PdfiumEngine)
    name: str = "gated"
    version: str = "1"

    @contextmanager
    def open(
        self, source: str | bytes, *, password: str | None = None, annotations: bool = True
    ) -> Generator[OpenDocument]:
        """Open a document."""
        path = Path(os.fsdecode(source))
        self._note(f"begin {path.stem}")
        gate = path.stem.partition(".")[2]
        while gate and not Path(self.journal).with_name(gate).exists():
            time.sleep(0.02)  # of a document that is slow
        with self.engine.open(source, password=password, annotations=annotations) as document:
            yield document
        self._note(f"end {path.stem}")

    def _note(self, line: str) -> None:
        with Path(self.journal).open("ab", buffering=0) as file:
            file.write(f"{line}\n".encode())


def make_application(settings: Mapping[str, Any]) -> Any:
    """Return an application: ``url``, ``output``; maybe ``conf``, ``queues``, ``lease``, ``ocr``, ``journal``, ``executor``."""
    broker = os.environ.get(BROKER, settings["url"])
    app: Any = Celery("pdfbatch-tests", broker=broker, backend=settings.get("backend", settings["url"]))
    app.conf.update(broker_connection_retry_on_startup=True, worker_prefetch_multiplier=1, **settings.get("conf", {}))
    register_tasks(
        app,
        output=settings["output"],
        extraction=Extraction(ocr="auto" if settings.get("ocr") else "never", part_pages=settings.get("part_pages", 4)),
        limits=Limits(document_timeout=settings.get("timeout", 60)),
        engine=GatedEngine(settings["journal"]) if "journal" in settings else None,
        queues=Queues(**settings.get("queues", {})),
        lease_seconds=settings.get("lease", 3.0),
        results_inline=settings.get("results_inline", 1000),
    )
    if "executor" in settings:
        register_executor(app, **settings["executor"])
    return app


def add_up(value: dict[str, Any], further: int) -> int:
    """Return the number of a batch's documents, and some more: a task that follows in a chain."""
    return int(value["total_documents"]) + further


if text := os.environ.get(VARIABLE):
    app = make_application(json.loads(text))
    app.task(add_up, name="tests.add_up")
