"""The shipped Celery tasks, with a real Redis and real workers."""
