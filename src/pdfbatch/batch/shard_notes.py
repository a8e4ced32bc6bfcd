"""What a batch that reads one shard notes in its report, for whoever puts the shards together."""

from dataclasses import dataclass

from pdfbatch.batch.batch_settings import describe_settings
from pdfbatch.inputs import Share
from pdfbatch.work import DocumentWork


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
