"""``BatchOptions``: what is asked of one batch."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TypedDict, cast

from pdfbatch import checks
from pdfbatch.errors import UsageError
from pdfbatch.inputs import Selection, ShardLike
from pdfbatch.model import Document


class BatchKeywords(TypedDict, total=False):
    """The fields of ``BatchOptions``, as keyword arguments of a call."""

    batch_id: str | None
    batch_size: int
    resume: bool
    retry_failed: bool
    max_failure_rate: float | None
    include: str | Sequence[str]
    exclude: str | Sequence[str]
    limit: int | None
    shard: ShardLike | None
    pages: str | int | Collection[int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOptions:
    """What is asked of one batch, while a ``BatchProcessor`` has the settings that all its batches share.

    ``batch_id``: the name under which the batch is shown, by default a new UUID. ``batch_size`` documents are counted
    together in ``report.batches``. ``resume`` leaves out documents that an earlier run finished with the same input and
    settings; ``retry_failed`` takes only those that failed there; both look into the output. The batch is ``failed`` when a
    larger share of its documents (0 to 1) than ``max_failure_rate`` fails; once 20 have ended it stops early for that.

    Of the documents that the inputs stand for, those are taken whose paths one of the patterns ``include`` matches and none of
    ``exclude`` (see ``Selection``), of these the first ``limit``, and of these the share ``shard=(3, 16)``, the third of
    sixteen. Runs that read one share each may run anywhere and at the same time, into one output; ``merge_shards`` puts their
    reports together. Give all of them the same ``batch_id``, by default ``shards-of-16``.

    Raises ``UsageError`` for values that cannot be meant.
    """

    batch_id: str | None = None
    batch_size: int = 10
    resume: bool = False
    retry_failed: bool = False
    max_failure_rate: float | None = None
    include: str | Sequence[str] = ()
    exclude: str | Sequence[str] = ()
    limit: int | None = None
    shard: ShardLike | None = None
    pages: str | int | Collection[int] | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        if self.pages is not None:
            try:
                object.__setattr__(self, "pages", checks.page_range(self.pages))
            except ValueError as error:
                raise UsageError(f"BatchOptions(pages={checks.show_value(self.pages)}): {error}") from None
        if self.batch_size < 1:
            raise UsageError(f"batch_size must be at least 1, not {self.batch_size}")
        if self.max_failure_rate is not None and not 0 <= self.max_failure_rate <= 1:
            raise UsageError(f"max_failure_rate is a share between 0 and 1, not {self.max_failure_rate:g}")
        _ = self.selection  # which checks its values

    def with_pages(self, document: Document) -> Document:
        """Return the document with the page range of the batch, unless it has one of its own."""
        return replace(document, pages=cast("str", self.pages)) if self.pages and not document.pages else document

    @property
    def selection(self) -> Selection:
        """Which of the documents are taken."""
        return Selection.from_values(include=self.include, exclude=self.exclude, limit=self.limit, shard=self.shard)
