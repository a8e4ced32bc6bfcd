"""The cases: one question each."""

from benchmarks.bench import Case
from benchmarks.cases import (
    accuracy,
    duplicates,
    equality,
    executors,
    headline,
    importing,
    latency,
    memory,
    mixed,
    ocr,
    overhead,
    peers,
    recovery,
    resume,
    scaling,
    split,
    text,
)

CASES: tuple[Case, ...] = (
    text.CASE,
    overhead.CASE,
    importing.CASE,
    equality.CASE,
    ocr.CASE,
    accuracy.CASE,
    mixed.CASE,
    split.CASE,
    peers.TEXT,
    peers.OCR,
    headline.CASE,
    latency.CASE,
    executors.CASE,
    scaling.CASE,
    recovery.KILLED,
    recovery.HANGING,
    duplicates.CASE,
    resume.CASE,
    memory.CASE,
)
