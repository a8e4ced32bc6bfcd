"""Work for tests of executors: a document's metadata say what happens to its worker."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from pdfbatch.errors import Cause
from pdfbatch.model import DocumentResult, DocumentStatus, Failure, Page, TextSource
from pdfbatch.ports import SupportsPageCounts, SupportsPagesSoFar, Watch
from pdfbatch.settings import Limits
from pdfbatch.tasks import Task, TaskResult
from pdfbatch.testing.faults import HANG_SECONDS, Fault, commit, note


@dataclass(frozen=True, slots=True)
class StandInWork:
    """Work without PDFs: the text of a document is its ``file_path``, on one page. Picklable; it works in any worker.

    A document's metadata may ask for more, which happens in this order: ``journal``, the path of a file to which the task
    appends a line ("<process id> <document id>") when it starts; ``until``, the path of a file for which it waits;
    ``so_far``, the text of a page 1 to hand over, where the watch takes it;
    ``fault``, a ``Fault`` to commit; ``characters``, the length of the text instead.

    Like real work it tells its watch that it is on page 1, and that it has read two of three pages. It returns
    ``MemoryError`` as a failure and lets other errors out: with ``Fault.RAISE`` it breaks the promise of work, which an
    executor must survive.
    """

    limits: Limits = field(default_factory=Limits)

    def __call__(self, task: Task, watch: Watch | None = None) -> TaskResult:
        """Do one task."""
        started = time.monotonic()
        if watch is not None:
            watch.page(1)
        if isinstance(watch, SupportsPageCounts):
            watch.count(total=3, text_pages=2, ocr_pages=0, pending_pages=0)
        if isinstance(watch, SupportsPagesSoFar) and (so_far := task.document.metadata.get("so_far")):
            watch.hand_over([_make_page(str(so_far))], task.document.file_path)
        try:
            text = _text(task)
        except MemoryError as error:
            return TaskResult(failure=Failure(cause=Cause.MEMORY_LIMIT, message=f"{task.document.file_path}: {error}"))
        result = DocumentResult(
            document=task.document.without_content(), status=DocumentStatus.SUCCEEDED, pages=(_make_page(text),)
        )
        return TaskResult(result=result, seconds=time.monotonic() - started)


@dataclass(frozen=True, slots=True)
class PipelinedStandInWork(StandInWork):
    """``StandInWork`` in two steps: ``begin`` returns a callable when ``written`` in the metadata is the path of a file.

    The callable waits for that file, as for a slow output, and returns the result.
    """

    def begin(self, task: Task, watch: Watch | None = None) -> TaskResult | Callable[[], TaskResult]:
        """Do the part of a task that needs the processor."""
        result = self(task, watch)
        path = task.document.metadata.get("written")
        return result if path is None else partial(_return_after, str(path), result)


@dataclass(frozen=True, slots=True)
class UnloadableStandInWork(StandInWork):
    """``StandInWork`` whose ``load`` raises, as when a library is not installed. Its tasks need no library."""

    def load(self) -> None:
        """Raise ``ImportError``."""
        raise ImportError("there is no such library")


def _return_after(path: str, result: TaskResult) -> TaskResult:
    _wait_for(path)
    return result


def _make_page(text: str) -> Page:
    return Page(number=1, text=text, source=TextSource.TEXT_LAYER, reason="stand-in")


def _text(task: Task) -> str:
    asked = task.document.metadata
    journal = None if "journal" not in asked else str(asked["journal"])
    if journal is not None:
        note(journal, os.getpid(), task.document.document_uuid)
    if path := asked.get("until"):
        _wait_for(str(path))
    if fault := asked.get("fault"):
        commit(Fault(str(fault)), journal=journal)
    characters = asked.get("characters")
    return "x" * characters if isinstance(characters, int) else task.document.file_path


def _wait_for(path: str) -> None:
    end = time.monotonic() + HANG_SECONDS
    while not os.path.exists(path) and time.monotonic() < end:
        time.sleep(0.01)
