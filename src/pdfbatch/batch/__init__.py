"""The parent's side of a batch: tasks, scheduling, progress, resume, duplicates."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.batch.attempts import complete_document, find_failure, plan_next_attempt
    from pdfbatch.batch.batch import Batch
    from pdfbatch.batch.batch_settings import ShardNotes
    from pdfbatch.batch.notifier import Notifier
    from pdfbatch.batch.progress import PageTally, ProgressTracker, find_percentiles
    from pdfbatch.batch.resume import ResumeState, load_resume_state
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        attempts="complete_document find_failure plan_next_attempt",
        batch="Batch",
        notifier="Notifier",
        progress="PageTally ProgressTracker find_percentiles",
        resume="ResumeState load_resume_state",
        batch_settings="ShardNotes",
    )

__all__ = [
    "Batch",
    "Notifier",
    "PageTally",
    "ProgressTracker",
    "ResumeState",
    "ShardNotes",
    "complete_document",
    "find_failure",
    "find_percentiles",
    "load_resume_state",
    "plan_next_attempt",
]
