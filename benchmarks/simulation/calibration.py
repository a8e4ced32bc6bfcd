"""What was measured, as the simulation needs it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.results import Entry, Suite

CALIBRATION, TINY = "calibration", "engines-tiny"
ENGINES = ("dask", "ray", "celery")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineCosts:
    """CPU milliseconds for each document: in the client, in the engine's servers, and in a worker beyond the reading."""

    client_ms: float
    servers_ms: float
    worker_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Measured costs. All milliseconds are CPU; ``median_pages``, ``mean_pages`` and ``ocr_share`` describe the corpus."""

    document_ms: float
    page_ms: float
    ocr_page_ms: float
    parent_ms: float
    packs_page_ms: float
    s3_parent_ms: float
    reads: float
    engine_reads: float
    writes: float
    index_bytes: float
    resume_ms: float
    passed_ms: float
    redis_commands: float
    median_pages: float
    mean_pages: float
    ocr_share: float
    engines: Mapping[str, EngineCosts]


def calibrate(suites: Sequence[Suite]) -> Calibration:
    """Take the costs from results, the first that have a case. Raises ``ValueError`` naming the case that is missing."""
    suite, cost = _find(suites, CALIBRATION), _Facts(_entries(suites, CALIBRATION))
    tiny = _Facts(_entries(suites, TINY))
    document, pages = cost.of("files", "workers_ms_per_document"), cost.pages("text")
    page = (cost.of("text", "workers_ms_per_document") - document) / (pages - 1)
    ocr = cost.of("OCR", "workers_ms_per_document") / cost.pages("OCR") - page
    plain = tiny.of("tiny: process", "workers_ms_per_document")
    client = "client_ms_per_document"
    return Calibration(
        document_ms=max(0.0, document - page),
        page_ms=page,
        ocr_page_ms=ocr,
        parent_ms=cost.of("files", client),
        packs_page_ms=max(0.0, cost.of("packs", client) - cost.of("text", client)) / pages,
        s3_parent_ms=cost.of("S3", client),
        reads=cost.of("S3", "reads_per_document"),
        engine_reads=cost.of("S3, workers download", "reads_per_document"),
        writes=cost.of("S3", "writes_per_document"),
        index_bytes=cost.of("bookkeeping, files", "index_bytes_per_document"),
        resume_ms=cost.of("bookkeeping, files", "resume_ms_per_document"),
        passed_ms=cost.of("bookkeeping, files", "passed_ms_per_document"),
        redis_commands=tiny.of("tiny: celery", "redis_commands_per_document"),
        median_pages=float(suite.corpus["median_pages"]),
        mean_pages=float(suite.corpus["pages"]) / float(suite.corpus["documents"]),
        ocr_share=float(suite.corpus["scanned_share"]),
        engines={
            name: EngineCosts(
                client_ms=tiny.of(f"tiny: {name}", "client_ms_per_document"),
                servers_ms=tiny.of(f"tiny: {name}", "servers_ms_per_document"),
                worker_ms=max(0.0, tiny.of(f"tiny: {name}", "workers_ms_per_document") - plain),
            )
            for name in ENGINES
        },
    )


def _find(suites: Sequence[Suite], case: str) -> Suite:
    found = next((suite for suite in suites if any(one.name == case for one in suite.cases)), None)
    if found is None:
        raise ValueError(f"no results of the case {case}: python -m benchmarks run {case}")
    return found


def _entries(suites: Sequence[Suite], case: str) -> Sequence[Entry]:
    return next(one.entries for one in _find(suites, case).cases if one.name == case)


class _Facts:
    """Medians of what the entries of a case have measured."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = {entry.name: entry for entry in entries if entry.has_run}

    def of(self, name: str, fact: str) -> float:
        """Return a fact. Raises ``ValueError`` when it was not measured."""
        return self._entry(name).median(lambda run: run.facts[fact])

    def pages(self, name: str) -> float:
        """Return the pages for each document."""
        return self._entry(name).median(lambda run: run.pages / run.documents)

    def _entry(self, name: str) -> Entry:
        if name not in self._entries:
            raise ValueError(f"{name!r} was not measured: run the cases {CALIBRATION} and {TINY} again")
        return self._entries[name]
