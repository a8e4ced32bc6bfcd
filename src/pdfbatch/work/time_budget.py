"""A task's time: what it has used, and what is left of the document's limit."""

import time
from dataclasses import dataclass
from typing import Self

from pdfbatch.errors import Cause
from pdfbatch.model import Failure
from pdfbatch.outcomes import out_of_time
from pdfbatch.settings import Limits
from pdfbatch.tasks import Task


@dataclass(slots=True)
class TimeBudget:
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
        end = None if whole is None else now + whole - task.used_seconds
        return cls(now, end, limits.page_timeout, whole)

    def elapsed(self) -> float:
        """Seconds since the task began."""
        return time.monotonic() - self.begun

    def expired(self) -> bool:
        """Whether the document's time is used up; remembered in ``ran_out``."""
        self.ran_out = self.ran_out or (self.end is not None and time.monotonic() >= self.end)
        return self.ran_out

    def page_end(self) -> float | None:
        """When a page that begins now must have ended: by its own limit, clipped to what is left of the document's."""
        own = None if self.page_timeout is None else time.monotonic() + self.page_timeout
        return min((end for end in (own, self.end) if end is not None), default=None)

    def late_page(self, name: str, number: int, end: float | None) -> Failure:
        """What became of a page that did not end by its ``page_end``; says which limit was the tighter one.

        When it was the document's, its time counts as used up.
        """
        if end == self.end:
            self.ran_out = True
            return self.failure(name)
        seconds = "its limit" if self.page_timeout is None else f"{self.page_timeout:g} s"
        message = f"{name}: page {number}: took longer than {seconds} (page_timeout)"
        return Failure(cause=Cause.TIMEOUT, message=message)

    def failure(self, name: str) -> Failure:
        """What became of a document that used up its time."""
        return out_of_time(name, self.document_timeout)
