"""A task's time: what it has used, and what is left of the document's limit."""

import time
from dataclasses import dataclass
from typing import Self

from pdfbatch.conclude import out_of_time
from pdfbatch.model import Failure
from pdfbatch.settings import Limits
from pdfbatch.tasks import Task


@dataclass(slots=True)
class Clock:
    """A task's time: what it has used, and what is left of the document's limit. Monotonic."""

    begun: float
    end: float | None
    page_timeout: float | None
    document_timeout: float | None
    ran_out: bool = False

    @classmethod
    def started(cls, task: Task, limits: Limits) -> Self:
        """The clock of a task that begins now."""
        now, whole = time.monotonic(), limits.document_timeout
        end = None if whole is None else now + whole - task.spent_seconds
        return cls(now, end, limits.page_timeout, whole)

    def elapsed(self) -> float:
        """Seconds since the task began."""
        return time.monotonic() - self.begun

    def expired(self) -> bool:
        """Whether the document's time is used up; remembered in ``ran_out``."""
        self.ran_out = self.ran_out or (self.end is not None and time.monotonic() >= self.end)
        return self.ran_out

    def page_budget(self) -> float | None:
        """Seconds that a page may take now: its own limit, clipped to what is left of the document's."""
        left = None if self.end is None else max(self.end - time.monotonic(), 0.001)
        return min((limit for limit in (left, self.page_timeout) if limit is not None), default=None)

    def failure(self, name: str) -> Failure:
        """What became of a document that used up its time."""
        return out_of_time(name, self.document_timeout)
