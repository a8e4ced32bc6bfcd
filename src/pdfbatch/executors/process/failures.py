"""How a task ends whose worker was lost or had to be killed: pure functions from what was seen to a ``TaskResult``."""

import math
import signal
from dataclasses import dataclass

from pdfbatch.errors import Cause
from pdfbatch.executors.process.current_task import CurrentTask
from pdfbatch.executors.process.deadlines import Deadline
from pdfbatch.model import Failure
from pdfbatch.tasks import Task, TaskResult

_NEAR_THE_LIMIT = 0.8
_OUT_OF_MEMORY = (b"bad_alloc", b"cannot allocate memory", b"out of memory", b"memoryerror")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """How a worker process ended.

    ``code`` is its exit code, negative for a signal as in ``subprocess``, ``None`` when somebody else in the host took it.
    ``peak_bytes`` is the most resident memory it had, 0 when unknown; ``errors`` the last that it wrote to stderr.
    """

    code: int | None
    peak_bytes: int = 0
    errors: bytes = b""

    @property
    def how(self) -> str:
        """For people: ``was killed by SIGSEGV``, ``ended with exit code 3: the last line on stderr``."""
        match self.code:
            case None:
                return "ended"
            case code if code < 0:
                return f"was killed by {_signal_name(-code)}"
            case code:
                return f"ended with exit code {code}" + (f": {self.last_line}" if self.last_line else "")

    @property
    def last_line(self) -> str:
        """The last line on stderr, which for an uncaught exception says what it was."""
        lines = self.errors.decode("utf-8", "backslashreplace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def ran_out_of_memory(self, limit: int | None) -> bool:
        """Whether memory was the reason, as far as that can be told afterwards."""
        if limit is not None and self.code is not None and self.code < 0 and self.peak_bytes >= _NEAR_THE_LIMIT * limit:
            return True
        said = self.errors.lower()
        return self.code != 0 and any(words in said for words in _OUT_OF_MEMORY)


def timed_out(task: Task, place: CurrentTask, deadline: Deadline, now: float) -> TaskResult:
    """The worker was killed because of a deadline."""
    if deadline.limit == "page_timeout":
        said = f"page {place.page} took longer than {deadline.seconds:g} s (page_timeout); its worker was stopped"
    else:
        said = f"took longer than {deadline.seconds:g} s (document_timeout); its worker was stopped{_on_page(place)}"
    return _ending(task, place, Cause.TIMEOUT, said, now)


def too_big(task: Task, place: CurrentTask, resident_bytes: int, limit: int, now: float) -> TaskResult:
    """The worker was killed because of the memory that it held."""
    held = f"its worker held {_mib(resident_bytes)}, more than {_mib(limit)} (memory_bytes)"
    return _ending(task, place, Cause.MEMORY_LIMIT, f"{held}, and was stopped{_on_page(place)}", now)


def lost(task: Task, place: CurrentTask, now: float, *, how: Exit, limit: int | None) -> TaskResult:
    """The worker died by itself, or somebody else killed it."""
    if how.ran_out_of_memory(limit):
        bound = "" if limit is None else f"; it may hold {_mib(limit)} (memory_bytes)"
        said = f"its worker ran out of memory{_on_page(place)} and {how.how}{bound}"
        return _ending(task, place, Cause.MEMORY_LIMIT, said, now)
    return _ending(task, place, Cause.WORKER_LOST, f"its worker{_during_page(place)} {how.how}", now)


def gone_astray(task: Task, place: CurrentTask, now: float) -> TaskResult:
    """The worker was killed because it no longer spoke as a worker does."""
    said = f"its worker lost the connection{_on_page(place)} and was stopped"
    return _ending(task, place, Cause.WORKER_LOST, said, now)


def unsendable(task: Task, error: Exception) -> TaskResult:
    """The task never reached a worker."""
    said = f"the task cannot be sent to a worker: {type(error).__name__}: {error}"
    return _ending(task, CurrentTask(), Cause.INTERNAL, said, 0.0)


def unreadable(task: Task, said: str) -> TaskResult:
    """The worker sent a result that is none here."""
    return _ending(task, CurrentTask(), Cause.INTERNAL, f"the result cannot be read: {said}", 0.0)


def _ending(task: Task, place: CurrentTask, cause: Cause, said: str, now: float) -> TaskResult:
    seconds = max(0.0, now - place.task_started) if math.isfinite(place.task_started) else 0.0
    failure = Failure(cause=cause, message=f"{task.document.file_path}: {said}")
    return TaskResult(failure=failure, page=place.page, seconds=seconds)


def _on_page(place: CurrentTask) -> str:
    return f" on page {place.page}" if place.page else ""


def _during_page(place: CurrentTask) -> str:
    return f", on page {place.page}," if place.page else ""


def _mib(count: int) -> str:
    return f"{count / (1 << 20):.0f} MiB"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
