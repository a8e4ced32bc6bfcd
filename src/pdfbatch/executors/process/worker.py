"""The worker process: forked by the fork server, or run by itself.

That is ``python -m pdfbatch.executors.process.worker FOLDER COMMANDS ANSWERS [HOST]``: its folder, two pipes, and a pidfd of
the process that started it where there are pidfds. No standard stream carries messages: whatever prints at the start of the
interpreter harms none.

The main thread does the tasks. A second thread reads the pipe, so that tasks that wait can be recalled while another one is
running, and the end of the parent is noticed. A third thread watches the parent itself.
"""

import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from queue import Empty, SimpleQueue
from typing import Final, Self, TypeVar

from pdfbatch.errors import Cause, describe_error
from pdfbatch.executors.process import answers, descendants, forkserver, memory
from pdfbatch.executors.process.current_task import CurrentTaskWriter, current_task_path
from pdfbatch.executors.process.protocol import (
    Frame,
    FrameKind,
    ProtocolError,
    Setup,
    encode_frame,
    encode_numbers,
    read_frame,
    write_frame,
)
from pdfbatch.executors.process.shutdown import exit_fast, exit_with_process, kill_own_group
from pdfbatch.executors.process.write_behind import WriteBehind
from pdfbatch.executors.task_results import make_exception_result
from pdfbatch.model import Failure
from pdfbatch.ports import PipelinedWork, Work
from pdfbatch.tasks import Task, TaskResult

BRIEF_WAIT_SECONDS = 0.005
"""How long a worker waits for its pending writes before it asks for more tasks. A local disk has mostly finished by then."""

_T = TypeVar("_T")


