"""Turn any pile of PDFs into text, fast, without losing a document.

    import pdfbatch

    report = pdfbatch.process_batch(["letters/*.pdf"], output="out/")
    print(report.documents_per_hour, report.failed)

Executors, engines and sinks are imported from their modules: ``pdfbatch.executors.process.ProcessExecutor``,
``pdfbatch.sinks.log.LogSink`` and so on.
"""

import logging
from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.api import create_document_batches, process_batch, process_manifest
    from pdfbatch.dashboard import dashboard_app
    from pdfbatch.errors import Cause
    from pdfbatch.inputs import Manifest, NameList, Shard
    from pdfbatch.model import Document, DocumentResult, DocumentStatus, Failure, Page
    from pdfbatch.processor import BatchOptions, BatchProcessor
    from pdfbatch.report import BatchReport, BatchStatus
    from pdfbatch.settings import Extraction, Limits, PageRules, RetryPolicy
    from pdfbatch.shards import merge_shards
    from pdfbatch.storage import Storage
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        api="create_document_batches process_batch process_manifest",
        dashboard="dashboard_app",
        errors="Cause",
        inputs="Manifest NameList Shard",
        model="Document DocumentResult DocumentStatus Failure Page",
        processor="BatchOptions BatchProcessor",
        report="BatchReport BatchStatus",
        settings="Extraction Limits PageRules RetryPolicy",
        shards="merge_shards",
        storage="Storage",
    )

__version__ = "0.1.0"

__all__ = [
    "BatchOptions",
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
    "NameList",
    "Page",
    "PageRules",
    "RetryPolicy",
    "Shard",
    "Storage",
    "create_document_batches",
    "dashboard_app",
    "merge_shards",
    "process_batch",
    "process_manifest",
]

logging.getLogger(__name__).addHandler(logging.NullHandler())
