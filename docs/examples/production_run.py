"""Read the documents of a manifest on Celery workers, and show how it goes.

python production_run.py manifest.json --batch-size 10 --workers 5
"""

import argparse
import json
import time

import celery_app

from pdfbatch.celery import create_document_batches, process_document_manifest
from pdfbatch.sinks.redis import connect, read_status

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("manifest")
parser.add_argument("--batch-size", type=int, default=10)
parser.add_argument("--workers", type=int, default=5)
arguments = parser.parse_args()

with open(arguments.manifest, encoding="utf-8") as file:
    manifest = json.load(file)
documents: list[dict[str, object]] = manifest["documents"]
batches = create_document_batches(documents, arguments.batch_size)
print(f"{len(documents)} documents in {len(batches)} batches, {arguments.workers} at one time")

sent = process_document_manifest.apply_async(args=[manifest, arguments.batch_size, arguments.workers])
with connect(celery_app.redis) as client:
    while not sent.ready():
        if (update := read_status(client, manifest["id"])) is not None:
            print(f"{update.status.processed} of {update.status.total_documents}: {update.shown_state}")
        time.sleep(1)

result = sent.get()
print(f"{result['successful']} successful, {result['failed']} failed; results: {result['results_at']}")
raise SystemExit(1 if result["failed"] else 0)
