"""Read a batch of documents on Celery workers."""

import celery_app

from pdfbatch.celery import process_pdf_batch

celery_app.app.set_current()  # the tasks are sent by this application

documents = [
    {
        "document_uuid": f"document-{number}",
        "file_path": f"s3://bucket/document{number}.pdf",
        "project_uuid": "project-1",
        "metadata": {"custodian": "A. Berg"},
    }
    for number in range(1, 6)
]

result = process_pdf_batch.apply_async(args=[documents, 5]).get()

print(f"{result['successful']} of {result['total_documents']} documents, {result['failed']} failed")
print(f"{result['documents_per_hour']:.0f} documents per hour")
for document in result["results"]:
    print(document["document_uuid"], document["status"], document["pages"], "pages:", document["output"])
