"""The parent's side of a batch: tasks, scheduling, progress, resume, duplicates."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.batch.batch import Batch
    from pdfbatch.batch.notifier import Notifier
    from pdfbatch.batch.progress import ProgressTracker
    from pdfbatch.batch.shard_notes import ShardNotes
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        batch="Batch",
        notifier="Notifier",
        progress="ProgressTracker",
        shard_notes="ShardNotes",
    )

__all__ = [
    "Batch",
    "Notifier",
    "ProgressTracker",
    "ShardNotes",
]
