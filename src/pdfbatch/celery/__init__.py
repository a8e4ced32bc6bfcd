"""Read documents on Celery workers: tasks to send, and what to tell the application of them.

    app = Celery("letters", broker="redis://localhost:6379/0", backend="redis://localhost:6379/0")
    register_tasks(app, output="s3://bucket/text")

    value = process_pdf_batch.apply_async(args=[documents, 5]).get()

``register_executor(app)`` has its workers do the work of a ``CeleryExecutor``, which sends them the documents of any batch.

Importing this gives the tasks to every application, also by ``app.autodiscover_tasks(["pdfbatch"], related_name="celery")``.
"""

from pdfbatch.api import create_document_batches
from pdfbatch.celery.configuration import register_tasks
from pdfbatch.celery.tasks import cancel_batch, process_document_manifest, process_pdf_batch
from pdfbatch.executors import CeleryExecutor, Queues, register_executor

__all__ = [
    "CeleryExecutor",
    "Queues",
    "cancel_batch",
    "create_document_batches",
    "process_document_manifest",
    "process_pdf_batch",
    "register_executor",
    "register_tasks",
]
