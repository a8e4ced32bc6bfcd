"""What the report of a batch tells of its settings, and of the shard that it reads."""

from dataclasses import asdict, dataclass, replace

from pdfbatch.inputs import Share
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardNotes:
    """The share of documents that a batch reads, the id of the whole batch, and the settings, which all shards must share."""

    batch_id: str
    share: Share
    work: DocumentWork
    deduplicate: bool

    def as_dict(self) -> dict[str, object]:
        """Return the notes as JSON-ready data: the settings by their names, without secrets."""
        settings = {
            **describe_settings(self.work, deduplicate=self.deduplicate),
            "versions": dict(self.work.versions),
        }
        return {"batch_id": self.batch_id, **self.share.as_dict(), "settings": settings}
