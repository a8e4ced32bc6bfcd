"""The client's side of engines beyond one machine: cut tasks into slices, hand them to the engine, take the results back.

An engine is a ``Carrier``: it brings a slice to one of its workers, where ``site.do_slice`` does it, and says what came of it.
All else is here. A slice holds tasks of about ``TARGET_SECONDS``, by the bytes of the documents and by what the last slices
took; parts of split documents and tasks that are tried again go alone, because they are the long and the suspect ones. No more
than ``SLICES_AHEAD`` slices for each worker are with the engine at one time, so that what is here can still be shared
out evenly.

A slice that is lost with its worker costs none of its tasks an attempt: each ends as ``blameless``, and comes back alone.
"""

import os
import pickle
import threading
import uuid
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from queue import Empty, SimpleQueue
from typing import NamedTuple, Protocol

from pdfbatch.checks import Check, optional, seconds, whole_number
from pdfbatch.common import SafeLogger
from pdfbatch.errors import Cause, ExecutorError, PoolBrokenError, PoolStartError, VersionMismatchError
from pdfbatch.executors.pool import PoolContext
from pdfbatch.executors.process import AnswerError, decode_result, pickle_work
from pdfbatch.executors.site import SLICE_SECONDS, Answer, Question, Reply, Slice, Versions, find_versions
from pdfbatch.executors.task_future import TaskFuture, wait_until
from pdfbatch.executors.task_results import (
    cancel,
    make_cancelled_result,
    make_exception_result,
    make_foreign_future,
    set_exception,
    set_result,
)
from pdfbatch.model import Failure
from pdfbatch.ports import BoundedResults, Findings, Needs, Work, WorkerFacts
from pdfbatch.tasks import PartTask, Task, TaskResult

log: SafeLogger = SafeLogger(__name__)

TARGET_SECONDS = 0.5
"""How long the tasks of a slice should take together."""
SLICE_TASKS = 32
"""How many tasks a slice holds at most."""
SLICES_AHEAD = 2
"""How many slices for each worker the engine has at one time: one that runs, and one that waits for it."""

SLICE_CHECKS: Mapping[str, Check] = {
    "workers": optional(whole_number(1)),
    "slice_tasks": whole_number(1),
    "start_timeout": seconds(),
}
"""What the settings of an executor may be whose pools are ``SlicePool``."""

_GRACE_SECONDS = 3.0
_FLUSH_SECONDS = 0.01  # how long a task waits for the next one, when nobody says that there is none
_TASK_SECONDS, _BYTE_SECONDS = 0.002, 1e-7  # what a small document takes, and a byte of a larger one, at first guess
_UNKNOWN_BYTES = 200_000
_LEAST_PACE, _MOST_PACE = 0.05, 100.0


class LostSlice(NamedTuple):
    """A slice whose worker was lost. ``message`` says what the engine knows of it."""

    message: str


SliceEnd = Answer | LostSlice | ExecutorError
"""What became of a slice: the worker's answer, or it was lost with its worker, or the engine is gone and none will be done."""


class Carrier(Protocol):
    """An engine, as a pool of slices needs it. Nothing but ``send`` and ``ask`` raises."""

    @property
    def name(self) -> str:
        """Name of the executor."""
        ...

    @property
    def capacity(self) -> int:
        """Number of slices that its workers do at one time now, at least 1. Quick to ask, as that is done often."""
        ...

    @abstractmethod
    def send(self, sliced: Slice, on_end: Callable[[SliceEnd], None]) -> None:
        """Hand a slice to the engine and return at once; call ``on_end`` once when it has ended, in any thread.

        A worker calls ``site.do_slice`` with it. The engine may deliver it twice, and call ``on_end`` for the first answer.
        Raises ``ExecutorError`` when the engine is gone. Called from one thread.
        """

    @abstractmethod
    def ask(self, question: Question) -> Mapping[str, Reply]:
        """Call ``site.describe_worker`` in each worker that is there now; return what they say, by their addresses.

        Raises ``ExecutorError`` when that cannot be done.
        """

    @abstractmethod
    def stop(self, pool_id: str) -> None:
        """Call ``site.stop_pool`` in all workers that can be reached, within seconds."""

    @abstractmethod
    def revoke(self) -> None:
        """Drop, by the engine's own means, what ``send`` has handed over and that has not ended. Called after ``stop``."""

    @abstractmethod
    def close(self, pool_id: str) -> None:
        """Call ``site.release_pool`` in all workers that can be reached, and give back what belongs to this pool."""


