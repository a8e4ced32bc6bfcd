"""Benchmarks of pdfbatch beside other libraries. Run ``python -m benchmarks --help``."""
