"""Parts of tests: tasks and their results, a gate for which tasks wait, and what a process has around it."""

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from pdfbatch.model import Document, DocumentResult
from pdfbatch.ports import Pool
from pdfbatch.tasks import ReadTask, TaskResult

T = TypeVar("T")

PATIENCE_SECONDS = 60.0
"""How long a test waits for what must happen. No test waits so long unless something is wrong."""


def task(name: str, **asked: object) -> ReadTask:
    """Return a task for ``StandInWork`` on a document whose path and id are this name."""
    return ReadTask(document=Document(name, name, metadata=asked))


class Interruption(BaseException):
    """The exception by which these tests leave a pool. Not an ``Exception``, as ``KeyboardInterrupt`` is none."""


def interrupt(pool: Pool) -> None:
    """Leave a pool by an exception."""
    pool.__exit__(Interruption, Interruption(), None)


def wait_for_result(future: Future[TaskResult]) -> TaskResult:
    """Wait for a future and return what it ends with."""
    return future.result(PATIENCE_SECONDS)


def wait_for_document(future: Future[TaskResult]) -> DocumentResult:
    """Wait for a future and return the document's result. Fails when the task failed."""
    outcome = wait_for_result(future)
    assert outcome.result is not None, f"the task failed: {outcome.failure}"
    return outcome.result


def text_of(future: Future[TaskResult]) -> str:
    """Wait for a future and return the document's text."""
    return wait_for_document(future).text


def journal(folder: Path) -> Sequence[tuple[int, str]]:
    """Read which tasks have started, as (process id, document id)."""
    path = folder / "journal"
    lines = path.read_text().splitlines() if path.exists() else []
    return [(int(process), name) for process, name in (line.split() for line in lines)]


@contextmanager
def gate(folder: Path) -> Generator[str]:
    """Give the path of a file for which tasks wait. It is made at the end, so that no thread waits for ever."""
    path = folder / "gate"
    try:
        yield str(path)
    finally:
        path.touch()


def wait_until(condition: Callable[[], T], seconds: float = PATIENCE_SECONDS) -> T:
    """Call ``condition`` until what it returns is true, and return that; return the last value when time is up.

    Assert it where it must come true: ``assert wait_until(path.exists)``.
    """
    end = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(0.01)
    return value


def alive(process: int) -> bool:
    """Return whether a process runs. A zombie, which has ended but was not waited for, does not."""
    try:
        os.kill(process, 0)
        status = Path(f"/proc/{process}/stat").read_text()
    except ProcessLookupError:
        return False
    except FileNotFoundError:  # it was reaped meanwhile, or this system has no /proc
        return not Path("/proc/self").exists()
    return status.rpartition(")")[2].split()[0] != "Z"


def list_companions() -> Counter[str]:
    """Count what this process has around it: its threads and, where there is ``/proc``, its running children, by name."""
    threads = Counter(f"thread {thread.name}" for thread in threading.enumerate())
    return threads + Counter(f"child {name}" for name in _children())


def _children() -> Iterator[str]:
    own = str(os.getpid())
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text("utf-8", "replace")
            command = (folder / "cmdline").read_text("utf-8", "replace")
        except OSError:  # it has exited
            continue
        state, parent = status.rpartition(")")[2].split()[:2]
        if parent == own and state != "Z":
            yield command.replace("\0", " ").strip()
