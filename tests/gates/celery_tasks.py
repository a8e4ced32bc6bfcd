"""A Celery application whose task reads documents. A real worker runs it: ``celery -A tests.gates.celery_tasks worker``.

Its broker and its results are folders below the one that ``PDFBATCH_TEST_BROKER`` names, so it needs no server.
"""

import multiprocessing
import os
from pathlib import Path
from typing import Any

from celery import Celery

import pdfbatch
from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.settings import Extraction, Limits
from pdfbatch.testing import FaultyEngine
from tests.gates.nested import TIME_LIMIT

READ = "pdfbatch-tests.read"


def application(folder: Path) -> Any:
    """Return the application, for its worker and for the test that sends tasks."""
    queue, results, control = folder / "queue", folder / "results", folder / "control"
    for needed in (queue, results, control):
        needed.mkdir(parents=True, exist_ok=True)
    app: Any = Celery("pdfbatch-tests", broker="filesystem://", backend=f"file://{results}")
    app.conf.broker_transport_options = {
        "data_folder_in": str(queue),
        "data_folder_out": str(queue),
        "control_folder": str(control),
    }
    return app


def read(paths: list[str], output: str) -> dict[str, object]:
    """Run a batch; return how its documents ended, and whether this process is daemonic (may have no children)."""
    report = pdfbatch.process_batch(
        paths,
        output,
        executor=ProcessExecutor(workers=2),
        engine=FaultyEngine(),
        extraction=Extraction(ocr="never"),
        limits=Limits(document_timeout=TIME_LIMIT),
    )
    ended = [str(result.status) for result in report.results]
    endings = {status: ended.count(status) for status in sorted(set(ended))}
    return {
        "endings": endings,
        "executor": report.status.executor,
        "daemonic": multiprocessing.current_process().daemon,
    }


if folder := os.environ.get("PDFBATCH_TEST_BROKER"):
    app = application(Path(folder))
    app.task(read, name=READ)
