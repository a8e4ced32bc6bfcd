"""Reads PDFs by pypdf."""

from pdfbatch.engines.pypdf.engine import PypdfEngine as PypdfEngine
