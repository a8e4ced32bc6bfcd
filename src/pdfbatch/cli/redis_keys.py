"""Where the command line finds batches in Redis."""

import os

from pdfbatch.sinks import DEFAULT_PREFIX


def redis_prefix() -> str:
    """Return what the names of keys begin with: the variable ``PDFBATCH_REDIS_PREFIX``, else the usual."""
    return os.environ.get("PDFBATCH_REDIS_PREFIX") or DEFAULT_PREFIX
