"""The worker process: ``python -m pdfbatch.executors.worker FOLDER PARENT``, or forked by the fork server; never imported.

The main thread does the tasks. A second one reads the pipe, so that tasks that were sent ahead can be called back while one
is under way, and so that the death of the parent is noticed; a third watches the parent itself.
"""

import os
import pickle
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue

from pdfbatch import tasklog
from pdfbatch.causes import Cause
from pdfbatch.executors import forkserver, memory
from pdfbatch.executors.channel import (
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
from pdfbatch.executors.forkserver import restore
from pdfbatch.executors.isolation import raised
from pdfbatch.executors.place import PlaceWriter, place_path
from pdfbatch.model import Failure
from pdfbatch.ports import Work
from pdfbatch.tasks import Task, TaskResult


def main(arguments: Sequence[str]) -> None:
    """Serve the supervisor at the other end of stdin and stdout until it says to quit, or is gone."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGPIPE})  # blocked in the thread that started us
    if arguments[0] == "--fork":
        _serve_forked(*arguments[1:])
    else:
        _serve_spawned(*arguments)


def _serve_spawned(folder: str, parent: str) -> None:
    incoming, outgoing = _take_the_pipes()
    _die_with(int(parent))
    try:
        setup: Setup = pickle.loads(read_frame(incoming).payload)  # noqa: S301 (from our parent)
    except EOFError:
        return
    restore(setup)
    tasklog.route_all()
    work: Work = pickle.loads(setup.work)  # noqa: S301 (from our parent)
    _Worker(incoming, outgoing, work, setup.recycle_bytes).serve(folder)


def _serve_forked(folder: str, *numbers: str) -> None:
    birth = forkserver.serve(folder, *map(int, numbers))
    if birth is not None:
        incoming, outgoing = _take_the_pipes()
        _watch(birth.host)
        _Worker(incoming, outgoing, birth.work, birth.setup.recycle_bytes).serve(birth.folder)


def _take_the_pipes() -> tuple[int, int]:
    """Keep stdin and stdout for ourselves: what libraries and children print goes to stderr, what they read is empty."""
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return incoming, outgoing


def _die_with(parent: int) -> None:
    """Watch the parent where that is possible (Linux): a process that it forked may hold our pipe open when it is gone."""
    if not hasattr(os, "pidfd_open"):
        return
    with suppress(OSError):
        _watch(os.pidfd_open(parent))
    if os.getppid() != parent:
        _die()


def _watch(end: int) -> None:
    threading.Thread(target=_wait_and_die, args=(end,), name="pdfbatch-parent-watch", daemon=True).start()


def _wait_and_die(end: int) -> None:
    select.select([end], [], [])
    _die()


def _die() -> None:
    """End this process and all that it started."""
    os.killpg(os.getpid(), signal.SIGKILL)


class _Worker:
    def __init__(self, incoming: int, outgoing: int, work: Work, recycle_bytes: int | None) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._work = work
        self._recycle_bytes = recycle_bytes
        self._waiting = SimpleQueue[Frame | None]()
        self._writing = threading.Lock()

    def serve(self, folder: str) -> None:
        """Do tasks; ``folder`` is where the supervisor looks for the place."""
        memory.volunteer_for_the_oom_killer()
        if (limit := self._work.limits.memory_bytes) is not None:
            memory.bound_own_data(_room(limit))
        place = PlaceWriter(place_path(folder))
        threading.Thread(target=self._read, name="pdfbatch-reader", daemon=True).start()
        self._write(encode(Kind.READY, payload=encode_numbers([memory.own_peak_bytes()])))
        while (frame := self._waiting.get()) is not None:
            place.begin(frame.task)
            payload, bloated = self._do(frame, place)
            kind = Kind.LAST_RESULT if bloated or self._has_grown() else Kind.RESULT
            place.end(frame.task)
            self._write(encode(kind, frame.task, payload))
            del frame, payload  # or an idle worker would keep its last document in memory

    def _do(self, frame: Frame, place: PlaceWriter) -> tuple[bytes, bool]:
        """The pickled result, and whether memory ran out."""
        started = time.monotonic()
        try:
            task: Task = pickle.loads(frame.payload)  # noqa: S301 (from our parent)
        except Exception as error:  # noqa: BLE001 (isolation is the purpose: metadata may be of any type)
            said = f"the task cannot be read in a worker: {type(error).__name__}: {error}"
            return pickle.dumps(_internal(said), PICKLE_PROTOCOL), False
        result = self._isolated(task, place, started)
        return self._pickled(task, result), _is_about_memory(result)

    def _isolated(self, task: Task, place: PlaceWriter, started: float) -> TaskResult:
        try:
            return self._work(task, place)
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
            _die()

    def _read_until_told_to_quit(self) -> None:
        heard: dict[Kind, Callable[[Frame], None]] = {
            Kind.TASK: self._waiting.put,
            Kind.RECALL: self._give_back,
            Kind.QUIT: lambda _: self._waiting.put(None),
        }
        while True:
            frame = read_frame(self._incoming)
            heard[frame.kind](frame)

    def _give_back(self, _: Frame) -> None:
        """Return the tasks that have not begun; each is either done or returned, never both."""
        numbers: list[int] = []
        try:
            while (frame := self._waiting.get_nowait()) is not None:
                numbers.append(frame.task)
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
