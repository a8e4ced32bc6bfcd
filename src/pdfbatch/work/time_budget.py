"""The time of a task: how much it has used, and how much is left of its document's limit."""

from dataclasses import dataclass
from typing import Self

from pdfbatch.common import awake_time
from pdfbatch.errors import Cause
from pdfbatch.model import Failure
from pdfbatch.outcomes import timeout_failure
from pdfbatch.settings import Limits
from pdfbatch.tasks import Task


@dataclass(slots=True)
class TimeBudget:
    """The time of a task, which began at ``started`` and must end at ``deadline`` (of the ``awake_clock``).

    ``is_exhausted`` says that ``check`` or a page has met the deadline. It stays so, although the task may go on for a while.
    """

    started: float
    deadline: float | None
    page_timeout: float | None
    document_timeout: float | None
    is_exhausted: bool = False

    @classmethod
    def start(cls, task: Task, limits: Limits) -> Self:
        """Return the budget of a task that begins now: the document's limit less what earlier attempts used."""
        now, limit = awake_time(), limits.document_timeout
        deadline = None if limit is None else now + limit - task.used_seconds
        return cls(now, deadline, limits.page_timeout, limit)

    def seconds_since_start(self) -> float:
        """Return the seconds since the task began."""
        return awake_time() - self.started

    def check(self) -> bool:
        """Return whether the document's time is used up, and remember it in ``is_exhausted``."""
        if not self.is_exhausted and self.deadline is not None:
            self.is_exhausted = awake_time() >= self.deadline
        return self.is_exhausted

    def page_deadline(self) -> float | None:
        """Return when a page that begins now must end: at its own limit or at the document's, whichever is first."""
        own = None if self.page_timeout is None else awake_time() + self.page_timeout
        return min((end for end in (own, self.deadline) if end is not None), default=None)

    def page_failure(self, name: str, number: int, deadline: float | None) -> Failure:
        """Return the failure of a page that did not end by its ``page_deadline``; it names the limit that was met first.

        When it was the limit of the document, the budget is exhausted.
        """
        if deadline == self.deadline:
            self.is_exhausted = True
            return self.failure(name)
        seconds = "its limit" if self.page_timeout is None else f"{self.page_timeout:g} s"
        message = f"{name}: page {number}: took longer than {seconds} (page_timeout)"
        return Failure(cause=Cause.TIMEOUT, message=message)

    def failure(self, name: str) -> Failure:
        """Return the failure of a document that used up its time."""
        return timeout_failure(name, self.document_timeout)
