"""Find the documents below a prefix, write a manifest of them, and read what it names on Celery workers."""

import json
import sys

import celery_app

from pdfbatch.celery import process_document_manifest
from pdfbatch.inputs import documents_from

celery_app.app.set_current()  # the tasks are sent by this application

prefix, path = sys.argv[1:] if len(sys.argv) > 2 else ("s3://bucket/discovery/", "manifest.json")

documents = [{**document.as_dict(), "project_uuid": "project-1"} for document in documents_from(prefix)]
manifest = {"id": "discovery-2024-17", "documents": documents}
with open(path, "w", encoding="utf-8") as file:
    json.dump(manifest, file, indent=2)

result = process_document_manifest.apply_async(args=[manifest, 10, 5]).get()

print(f"{result['batch_id']}: {result['successful']} of {result['total_documents']} documents")
for group in result["batches"]:
    print(f"batch {group['batch']}: {group['successful']} successful, {group['failed']} failed")
