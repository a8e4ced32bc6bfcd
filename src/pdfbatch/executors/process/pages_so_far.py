"""The pages that a worker hands over before it has done its task, through a file: what is lost with the worker is less by them.

The worker appends to it, and only before it does to a page what may end the process. Nobody is woken by that: the supervisor
reads the file when it has lost the worker.
"""

import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress

from pdfbatch.executors.process import answers
from pdfbatch.executors.process.plain_values import AnswerError
from pdfbatch.model import Page
from pdfbatch.tasks import Task, TaskResult

_HEADER = struct.Struct("<QQ")  # the task, and the length of what follows


def pages_so_far_path(folder: str) -> str:
    """Return the path of the file for the worker with this folder."""
    return os.path.join(folder, "pages-so-far")


class PagesSoFarWriter:
    """The worker's side of the file. For one thread."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._pages: dict[int, Page] = {}
        self._task = 0

    def begin(self, task: int) -> None:
        """Forget the pages of the task before."""
        self._task = task
        if self._pages:
            self._pages = {}
            with suppress(OSError):
                os.truncate(self._path, 0)

    def write(self, pages: Sequence[Page]) -> None:
        """Hand pages over, once more where they have changed. A full disk keeps them from it, and harms nothing else."""
        self._pages.update((page.number, page) for page in pages)
        with suppress(OSError):
            payload = answers.encode_result(TaskResult(pages=tuple(pages)))
            with open(self._path, "ab") as file:
                file.write(_HEADER.pack(self._task, len(payload)) + payload)

    def list_pages(self) -> tuple[Page, ...]:
        """Return the pages of this task that were handed over."""
        return tuple(self._pages.values())


def read_pages_so_far(path: str, number: int, task: Task, most_bytes: int) -> tuple[Page, ...]:
    """Return the pages of the task with this number that a worker has handed over, each as it was last.

    The file may hold anything, as a document may have taken the worker over: what is no answer ends it.
    """
    pages: dict[int, Page] = {}
    with suppress(OSError, AnswerError):
        for payload in _read_payloads(path, number, most_bytes):
            pages.update((page.number, page) for page in answers.decode_result(task, payload).pages)
    return tuple(pages.values())


def _read_payloads(path: str, number: int, most_bytes: int) -> Iterator[bytes]:
    # Opened as it is: a link, or a pipe that would keep us waiting, is not what the worker was given.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        left = min(os.fstat(descriptor).st_size, most_bytes)
        while left >= _HEADER.size:
            task, length = _HEADER.unpack(file.read(_HEADER.size))
            left -= _HEADER.size + length
            if left < 0:  # the worker was lost while it wrote
                return
            payload = file.read(length)
            if task == number:
                yield payload
