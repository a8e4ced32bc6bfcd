"""Turn any pile of PDFs into text, fast, without losing a document.

    import pdfbatch

    report = pdfbatch.process_batch(["letters/*.pdf"], output="out/")
    print(report.documents_per_hour, report.failed)

Executors, engines and sinks are imported from their modules: ``pdfbatch.executors.process.ProcessExecutor``,
``pdfbatch.sinks.log.LogSink`` and so on.
"""

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pdfbatch.api import create_document_batches, process_batch, process_manifest
    from pdfbatch.errors import Cause
    from pdfbatch.inputs.manifest import Manifest
    from pdfbatch.model import Document, DocumentResult, DocumentStatus, Failure, Page
    from pdfbatch.processor import BatchProcessor
    from pdfbatch.report import BatchReport, BatchStatus
    from pdfbatch.settings import Extraction, Limits, PageRules, RetryPolicy
    from pdfbatch.storage import Storage

__version__ = "0.1.0"

__all__ = [
    "BatchProcessor",
    "BatchReport",
    "BatchStatus",
    "Cause",
    "Document",
    "DocumentResult",
    "DocumentStatus",
    "Extraction",
    "Failure",
    "Limits",
    "Manifest",
    "Page",
    "PageRules",
    "RetryPolicy",
    "Storage",
    "create_document_batches",
    "process_batch",
    "process_manifest",
]

_HOMES = {
    "BatchProcessor": "processor",
    "BatchReport": "report",
    "BatchStatus": "report",
    "Cause": "causes",
    "Extraction": "settings",
    "Limits": "settings",
    "Manifest": "manifest",
    "PageRules": "settings",
    "RetryPolicy": "settings",
    "Storage": "storage",
    "create_document_batches": "batches",
    "process_batch": "api",
    "process_manifest": "api",
}

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415

    value: object = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'model')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
