"""Runners of the peers. Each runs in an environment of its own, in which pdfbatch is not installed."""
