"""Bytes, by path or URL."""

from pdfbatch.storage.storage import Storage as Storage
