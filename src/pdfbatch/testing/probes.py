"""What tests of executors are made of: tasks, what came of them, and a gate for which they wait."""

import os
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

from pdfbatch.model import Document, DocumentResult
from pdfbatch.ports import Pool
from pdfbatch.tasks import ReadTask, TaskResult

PATIENCE_SECONDS = 60.0
"""After this long something hangs; no test waits for it when nothing is wrong."""


def task(name: str, **asked: object) -> ReadTask:
    """A task for ``StandInWork`` on a document of this name (which is its id too)."""
    return ReadTask(document=Document(name, name, metadata=asked))


class Interruption(BaseException):
    """What pools are left by in these tests: no error of anybody's, like ``KeyboardInterrupt``."""


def interrupt(pool: Pool) -> None:
    """Leave a pool by an exception."""
    pool.__exit__(Interruption, Interruption(), None)


def ended(future: Future[TaskResult]) -> TaskResult:
    """What a future ends with."""
    return future.result(PATIENCE_SECONDS)


def done(future: Future[TaskResult]) -> DocumentResult:
    """The document's result that a future ends with."""
    outcome = ended(future)
    assert outcome.result is not None, f"the task failed: {outcome.failure}"
    return outcome.result


def text_of(future: Future[TaskResult]) -> str:
    """The text of the document that a future ends with."""
    return done(future).text


def journal(folder: Path) -> Sequence[tuple[int, str]]:
    """The tasks that have begun, as (process id, document id)."""
    path = folder / "journal"
    lines = path.read_text().splitlines() if path.exists() else []
    return [(int(process), name) for process, name in (line.split() for line in lines)]


@contextmanager
def gate(folder: Path) -> Generator[str]:
    """A file for which tasks wait. It is made at the end, so that no thread waits for ever."""
    path = folder / "gate"
    try:
        yield str(path)
    finally:
        path.touch()


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether something becomes true in time."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def alive(process: int) -> bool:
    """Whether a process runs; one that has ended, and that nobody has asked after, does not."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return not _zombie(process)


def _zombie(process: int) -> bool:
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except OSError:  # gone meanwhile, or a system without /proc
        return False
    return status.rpartition(")")[2].split()[0] == "Z"
