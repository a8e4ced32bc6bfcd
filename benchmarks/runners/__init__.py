"""What is measured: each module does one job in a process of its own (``python -m benchmarks.runners.NAME JOB OUTCOME``)."""
