"""The settings of a batch, as its report tells them."""

from dataclasses import asdict, replace

from pdfbatch.outputs import describe
from pdfbatch.work import DocumentWork


def describe_settings(work: DocumentWork, *, deduplicate: bool) -> dict[str, object]:
    """Return the settings by their names, as JSON-ready data, without secrets."""
    extraction, engines = work.extraction, (work.engine, work.second_engine, work.ocr_engine)
    return {
        **asdict(replace(extraction, page_transform=None)),
        **asdict(work.limits),
        "page_transform": describe(extraction.page_transform),
        "engines": [engine.name for engine in engines if engine is not None],
        "deduplicate": deduplicate,
    }
