"""The Celery application of the examples: workers and those who send tasks import it.

redis-server & celery --app celery_app worker --queues default,text,ocr
"""

import os

from celery import Celery

from pdfbatch.celery import register_tasks

redis = os.environ.get("REDIS_URL", "redis://localhost:6379/0")

app = Celery("discovery", broker=redis, backend=redis)
register_tasks(app, output=os.environ.get("PDFBATCH_OUTPUT", "s3://bucket/text"))
