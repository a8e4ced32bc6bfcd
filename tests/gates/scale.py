"""How much a gate does: its short form runs with all other tests, its long one when ``PDFBATCH_GATES=long``."""

import os
from typing import TypeVar

import pytest

T = TypeVar("T")

LONG = os.environ.get("PDFBATCH_GATES") == "long"


def scaled(short: T, long: T) -> T:
    """Return the value for the form that runs now."""
    return long if LONG else short


GATE = (
    pytest.mark.gate,
    pytest.mark.timeout(scaled(300, 7200)),  # against a hang, not a measure
    pytest.mark.skipif(os.name != "posix", reason="worker processes are not for Windows"),
)
"""The marks of every gate. The long form of each runs alone, because it measures."""

SOON = scaled(20.0, 2.0)
"""Seconds for what should take two. The short form may run on a busy machine: it tells soon from never."""

long_only = pytest.mark.skipif(not LONG, reason="a long gate: set PDFBATCH_GATES=long")
