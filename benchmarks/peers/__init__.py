"""Other ways to do the same: each module is a runner for an environment of its own, where pdfbatch is not installed."""
