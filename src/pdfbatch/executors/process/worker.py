"""The worker process, forked by the fork server or run as ``python -m pdfbatch.executors.process.worker FOLDER PARENT``.

The main thread does the tasks. A second one reads the pipe, so that tasks that were sent ahead can be called back while one
is under way, and so that the death of the parent is noticed; a third watches the parent itself.
"""

import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import partial
from queue import Empty, SimpleQueue
from typing import Final, Self, TypeVar

from pdfbatch.errors import Cause
from pdfbatch.executors.process import forkserver, memory
from pdfbatch.executors.process.current_task import CurrentTaskWriter, place_path
from pdfbatch.executors.process.forkserver import loaded, restore
from pdfbatch.executors.process.protocol import (
    PICKLE_PROTOCOL,
    ChannelError,
    Frame,
    Kind,
    Setup,
    encode,
    encode_numbers,
    read_frame,
    write_frame,
)
from pdfbatch.executors.process.shutdown import die, die_with, leave, watch
from pdfbatch.executors.process.write_behind import WriteBehind
from pdfbatch.executors.task_results import raised
from pdfbatch.model import Failure
from pdfbatch.ports import PipelinedWork, Work
from pdfbatch.tasks import Task, TaskResult

PATIENCE_SECONDS = 0.005
"""Within that an output on a disk of this machine has mostly taken a document, and asking for more is not worth while."""

_T = TypeVar("_T")