def main(arguments: Sequence[str]) -> None:
    """Serve the supervisor at the other end of the pipes until it says to quit, or is gone."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGPIPE})  # blocked in the thread that started this process
    if arguments[0] == "--fork":
        _serve_forked(*arguments[1:])
    else:
        _serve_spawned(*arguments)


def _serve_spawned(folder: str, *numbers: str) -> None:
    commands, answers_pipe, *host = map(int, numbers)
    for descriptor in (commands, answers_pipe, *host):
        os.set_inheritable(descriptor, False)
    forkserver.redirect_streams(2)
    context = _Context.create(folder, commands, answers_pipe)
    exit_with_process(host[0] if host else None, context.writes)
    try:
        setup: Setup = pickle.loads(read_frame(commands).payload)  # noqa: S301 (from our parent)
    except EOFError:
        return
    forkserver.restore_pythonpath(setup)
    _Worker(context, forkserver.load_work(setup), setup).serve()


def _serve_forked(folder: str, *numbers: str) -> None:
    forked = forkserver.serve(folder, *map(int, numbers))
    if forked is not None:  # in each worker, but not in the fork server
        context = _Context.create(forked.folder, forked.commands, forked.answers)
        exit_with_process(forked.host_pidfd, context.writes)
        _Worker(context, forked.work, forked.setup).serve()


class _WriteDone(Enum):
    """The one value that says in the queue of events that the output of some task is written."""

    WRITE_DONE = 1


_WRITE_DONE: Final = _WriteDone.WRITE_DONE
_Event = Frame | _WriteDone | None
"""What comes next for a worker: a task, the end of a pending write, or ``None`` to quit."""


@dataclass(frozen=True, slots=True)
class _Context:
    """The surroundings of a worker: pipes to its supervisor, the file with its current task, its events, and its writes."""

    commands: int
    answers: int
    current_task: CurrentTaskWriter
    events: SimpleQueue[_Event]
    writes: WriteBehind

    @classmethod
    def create(cls, folder: str, commands: int, answers: int) -> Self:
        """Create the context of the worker with this folder and these pipes."""
        current_task, events = CurrentTaskWriter(current_task_path(folder)), SimpleQueue[_Event]()
        writes = WriteBehind(current_task.begin, partial(events.put, _WRITE_DONE))
        return cls(commands, answers, current_task, events, writes)


class _Worker:
    def __init__(self, context: _Context, work: Work, setup: Setup) -> None:
        self._commands, self._answers = context.commands, context.answers
        self._current_task, self._writes = context.current_task, context.writes
        self._events = context.events
        self._limits = work.limits
        # Looked up once, because isinstance on a protocol is slow.
        self._begin = work.begin if isinstance(work, PipelinedWork) else work
        self._recycle_bytes, self._memory = setup.recycle_bytes, memory.OwnMemory()
        self._max_result_bytes = setup.max_result_bytes
        self._reported: set[int] = set()  # tasks whose writes the supervisor was told are pending
        self._waits_briefly = True
        self._write_lock = threading.Lock()

    def serve(self) -> None:
        with suppress(OSError), open("/proc/self/comm", "w", encoding="ascii") as file:
            file.write("pdfbatch-worker")  # what top and ps -o comm show on Linux: a fork has the fork server's name
        memory.raise_oom_score()
        descendants.adopt_orphans()
        if (limit := self._limits.memory_bytes) is not None:
            memory.limit_own_data(_allocatable_bytes(limit))
        threading.Thread(target=self._read, name="pdfbatch-reader", daemon=True).start()
        self._send(encode_frame(FrameKind.READY, payload=encode_numbers([memory.read_own_peak_bytes()])))
        while (frame := self._next_task()) is not None:
            self._current_task.begin(frame.task)
            self._do(frame)
            del frame  # an idle worker would keep its last document in memory
        self._writes.close()

    def _next_task(self) -> Frame | None:
        while (event := self._next_event()) is _WRITE_DONE:
            continue
        return event

    def _next_event(self) -> _Event:
        """Return the next event. If only writes are pending, tell the supervisor that this worker could take more tasks."""
        if self._events.empty():
            pending = self._writes.list_pending()
            self._waits_briefly = self._waits_briefly or not pending
            if pending:
                self._current_task.begin(pending[0])
                if self._waits_briefly:
                    with suppress(Empty):
                        return self._events.get(timeout=BRIEF_WAIT_SECONDS)
                self._report_pending_writes(self._writes.list_pending())
        return self._events.get()

    def _report_pending_writes(self, pending: list[int]) -> None:
        """Report the tasks whose output is still being written, if there are new ones among them."""
        self._waits_briefly = not pending  # an output that was slow will be slow again: do not wait for it next time
        if not self._reported.issuperset(pending):
            self._reported = set(pending)
            self._send(encode_frame(FrameKind.PENDING_WRITES, payload=encode_numbers(pending)))

    # --- doing a task ---------------------------------------------------------------------------------------------

    def _do(self, frame: Frame) -> None:
        """Do a task and send its result, or leave that to a thread if only its output is still to be written."""
        start_time = time.monotonic()
        try:
            task: Task = pickle.loads(frame.payload)  # noqa: S301 (from our parent)
        except Exception as error:  # noqa: BLE001 (isolation is the purpose: metadata may be of any type)
            message = f"the task cannot be read in a worker: {describe_error(error)}"
            self._send_result(frame.task, _encode_failure(message), is_last=False)
            return
        begun = self._run_isolated(task, start_time, partial(self._begin, task, self._current_task))
        if not isinstance(begun, TaskResult):
            self._writes.put(frame.task, partial(self._finish, frame.task, task, start_time, begun))
            return
        if begun.failure is not None:
            begun = self._current_task.with_pages(begun)
        payload = self._encode_result(task, begun)
        self._current_task.end(frame.task)
        self._send_result(frame.task, payload, is_last=_is_out_of_memory(begun))

    def _finish(self, number: int, task: Task, start_time: float, step: Callable[[], TaskResult]) -> None:
        """Write a task's output by its last step, and send its result. Runs in a thread of ``WriteBehind``."""
        result = self._run_isolated(task, start_time, step)
        self._send_result(number, self._encode_result(task, result), is_last=_is_out_of_memory(result))

    def _run_isolated(self, task: Task, start_time: float, step: Callable[[], _T]) -> _T | TaskResult:
        try:
            return step()
        except MemoryError:
            limit = self._limits.memory_bytes
            what = "memory ran out" if limit is None else f"memory ran out within {limit >> 20} MiB (memory_bytes)"
            failure = Failure(cause=Cause.MEMORY_LIMIT, message=f"{task.document.file_path}: {what}")
            return TaskResult(failure=failure, seconds=time.monotonic() - start_time)
        except Exception as error:  # noqa: BLE001 (isolation is the purpose: no document may harm another)
            return make_exception_result(task, error, seconds=time.monotonic() - start_time)

    def _encode_result(self, task: Task, result: TaskResult) -> bytes:
        try:
            payload = answers.encode_result(result)
            if len(payload) <= self._max_result_bytes:
                return payload
            what = f"the result has {len(payload)} bytes, and no more than {self._max_result_bytes} can be sent"
        except Exception as error:  # noqa: BLE001 (isolation is the purpose: an engine's values may be of any type)
            what = f"the result cannot be sent: {describe_error(error)}"
        if result.failure is not None and result.pages:  # the failure itself must arrive
            return self._encode_result(task, replace(result, pages=()))
        return _encode_failure(f"{task.document.file_path}: {what}")

    def _send_result(self, number: int, payload: bytes, *, is_last: bool) -> None:
        """Send a result, and ask to be replaced if it ``is_last`` or this process has grown too large."""
        limit = self._recycle_bytes
        if limit is not None and self._memory.read() > limit:
            is_last = True
        self._send(encode_frame(FrameKind.LAST_RESULT if is_last else FrameKind.RESULT, number, payload))

    def _send(self, frame: tuple[bytes, ...]) -> None:
        with self._write_lock:  # three kinds of threads send, and frames must not mix
            write_frame(self._answers, frame)

    # --- in the reading thread ------------------------------------------------------------------------------------

    def _read(self) -> None:
        try:
            self._read_until_quit()
        except (
            EOFError,
            ProtocolError,
            OSError,
        ):  # the parent is gone: this process and all that it started must go, too
            kill_own_group(self._writes)

    def _read_until_quit(self) -> None:
        # Goes on after QUIT, until the process exits: the parent may still die before that.
        handlers: dict[FrameKind, Callable[[Frame], None]] = {
            FrameKind.TASK: self._events.put,
            FrameKind.RECALL: self._return_tasks,
            FrameKind.QUIT: lambda _: self._events.put(None),
        }
        while True:
            frame = read_frame(self._commands)
            handlers[frame.kind](frame)

    def _return_tasks(self, _: Frame) -> None:
        """Return the tasks that have not begun. The queue hands out each event once, so a task is either done or returned."""
        numbers: list[int] = []
        try:
            while (event := self._events.get_nowait()) is not None:
                if event is not _WRITE_DONE:
                    numbers.append(event.task)
        except Empty:
            pass
        self._send(encode_frame(FrameKind.RETURNED, payload=encode_numbers(numbers)))


def _allocatable_bytes(memory_bytes: int) -> int:
    """Return how much a worker may allocate, so that it never holds more than a tenth beyond its limit.

    Sampling by the supervisor stops it before that, unless it grows very fast.
    """
    return max(memory_bytes * 11 // 10 - memory.read_own_resident_bytes(), memory_bytes // 10)


def _encode_failure(message: str) -> bytes:
    return answers.encode_result(TaskResult(failure=Failure(cause=Cause.INTERNAL, message=message)))


def _is_out_of_memory(result: TaskResult) -> bool:
    failure = result.failure if result.result is None else result.result.failure
    return failure is not None and failure.cause is Cause.MEMORY_LIMIT


if __name__ == "__main__":
    main(sys.argv[1:])
    exit_fast()
