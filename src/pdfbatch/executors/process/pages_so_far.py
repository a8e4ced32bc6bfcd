"""The pages that a worker hands over before it has done its task, through a file: what is lost with the worker is less by them.

The worker appends to it, and only before it does to a page what may end the process. Nobody is woken by that: the supervisor
reads the file when it has lost the worker.
"""

import os
import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from pdfbatch.executors.process import answers
from pdfbatch.executors.process.plain_values import AnswerError
from pdfbatch.model import Page
from pdfbatch.tasks import Task, TaskResult

_HEADER = struct.Struct("<QQ")  # the task, and the length of what follows
_MOST_BYTES = 1 << 28
"""More is not read of a file. The pages of a document have less, each of them twice, by the usual ``max_text_bytes``."""


def pages_so_far_path(folder: str) -> str:
    """Return the path of the file for the worker with this folder."""
    return os.path.join(folder, "pages-so-far")


@dataclass(slots=True)
class PagesSoFar:
    """Pages by their numbers, each as it was handed over last, and the fingerprint of their document."""

    pages: dict[int, Page] = field(default_factory=dict[int, Page])
    fingerprint: str = ""

    def update(self, pages: Iterable[Page], fingerprint: str) -> None:
        """Take pages, some of them perhaps anew."""
        self.pages.update((page.number, page) for page in pages)
        self.fingerprint = fingerprint

    def add_to(self, result: TaskResult) -> TaskResult:
        """Return the failed result of their task with them."""
        return replace(result, pages=tuple(self.pages.values()), fingerprint=self.fingerprint)


class PagesSoFarWriter:
    """The worker's side of the file. For one thread. ``so_far`` are the pages of this task."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._task = self._length = 0
        self.so_far: PagesSoFar = PagesSoFar()

    def begin(self, task: int) -> None:
        """Forget the pages of the task before."""
        self._task = task
        if self.so_far.pages:
            self.so_far = PagesSoFar()
            with suppress(OSError):
                os.truncate(self._path, 0)
                self._length = 0

    def write(self, pages: Sequence[Page], fingerprint: str) -> None:
        """Hand pages over, once more where they have changed.

        A full disk keeps them from it, and values of the caller's that cannot be sent. It harms nothing else.
        """
        self.so_far.update(pages, fingerprint)
        with suppress(Exception), open(self._path, "ab", buffering=0) as file:
            payload = answers.encode_result(TaskResult(pages=tuple(pages), fingerprint=fingerprint))
            file.truncate(self._length)  # of what did not fit, no rest stays between this and what came before
            if file.write(record := _HEADER.pack(self._task, len(payload)) + payload) == len(record):
                self._length += len(record)


def read_pages_so_far(path: str, number: int, task: Task) -> PagesSoFar:
    """Return the pages of the task with this number that a worker has handed over, each as it was last.

    The file may hold anything, as a document may have taken the worker over, and others may still write to it: what is no
    answer ends it.
    """
    found = PagesSoFar()
    with suppress(OSError, AnswerError, MemoryError):
        for payload in _read_payloads(path, number):
            result = answers.decode_result(task, payload)
            found.update(result.pages, result.fingerprint)
    return found


def _read_payloads(path: str, number: int) -> Iterator[bytes]:
    with open(path, "rb", opener=_open_as_it_is) as file:
        left = min(os.fstat(file.fileno()).st_size, _MOST_BYTES)
        while left >= _HEADER.size:
            header = file.read(_HEADER.size)
            if len(header) < _HEADER.size:
                return
            task, length = _HEADER.unpack(header)
            left -= _HEADER.size + length
            if left < 0:  # the worker was lost while it wrote
                return
            payload = file.read(length)
            if task == number:
                yield payload


def _open_as_it_is(path: str, flags: int) -> int:
    # A link, or a pipe that would keep us waiting, is not what the worker was given.
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
