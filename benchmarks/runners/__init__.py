"""Runners: each runs one workload in a process of its own (``python -m benchmarks.runners.NAME WORKLOAD RESULT``)."""