def main(arguments: Sequence[str]) -> None:
    """Serve the supervisor at the other end of stdin and stdout until it says to quit, or is gone."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGPIPE})  # blocked in the thread that started us
    if arguments[0] == "--fork":
        _serve_forked(*arguments[1:])
    else:
        _serve_spawned(*arguments)


def _serve_spawned(folder: str, parent: str) -> None:
    post = _Post.taken(folder)
    die_with(int(parent), post.finisher)
    try:
        setup: Setup = pickle.loads(read_frame(post.incoming).payload)  # noqa: S301 (from our parent)
    except EOFError:
        return
    restore(setup)
    _Worker(post, loaded(setup), setup.recycle_bytes).serve()


def _serve_forked(folder: str, *numbers: str) -> None:
    birth = forkserver.serve(folder, *map(int, numbers))
    if birth is not None:
        post = _Post.taken(birth.folder)
        watch(birth.host, post.finisher)
        _Worker(post, birth.work, birth.setup.recycle_bytes).serve()


def _take_a_name() -> None:
    """What ``top`` and ``ps -o comm`` call this process (Linux): a fork has the command line of the fork server."""
    with suppress(OSError), open("/proc/self/comm", "w", encoding="ascii") as file:
        file.write("pdfbatch-worker")


def _take_the_pipes() -> tuple[int, int]:
    """Keep stdin and stdout for ourselves: what libraries and children print goes to stderr, what they read is empty."""
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return incoming, outgoing


class _Finished(Enum):
    """A task for which only the output was waited for has come to its end."""

    FINISHED = 1


_FINISHED: Final = _Finished.FINISHED
_Event = Frame | _Finished | None
"""What comes for a worker: a task, news of one, or that it may go."""


@dataclass(frozen=True, slots=True)
class _Post:
    """Where a worker stands: the pipes to its supervisor, the place that it tells, what has come for it, and what finishes
    tasks for it.
    """

    incoming: int
    outgoing: int
    place: CurrentTaskWriter
    inbox: SimpleQueue[_Event]
    finisher: WriteBehind

    @classmethod
    def taken(cls, folder: str) -> Self:
        """The post of the worker with this folder."""
        incoming, outgoing = _take_the_pipes()
        place, inbox = CurrentTaskWriter(place_path(folder)), SimpleQueue[_Event]()
        return cls(incoming, outgoing, place, inbox, WriteBehind(place.begin, partial(inbox.put, _FINISHED)))


class _Worker:
    def __init__(self, post: _Post, work: Work, recycle_bytes: int | None) -> None:
        self._incoming, self._outgoing = post.incoming, post.outgoing
        self._place, self._finisher = post.place, post.finisher
        self._work = work
        self._recycle_bytes = recycle_bytes
        self._inbox = post.inbox
        self._told: set[int] = set()
        self._patient = True
        self._writing = threading.Lock()

    def serve(self) -> None:
        _take_a_name()
        memory.volunteer_for_the_oom_killer()
        if (limit := self._work.limits.memory_bytes) is not None:
            memory.bound_own_data(_room(limit))
        threading.Thread(target=self._read, name="pdfbatch-reader", daemon=True).start()
        self._write(encode(Kind.READY, payload=encode_numbers([memory.own_peak_bytes()])))
        while (frame := self._next()) is not None:
            self._place.begin(frame.task)
            self._do(frame)
            del frame  # or an idle worker would keep its last document in memory
        self._finisher.close()

    def _next(self) -> Frame | None:
        """The next task, ``None`` at the end."""
        while (event := self._next_event()) is _FINISHED:
            continue
        return event

    def _next_event(self) -> _Event:
        """What comes next. When that takes long, and nothing is to do but to wait for the output, there could be more."""
        if self._inbox.empty():
            waiting = self._finisher.waiting()
            self._patient = self._patient or not waiting
            if waiting:
                self._place.begin(waiting[0])
                if self._patient:
                    with suppress(Empty):
                        return self._inbox.get(timeout=PATIENCE_SECONDS)
                self._tell_of(self._finisher.waiting())
        return self._inbox.get()

    def _tell_of(self, waiting: list[int]) -> None:
        """Say for which tasks only the output is waited, unless that has been said."""
        self._patient = not waiting  # an output that takes long will do so next time
        if not self._told.issuperset(waiting):
            self._told = set(waiting)
            self._write(encode(Kind.FREE, payload=encode_numbers(waiting)))

    def _do(self, frame: Frame) -> None:
        """Do a task and send its result; or leave that to the finisher, when only its output is to be waited for."""
        started = time.monotonic()
        try:
            task: Task = pickle.loads(frame.payload)  # noqa: S301 (from our parent)
        except Exception as error:  # noqa: BLE001 (isolation is the purpose: metadata may be of any type)
            said = f"the task cannot be read in a worker: {type(error).__name__}: {error}"
            return self._send(frame.task, pickle.dumps(_internal(said), PICKLE_PROTOCOL), bloated=False)
        begun = self._isolated(task, started, partial(self._begin, task))
        if not isinstance(begun, TaskResult):
            return self._finisher.put(frame.task, partial(self._finish, frame.task, task, started, begun))
        payload = self._pickled(task, begun)
        self._place.end(frame.task)
        return self._send(frame.task, payload, bloated=_is_about_memory(begun))

    def _begin(self, task: Task) -> TaskResult | Callable[[], TaskResult]:
        work = self._work
        return work.begin(task, self._place) if isinstance(work, PipelinedWork) else work(task, self._place)

    def _finish(self, number: int, task: Task, started: float, rest: Callable[[], TaskResult]) -> None:
        result = self._isolated(task, started, rest)
        self._send(number, self._pickled(task, result), bloated=_is_about_memory(result))

    def _isolated(self, task: Task, started: float, step: Callable[[], _T]) -> _T | TaskResult:
        try:
            return step()
        except MemoryError:
            return _out_of_memory(task, self._work.limits.memory_bytes, time.monotonic() - started)
        except Exception as error:  # noqa: BLE001 (isolation is the purpose: no document may harm another)
            return raised(task, error, seconds=time.monotonic() - started)

    def _pickled(self, task: Task, result: TaskResult) -> bytes:
        try:
            return pickle.dumps(result, PICKLE_PROTOCOL)
        except Exception as error:  # noqa: BLE001 (isolation is the purpose: metadata may be of any type)
            said = f"{task.document.file_path}: the result cannot be sent: {type(error).__name__}: {error}"
            return pickle.dumps(_internal(said), PICKLE_PROTOCOL)

    def _send(self, number: int, payload: bytes, *, bloated: bool) -> None:
        kind = Kind.LAST_RESULT if bloated or self._has_grown() else Kind.RESULT
        self._write(encode(kind, number, payload))

    def _has_grown(self) -> bool:
        return self._recycle_bytes is not None and memory.own_resident_bytes() > self._recycle_bytes

    def _write(self, frame: tuple[bytes, ...]) -> None:
        with self._writing:
            write_frame(self._outgoing, frame)

    # --- in the reading thread ------------------------------------------------------------------------------------

    def _read(self) -> None:
        try:
            self._read_until_told_to_quit()
        except (EOFError, ChannelError, OSError):  # the parent is gone: so are we, and all that we started
            die(self._finisher)

    def _read_until_told_to_quit(self) -> None:
        heard: dict[Kind, Callable[[Frame], None]] = {
            Kind.TASK: self._inbox.put,
            Kind.RECALL: self._give_back,
            Kind.QUIT: lambda _: self._inbox.put(None),
        }
        while True:
            frame = read_frame(self._incoming)
            heard[frame.kind](frame)

    def _give_back(self, _: Frame) -> None:
        """Return the tasks that have not begun; each is either done or returned, never both."""
        numbers: list[int] = []
        try:
            while (event := self._inbox.get_nowait()) is not None:
                if event is not _FINISHED:
                    numbers.append(event.task)
        except Empty:
            pass
        self._write(encode(Kind.RETURNED, payload=encode_numbers(numbers)))


def _room(memory_bytes: int) -> int:
    """What may still be allocated, so that a tenth more than the limit is never held; sampling ends a worker before that."""
    return max(memory_bytes * 11 // 10 - memory.own_resident_bytes(), memory_bytes // 10)


def _internal(said: str) -> TaskResult:
    return TaskResult(failure=Failure(cause=Cause.INTERNAL, message=said))


def _out_of_memory(task: Task, limit: int | None, seconds: float) -> TaskResult:
    bound = "memory ran out" if limit is None else f"memory ran out within {limit >> 20} MiB (memory_bytes)"
    failure = Failure(cause=Cause.MEMORY_LIMIT, message=f"{task.document.file_path}: {bound}")
    return TaskResult(failure=failure, seconds=seconds)


def _is_about_memory(result: TaskResult) -> bool:
    failure = result.failure if result.result is None else result.result.failure
    return failure is not None and failure.cause is Cause.MEMORY_LIMIT


if __name__ == "__main__":
    main(sys.argv[1:])
    leave()
