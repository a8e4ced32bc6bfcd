"""Supervised worker processes."""

from pdfbatch.executors.process.executor import ProcessExecutor as ProcessExecutor
from pdfbatch.executors.process.executor import StartMethod as StartMethod
