"""The Celery application of the engines' runner: client and workers make the same one from the environment."""

import json
import os
from typing import Any

from celery import Celery

from pdfbatch import Extraction
from pdfbatch.celery import register_tasks

VARIABLE = "PDFBATCH_BENCHMARK_CELERY"


def make_application(settings: dict[str, Any]) -> Any:
    """Return an application on the Redis at ``url`` that writes to ``output``, with or without OCR."""
    app: Any = Celery("pdfbatch-benchmarks", broker=settings["url"], backend=settings["url"])
    app.conf.update(broker_connection_retry_on_startup=True, worker_prefetch_multiplier=1)
    register_tasks(app, output=settings["output"], extraction=Extraction(ocr=settings["ocr"], languages="eng"))
    return app


if text := os.environ.get(VARIABLE):
    app = make_application(json.loads(text))
