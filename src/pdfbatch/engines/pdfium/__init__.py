"""Reads PDFs by pdfium."""

from pdfbatch.engines.pdfium.engine import PdfiumEngine as PdfiumEngine
