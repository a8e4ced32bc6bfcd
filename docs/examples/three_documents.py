"""Read three documents, and look at the batch's status in Redis while it runs."""

import celery_app

from pdfbatch.celery import process_pdf_batch
from pdfbatch.sinks.redis import connect, read_status

documents = [
    {"document_uuid": "contract", "file_path": "s3://bucket/document1.pdf"},
    {"document_uuid": "letter", "file_path": "s3://bucket/document2.pdf"},
    {"document_uuid": "report", "file_path": "s3://bucket/document3.pdf"},
]

batch = process_pdf_batch.apply_async(args=[documents, 3])
result = batch.get()

with connect(celery_app.redis) as client:
    status = read_status(client, batch.id)  # the key batch:processing:{batch.id}

print(f"{result['successful']} of {result['total_documents']} documents in {result['duration_seconds']:.1f} s")
print("status:", "none" if status is None else status.shown_state)
