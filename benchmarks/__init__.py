"""Benchmarks of pdfbatch: how fast, at what cost, beside whom. ``python -m benchmarks --help`` says how to run them."""