class _Wake(Enum):
    """Words to the thread that sends: look again, nothing follows for now, end."""

    LOOK = 1
    FLUSH = 2
    END = 3


@dataclass(slots=True, eq=False)
class _Item:
    task: Task
    data: bytes
    future: TaskFuture
    seconds: float
    """What it is expected to take, before the pace of the last slices is taken into account."""
    is_alone: bool


class SlicePool(PoolContext):
    """A pool that sends its tasks through a ``Carrier``, in a thread of its own.

    ``slice_tasks`` and ``slice_seconds`` change how slices are cut and when a worker gives back what it has not begun.
    ``pool_id`` is the carrier's own name for it. Raises ``PoolStartError`` when the work cannot be pickled.
    """

    kills = True

    def __init__(
        self,
        carrier: Carrier,
        work: Work,
        *,
        slice_tasks: int = SLICE_TASKS,
        slice_seconds: float = SLICE_SECONDS,
        pool_id: str = "",
    ) -> None:
        super().__init__()
        self.pool_id: str = pool_id or uuid.uuid4().hex
        self._carrier = carrier
        self._work = pickle_work(work)
        self._most_bytes = work.max_result_bytes if isinstance(work, BoundedResults) else None
        self._slice_tasks, self._slice_seconds = slice_tasks, slice_seconds
        # Whoever removes an entry ends its future.
        self._unfinished = dict[TaskFuture, _Item]()
        self._inbox = SimpleQueue[_Item | _Wake]()
        self._backlog = deque[_Item]()
        self._pace = 1.0  # of the workers: what slices took for each second that was expected
        self._slices = 0  # with the engine
        self._lock = threading.Lock()
        self._is_closed = self._is_terminated = self._is_left = False
        self._error: ExecutorError | None = None
        self._thread = threading.Thread(target=self._run, name="pdfbatch-slices", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:
            raise PoolStartError(f"No thread can be started here: {error}") from error

    @property
    def name(self) -> str:
        """Name of the executor."""
        return self._carrier.name

    @property
    def capacity(self) -> int:
        """Number of slices that the workers do at one time now."""
        return max(1, self._carrier.capacity)

    @property
    def ahead(self) -> int:
        """How many tasks for each worker it wants: enough to fill the slices that are with the engine, and the next."""
        return (SLICES_AHEAD + 2) * self._slice_tasks

    def submit(self, task: Task) -> Future[TaskResult]:
        """Take a task; it is sent with those that follow."""
        if self.is_foreign:
            return make_foreign_future()
        future = TaskFuture()
        if self._is_closed:
            cancel(future)
            return future
        try:
            data = pickle.dumps(task)
        except Exception as error:  # noqa: BLE001 (isolation is the purpose: metadata may be of any type)
            set_result(future, make_exception_result(task, error))
            return future
        is_alone = isinstance(task, PartTask) or task.attempt > 1 or task.losses > 0
        item = _Item(task, data, future, _TASK_SECONDS + _BYTE_SECONDS * _estimate_bytes(task, data), is_alone)
        self._unfinished[future] = item
        self._inbox.put(item)
        return future

    def flush(self) -> None:
        """Send what is there: no task follows for now."""
        if not self.is_foreign:
            self._inbox.put(_Wake.FLUSH)

    def survey(self, needs: Needs) -> Mapping[str, WorkerFacts]:
        """Ask each worker what it is. Raises ``VersionMismatchError`` and ``PoolBrokenError``."""
        own = find_versions()
        question = Question(
            versions=own, work=self._work, probe=needs.probe, languages=needs.languages, input_path=needs.input_path
        )
        replies = self._carrier.ask(question)
        if not replies:
            raise PoolBrokenError(f"No worker of {self.name} answers")
        for address, reply in replies.items():
            if reply["versions"] != own:
                raise VersionMismatchError(describe_mismatch(address, reply["versions"], own))
        return {address: _read_reply(reply) for address, reply in replies.items()}

    # --- leaving --------------------------------------------------------------------------------------------------

    def _shutdown(self) -> None:
        self.flush()
        wait_until(lambda: not self._unfinished)
        self._close()

    def _terminate(self) -> None:
        if self._is_left:
            return
        self._is_closed = self._is_terminated = True
        self._inbox.put(_Wake.LOOK)
        self._carrier.stop(self.pool_id)  # workers give back what has not begun, and kill what has
        wait_until(lambda: not self._unfinished, _GRACE_SECONDS)
        self._carrier.revoke()
        for future in tuple(self._unfinished):
            if (item := self._unfinished.pop(future, None)) is not None:
                set_result(future, make_cancelled_result(item.task))
        self._close()

    def _close(self) -> None:
        if self._is_left:
            return
        self._is_closed = True
        self._inbox.put(_Wake.END)
        if self._thread is not threading.current_thread():
            self._thread.join(_GRACE_SECONDS)
        self._carrier.close(self.pool_id)
        self._is_left = True

    # --- in the thread that sends -----------------------------------------------------------------------------------

    def _run(self) -> None:
        while self._receive() is not _Wake.END:
            if self._is_terminated or self._error is not None:
                self._drop_backlog()
            while self._backlog and not self._is_terminated and self._free_slices() > 0:
                self._send(self._cut())

    def _receive(self) -> _Wake:
        """Move what comes into the backlog until somebody says that nothing follows, or nothing comes for a moment."""
        timeout = None
        while True:
            try:
                received = self._inbox.get(timeout=timeout)
            except Empty:
                return _Wake.LOOK
            if isinstance(received, _Item):
                self._backlog.append(received)
                timeout = _FLUSH_SECONDS
            elif received is not _Wake.LOOK or self._inbox.empty():
                return received

    def _free_slices(self) -> int:
        return SLICES_AHEAD * self.capacity - self._slices

    def _cut(self) -> list[_Item]:
        """Take the next slice from the backlog: of about the target's seconds, and no more than this worker's share."""
        first = self._backlog.popleft()
        items, seconds = [first], first.seconds * self._pace
        if first.is_alone:
            return items
        share = min(self._slice_tasks, -(-(len(self._backlog) + 1) // self._free_slices()))
        while self._backlog and len(items) < share and not self._backlog[0].is_alone:
            seconds += self._backlog[0].seconds * self._pace
            if seconds > TARGET_SECONDS:
                break
            items.append(self._backlog.popleft())
        return items

    def _send(self, items: list[_Item]) -> None:
        sliced = Slice(
            versions=find_versions(),
            pool=self.pool_id,
            work=self._work,
            tasks=[item.data for item in items],
            seconds=self._slice_seconds,
            parts=isinstance(items[0].task, PartTask),
        )
        with self._lock:
            self._slices += 1
        try:
            self._carrier.send(sliced, _Once(lambda end: self._on_end(items, end)))
        except ExecutorError as error:
            self._on_end(items, error)

    def _drop_backlog(self) -> None:
        items, self._backlog = self._backlog, deque[_Item]()
        for item in items:
            self._end_undone(item)

    # --- in any thread: the engine calls back ---------------------------------------------------------------------

    def _on_end(self, items: Sequence[_Item], end: SliceEnd) -> None:
        with self._lock:
            self._slices -= 1
        if isinstance(end, LostSlice):
            for item in items:
                self._finish(item, _make_lost_result(item.task, end.message))
        elif isinstance(end, ExecutorError):
            self._break(end, items)
        elif (error := _find_refusal(end)) is not None:
            self._break(error, items)
        else:
            self._take_answer(items, end)
        self._inbox.put(_Wake.LOOK)

    def _take_answer(self, items: Sequence[_Item], answer: Answer) -> None:
        expected = 0.0
        for item, data in zip(items, answer["results"], strict=True):
            if data is not None:
                expected += item.seconds
                self._finish(item, self._read_result(item.task, data))
            elif self._is_closed or self._error is not None:
                self._end_undone(item)
            else:
                self._inbox.put(item)
        if expected:
            pace = min(_MOST_PACE, max(_LEAST_PACE, answer["seconds"] / expected))
            self._pace += (pace - self._pace) / 4

    def _read_result(self, task: Task, data: bytes) -> TaskResult:
        """Return a result that came from a worker elsewhere, as one that a worker of this machine sends: it is not trusted."""
        try:
            if self._most_bytes is not None and len(data) > self._most_bytes:
                raise AnswerError(f"{len(data)} bytes")
            return decode_result(task, data)
        except AnswerError as error:
            message = f"{task.document.file_path}: a worker of {self.name} sent what is no result: {error}"
            return TaskResult(failure=Failure(cause=Cause.INTERNAL, message=message))

    def _finish(self, item: _Item, result: TaskResult) -> None:
        if self._unfinished.pop(item.future, None) is None:
            return
        set_result(
            item.future, make_cancelled_result(item.task) if self._is_terminated and result.blameless else result
        )

    def _break(self, error: ExecutorError, items: Sequence[_Item]) -> None:
        """Note that the engine is gone, and end tasks that it will not do."""
        if self._error is None:
            self._error = error
        for item in items:
            self._end_undone(item)

    def _end_undone(self, item: _Item) -> None:
        if self._unfinished.pop(item.future, None) is None:
            return
        if self._is_terminated or self._error is None:
            cancel(item.future)
        else:
            set_exception(item.future, self._error)


class _Once:
    """A callback that passes on the first call only: an engine may deliver a slice twice."""

    __slots__ = ("_call", "_lock")

    def __init__(self, call: Callable[[SliceEnd], None]) -> None:
        self._call = call
        self._lock = threading.Lock()

    def __call__(self, end: SliceEnd) -> None:
        if self._lock.acquire(blocking=False):
            self._call(end)


def _find_refusal(answer: Answer) -> ExecutorError | None:
    """Return the error when a worker refuses to do any slice."""
    if answer["versions"] != (own := find_versions()):
        return VersionMismatchError(describe_mismatch(answer["worker"], answer["versions"], own))
    return PoolBrokenError(f"Worker {answer['worker']}: {answer['refusal']}") if answer["refusal"] else None


def _read_reply(reply: Reply) -> WorkerFacts:
    findings = Findings(
        engines=reply["engines"],
        missing_ocr=reply["missing_ocr"],
        hidden_output=reply["hidden_output"],
        hidden_input=reply["hidden_input"],
    )
    return WorkerFacts(
        pdfbatch=reply["versions"]["pdfbatch"],
        python=reply["versions"]["python"],
        platform=reply["platform"],
        cpus=reply["cpus"],
        memory_bytes=reply["memory_bytes"],
        isolates=reply["isolates"],
        findings=findings,
    )


def describe_mismatch(worker: str, theirs: Versions, own: Versions) -> str:
    """Return what differs between a worker and this process, and what to do about it."""
    if (theirs["pdfbatch"], theirs["python"]) == (own["pdfbatch"], own["python"]):
        return f"Worker {worker} has another build of pdfbatch {own['pdfbatch']} than this process: install the same on both"
    return (
        f"Worker {worker} has pdfbatch {theirs['pdfbatch']} on Python {theirs['python']}, this process has pdfbatch "
        f"{own['pdfbatch']} on Python {own['python']}: install the same versions on both"
    )


def _make_lost_result(task: Task, message: str) -> TaskResult:
    what = f"{task.document.file_path}: the worker of the engine was lost while it had this document ({message})"
    return TaskResult(failure=Failure(cause=Cause.WORKER_LOST, message=what), blameless=True)


def _estimate_bytes(task: Task, data: bytes) -> int:
    """Return how large a document is; a guess where only its storage knows that."""
    document = task.document
    if document.content is None and not document.is_remote:
        with suppress(OSError, ValueError):
            return os.stat(document.location.removeprefix("file://")).st_size
    return _UNKNOWN_BYTES if document.content is None else len(data)
