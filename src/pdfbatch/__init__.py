"""Turn any pile of PDFs into text, fast, without losing a document.

    import pdfbatch

    report = pdfbatch.process_batch(["letters/*.pdf"], output="out/")
    print(report.documents_per_hour, report.failed)

Values, functions and errors are names of this package, adapters are names of theirs: ``pdfbatch.executors.ProcessExecutor``,
``pdfbatch.sinks.LogSink`` and so on.
"""

import logging
from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch import engines, errors, executors, ocr, ports, samples, sinks, testing, transforms
    from pdfbatch.activity import DocumentProgress, FailedDocument, SlowDocument, WorkerActivity
    from pdfbatch.api import create_document_batches, process_batch, process_manifest, read
    from pdfbatch.batch_options import BatchOptions
    from pdfbatch.dashboard import dashboard_app
    from pdfbatch.errors import (
        BatchFailedError,
        Cause,
        DependencyError,
        DocumentError,
        DuplicateDocumentError,
        ExecutorError,
        InputError,
        ManifestError,
        NoDocumentsError,
        OutputError,
        PdfBatchError,
        PoolBrokenError,
        PoolStartError,
        ResultsUnavailableError,
        StatusUnavailableError,
        UsageError,
    )
    from pdfbatch.inputs import Manifest, NameList, Selection, Shard, documents_from
    from pdfbatch.model import (
        Counts,
        Document,
        DocumentExtras,
        DocumentResult,
        DocumentStatus,
        Failure,
        Note,
        OcrDetails,
        Page,
        Reason,
        Reread,
        TextSource,
        Xfa,
    )
    from pdfbatch.outputs import Results, export, export_pages
    from pdfbatch.processor import BatchProcessor
    from pdfbatch.report import BatchCounts, BatchReport, BatchState, BatchStatus, PageCounts, StoppedBy
    from pdfbatch.settings import Extraction, Limits, PageRules, RetryPolicy
    from pdfbatch.shards import merge_shards
    from pdfbatch.storage import Storage
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        submodules="engines errors executors ocr ports samples sinks testing transforms",
        activity="DocumentProgress FailedDocument SlowDocument WorkerActivity",
        api="create_document_batches process_batch process_manifest read",
        dashboard="dashboard_app",
        errors=(
            "BatchFailedError "
            "Cause "
            "DependencyError "
            "DocumentError "
            "DuplicateDocumentError "
            "ExecutorError "
            "ManifestError "
            "InputError "
            "NoDocumentsError "
            "OutputError "
            "PdfBatchError "
            "PoolBrokenError "
            "PoolStartError "
            "ResultsUnavailableError "
            "StatusUnavailableError "
            "UsageError"
        ),
        inputs="Manifest NameList Selection Shard documents_from",
        model=(
            "Counts "
            "Document "
            "DocumentExtras "
            "DocumentResult "
            "DocumentStatus "
            "Failure "
            "Note "
            "OcrDetails "
            "Page "
            "Reason "
            "Reread "
            "TextSource "
            "Xfa"
        ),
        outputs="Results export export_pages",
        batch_options="BatchOptions",
        processor="BatchProcessor",
        report="BatchCounts BatchReport BatchState BatchStatus PageCounts StoppedBy",
        settings="Extraction Limits PageRules RetryPolicy",
        shards="merge_shards",
        storage="Storage",
    )

__version__ = "0.1.0"

__all__ = [
    "BatchCounts",
    "BatchFailedError",
    "BatchOptions",
    "BatchProcessor",
    "BatchReport",
    "BatchState",
    "BatchStatus",
    "Cause",
    "Counts",
    "DependencyError",
    "Document",
    "DocumentError",
    "DocumentExtras",
    "DocumentProgress",
    "DocumentResult",
    "DocumentStatus",
    "DuplicateDocumentError",
    "ExecutorError",
    "Extraction",
    "FailedDocument",
    "Failure",
    "InputError",
    "Limits",
    "Manifest",
    "ManifestError",
    "NameList",
    "NoDocumentsError",
    "Note",
    "OcrDetails",
    "OutputError",
    "Page",
    "PageCounts",
    "PageRules",
    "PdfBatchError",
    "PoolBrokenError",
    "PoolStartError",
    "Reason",
    "Reread",
    "Results",
    "ResultsUnavailableError",
    "RetryPolicy",
    "Selection",
    "Shard",
    "SlowDocument",
    "StatusUnavailableError",
    "StoppedBy",
    "Storage",
    "TextSource",
    "UsageError",
    "WorkerActivity",
    "Xfa",
    "create_document_batches",
    "dashboard_app",
    "documents_from",
    "engines",
    "errors",
    "executors",
    "export",
    "export_pages",
    "merge_shards",
    "ocr",
    "ports",
    "process_batch",
    "process_manifest",
    "read",
    "samples",
    "sinks",
    "testing",
    "transforms",
]

logging.getLogger(__name__).addHandler(logging.NullHandler())
