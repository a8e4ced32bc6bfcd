"""Supervise worker processes: start them, read their messages, kill those that hang or exceed their memory."""

import math
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from pdfbatch.common import SafeLogger
from pdfbatch.errors import PoolStartError, describe_error
from pdfbatch.executors.process import failures, watchdog
from pdfbatch.executors.process.child import ExitStatus, LaunchSpec
from pdfbatch.executors.process.command_queue import Command, CommandQueue, WorkItem
from pdfbatch.executors.process.current_task import CurrentTask
from pdfbatch.executors.process.deadlines import shortest_limit
from pdfbatch.executors.process.dispatcher import Dispatcher
from pdfbatch.executors.process.pauses import Pauses
from pdfbatch.executors.process.protocol import Frame, FrameKind, ProtocolError, RefusedAnswerError, decode_numbers
from pdfbatch.executors.process.worker_group import POLL_SECONDS, Stream, WorkerGroup
from pdfbatch.executors.process.worker_handle import QUICK_SECONDS, WorkerHandle
from pdfbatch.executors.task_future import Latch
from pdfbatch.executors.task_results import make_cancelled_result
from pdfbatch.ports import TaskProgress
from pdfbatch.settings import Limits
from pdfbatch.tasks import Task, TaskResult

log: SafeLogger = SafeLogger(__name__)

START_SECONDS = 30.0  # from the launch of a worker to its being ready
BUSY_WAIT_SECONDS = 0.25  # the longest sleep while there are tasks: how much later it wakes is time that nobody had
PROGRESS_SECONDS = 0.2  # from one look at what workers are on, to the next
STOP_SECONDS = 0.02  # from one look at workers that have tasks to be stopped, to the next
MAX_FAILED_STARTS = 3  # workers lost in a row, before or between tasks, that break a pool


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSettings:
    """What a pool is started with."""

    launch: LaunchSpec
    limits: Limits
    workers: int
    tasks_per_worker: int


class Supervisor:
    """Owns all state of a pool except the ``CommandQueue``, and runs in a thread of its own.

    For other threads: ``has_started`` is set when the first worker is ready, or with a ``start_error``. ``pending_writes`` is
    the number of tasks whose output is still being written while their workers go on. ``progress`` is what workers are on,
    brought up to date while somebody sets ``is_watched``. ``has_ended`` is set at the very end;
    joining the thread instead is not safe, as a ``join`` interrupted by Ctrl-C takes it for ended (Python 3.11, bpo-45274).
    ``thread`` is the id of its thread, ``folder`` the temporary folder of the pool.
    """

    def __init__(self, settings: PoolSettings, commands: CommandQueue) -> None:
        self.has_started: Latch = Latch()
        self.start_error: PoolStartError | None = None
        self.has_ended: Latch = Latch()
        self.thread: int = 0
        self.folder: str = ""
        self.pending_writes: int = 0
        self.is_watched: bool = False
        self.progress: tuple[TaskProgress, ...] = ()
        self._progress_at = 0.0
        self._settings = settings
        self._limits = settings.limits
        self._commands = commands
        self._dispatcher = Dispatcher(settings.tasks_per_worker)
        self._failed_starts = 0  # workers lost in a row, none of them on a known task, with no task done in between
        self._last_failure = ""
        self._error = ""
        self._start_time = time.monotonic()
        self._pauses = Pauses()
        self._wake_by = math.inf  # when it should run again at the latest
        self._next_check = 0.0  # when to look at all workers again; 0 runs the first turn at once

    def run(self) -> None:
        """Serve until the pool is left or broken. Leave no process, file, descriptor or unfinished future behind."""
        self.thread = threading.get_ident()
        try:
            # A host may have given SIGPIPE its default meaning: then writing to a dead worker would end the host.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPIPE})
            self._serve()
        except BaseException as error:  # noqa: BLE001 (whatever it is, the futures must end all the same)
            self._error = describe_error(error)
        finally:
            try:
                self._finish()
            finally:
                self.has_ended.set()

    def _serve(self) -> None:
        self._group = WorkerGroup(self._settings.launch, self._commands)
        self.folder = self._group.folder
        try:
            while not self._is_over():
                self._run_once()
        finally:
            self._group.close()

    def _is_over(self) -> bool:
        if self._error or self._commands.command is Command.TERMINATE:
            return True
        has_work = self._dispatcher.unfinished or self._group.workers or self._group.is_stopping
        return self._commands.command is Command.SHUTDOWN and not has_work

    def _finish(self) -> None:
        try:
            self._dispatcher.deliver()
            self._dispatcher.enqueue(self._commands.close(self._error))
        finally:
            self._dispatcher.fail_all(self._error)
            if not self.has_started.is_set:
                reason = self._error or "the pool was left"
                self.start_error = PoolStartError(f"No worker process can be started: {reason}")
                self.has_started.set()

    def _run_once(self) -> None:
        """Wait until something happens, and do all that follows from it."""
        before = time.monotonic()
        self._excuse_pause(before)  # since the last turn
        longest = BUSY_WAIT_SECONDS if self._dispatcher.unfinished else math.inf
        timeout = min(longest, max(0.0, self._next_check - before))
        self._wake_by = before + timeout
        for worker, stream in self._group.wait(None if timeout == math.inf else timeout):
            self._excuse_pause(time.monotonic())
            self._read(worker, stream)
        self._dispatcher.enqueue(self._commands.take_all())
        if self._commands.unwanted:
            self._dispatcher.drop(self._commands.unwanted)
            self._commands.unwanted = ()
        now = time.monotonic()
        self._excuse_pause(now)
        if self._dispatcher.unwanted:
            self._stop_unwanted(now)
        if now >= self._next_check:
            self._check_workers(now)
        self._start_worker_if_needed(now)
        for item in self._dispatcher.send(self._group, now):
            self._check_by(now + min(shortest_limit(item.task, self._limits), QUICK_SECONDS))
        self._check_by(self._dispatcher.rebalance(self._group, now))
        self._stop_idle(now)
        if not self._dispatcher.unfinished:  # from here on it may sleep for long
            self.progress = ()
        elif self.is_watched and now >= self._progress_at:
            self._list_progress(now)
        self.pending_writes = sum(len(worker.pending_writes) for worker in self._group.workers)
        is_short = self._count_staying() < self._settings.workers
        self._commands.set_notify(is_short or self._dispatcher.wants_tasks(self._group, now))
        self._dispatcher.deliver()  # last: threads that wake up for a result would compete for the interpreter

    def _list_progress(self, now: float) -> None:
        """Look at what the workers are on, and then wait until somebody asks for it again."""
        found = (worker.find_progress(now) for worker in self._group.workers)
        self.progress = tuple(progress for progress in found if progress is not None)
        self.is_watched, self._progress_at = False, now + PROGRESS_SECONDS

    def _excuse_pause(self, now: float) -> None:
        """Charge nobody for the time since this thread should have run, if that is long."""
        seconds = self._pauses.note(self._wake_by, now)
        if seconds > 0:
            log.debug("The supervisor could not run for %.1f s: deadlines move by that", seconds)
            self._start_time += seconds
            for worker in self._group.workers:
                worker.excuse(seconds)
        self._wake_by = now

    def _check_by(self, at: float) -> None:
        """Run ``_check_workers`` at this time, or earlier."""
        self._next_check = min(self._next_check, at)

    # --- starting and stopping ------------------------------------------------------------------------------------

    def _start_worker_if_needed(self, now: float) -> None:
        """Start a worker if there is a task for one more. Only one a turn, because meanwhile the others have to wait."""
        if self._group.is_forkserver_starting:
            self._check_by(self._start_time + START_SECONDS)
            if now >= self._start_time + START_SECONDS:
                self._error = f"the first did not get ready within {START_SECONDS:g} s"
            return
        if failure := self._group.take_forkserver_failure():
            self._count_failed_start(failure)
        wanted = min(self._settings.workers, len(self._dispatcher.unfinished)) if self.has_started.is_set else 1
        if self._count_staying() >= wanted:
            return
        if self._failed_starts >= MAX_FAILED_STARTS:
            # Workers that live can still do all tasks; and once they do one, starting is worth another try.
            if not self._group.workers:
                self._error = f"{MAX_FAILED_STARTS} workers in a row were lost; the last {self._last_failure}"
            return
        if self._failed_starts + self._group.failing_starts >= MAX_FAILED_STARTS:
            return  # wait until it is known how the last one ended, which the error will say
        self._check_by(now)
        try:
            self._group.start_worker()
        except OSError as error:
            self._count_failed_start(f"could not be launched: {error}")

    def _count_staying(self) -> int:
        return sum(not worker.is_retiring for worker in self._group.workers)

    def _count_failed_start(self, failure: str) -> None:
        self._failed_starts += 1
        self._last_failure = failure

    def _stop_idle(self, now: float) -> None:
        """Stop all workers once the pool is shut down and all tasks are done, and poll those that are stopping."""
        if self._commands.command is Command.SHUTDOWN and not self._dispatcher.unfinished:
            for worker in tuple(self._group.workers):
                self._group.stop_worker(worker)
        if self._group.is_stopping:
            self._check_by(now + POLL_SECONDS)

    def _stop_unwanted(self, now: float) -> None:
        """Kill the workers that are on unwanted tasks, and recall those that wait behind others; look again soon."""
        for worker in tuple(self._group.workers):
            if not self._dispatcher.unwanted.isdisjoint(worker.tasks) and not self._kill_if_unwanted(worker):
                self._dispatcher.recall(self._group, worker)
        self._check_by(now + STOP_SECONDS)

    def _kill_if_unwanted(self, worker: WorkerHandle) -> bool:
        """Kill a worker that is on an unwanted task, unless its result has arrived in the last moment."""
        self._read_all_frames(worker)
        item = worker.tasks.get(worker.read_current_task().task) if worker.is_listed else None
        if item is None or not item.is_unwanted:
            return not worker.is_listed
        self._group.kill(worker)
        self._fail_task(worker, item, make_cancelled_result(item.task))
        return True

    # --- reading --------------------------------------------------------------------------------------------------

    def _read(self, worker: WorkerHandle, stream: Stream) -> None:
        match stream:
            case Stream.ANSWERS:
                self._read_frames(worker)
            case Stream.STDERR:
                self._group.read_stderr(worker)
            case Stream.COMMANDS:
                self._group.flush(worker)

    def _read_frames(self, worker: WorkerHandle) -> bool:
        """Handle a worker's messages. Return ``False`` when there is nothing more to read."""
        try:
            for frame in worker.read_frames():
                if worker.is_listed:  # an earlier frame may have ended it
                    self._on_frame(worker, frame)
        except BlockingIOError:
            return False
        except EOFError:
            self._group.on_pipe_closed(worker)  # its task fails once its exit code is known: see _on_exit
        except RefusedAnswerError as error:
            self._on_refused_answer(worker, error)
        except Exception:
            log.debug("Worker process %d sent what no worker sends", worker.pid, exc_info=True)
            self._on_protocol_error(worker)
        return worker.is_listed

    def _on_frame(self, worker: WorkerHandle, frame: Frame) -> None:
        match frame.kind:
            case FrameKind.RESULT | FrameKind.LAST_RESULT:
                self._failed_starts = 0
                self._dispatcher.on_result(self._group, worker, frame, time.monotonic())
            case FrameKind.RETURNED:
                self._dispatcher.on_returned(self._group, worker, frame)
            case FrameKind.PENDING_WRITES:
                self._dispatcher.on_pending_writes(worker, frame)
            case FrameKind.READY:
                numbers = decode_numbers(frame.payload)
                if worker.is_ready or len(numbers) != 1:
                    raise ProtocolError("ready twice, or ready for what")
                worker.mark_ready(*numbers)
                if not self.has_started.is_set:
                    self.has_started.set()
            case _:
                raise ProtocolError("not a message of a worker")

    # --- watching -------------------------------------------------------------------------------------------------

    def _check_workers(self, now: float) -> None:
        self._next_check = math.inf
        for worker, status in self._group.reap(now):
            self._on_exit(worker, status)
            worker.close()
        for worker in tuple(self._group.workers):
            self._check_by(self._check_worker(worker, now))

    def _check_worker(self, worker: WorkerHandle, now: float) -> float:
        """Check one worker, and return when to check it again."""
        if not worker.is_ready:
            return self._check_start(worker, now)
        if not worker.tasks:
            return math.inf
        if worker.has_exited():
            # Its pipe has not told, because a child process of it holds the other end open.
            self._read_all_frames(worker)
            if worker.is_listed:
                self._group.on_pipe_closed(worker)
            return now
        if now >= worker.busy_since + QUICK_SECONDS:
            self._dispatcher.recall(self._group, worker)
        finding = watchdog.check(worker, self._limits, now, self._pauses)
        if isinstance(finding, watchdog.Kill):
            self._kill_if_due(worker, now)
            return now
        return finding

    def _check_start(self, worker: WorkerHandle, now: float) -> float:
        if now >= worker.start_time + START_SECONDS:
            self._group.kill(worker)
            self._count_failed_start(f"did not get ready within {START_SECONDS:g} s")
            if not self.has_started.is_set:  # whoever starts the pool has waited long enough: no second try
                self._error = f"the first {self._last_failure}"
        return worker.start_time + START_SECONDS

    def _kill_if_due(self, worker: WorkerHandle, now: float) -> None:
        """Kill a worker that exceeds a limit, unless its result has arrived in the last moment."""
        self._read_all_frames(worker)
        if not worker.is_listed or not worker.tasks:
            return
        finding = watchdog.check(worker, self._limits, now, self._pauses)
        if not isinstance(finding, watchdog.Kill):
            return
        self._group.kill(worker)
        if finding.item is None:
            failure = f"did not begin a task within {watchdog.STALL_SECONDS:g} s"
            self._attribute_loss(worker, failure, failures.protocol_error)
        else:
            self._fail_task(worker, finding.item, finding.result)

    def _read_all_frames(self, worker: WorkerHandle) -> None:
        while self._read_frames(worker):
            continue

    # --- lost workers ---------------------------------------------------------------------------------------------

    def _on_refused_answer(self, worker: WorkerHandle, error: RefusedAnswerError) -> None:
        """Kill a worker whose answer is too long, and fail the task that it was an answer to."""
        self._group.kill(worker)
        item = worker.tasks.get(error.task)
        result = None if item is None else failures.bad_result(item.task, str(error))
        self._fail_task(worker, item, result)

    def _on_protocol_error(self, worker: WorkerHandle) -> None:
        """Kill a worker that sent something no worker sends, such as what a library wrote into its pipe."""
        if not worker.is_listed:
            return
        self._group.kill(worker)
        self._attribute_loss(worker, "sent what is no result", failures.protocol_error)

    def _on_exit(self, worker: WorkerHandle, status: ExitStatus) -> None:
        """Find out what a worker's exit means: nothing if it was stopped or killed here, else that it was lost."""
        if not worker.is_killed and (worker.tasks or not worker.is_ready):
            log.debug("Worker process %d %s", worker.pid, status.description)
            build_result = partial(failures.worker_lost, status=status, memory_limit=self._limits.memory_bytes)
            self._attribute_loss(worker, status.description, build_result)

    def _attribute_loss(
        self, worker: WorkerHandle, failure: str, build_result: Callable[[Task, CurrentTask, float], TaskResult]
    ) -> None:
        """Fail the task that a lost worker was on, or count a failed start when no task can be blamed."""
        current = watchdog.excuse_pauses(worker.read_current_task(), self._pauses)
        item = worker.tasks.get(current.task)
        if item is None:
            current = CurrentTask()
            item = self._find_suspect(worker)
        if item is None:
            self._count_failed_start(failure)
            self._dispatcher.release(worker, None, None)
        else:
            self._fail_task(worker, item, build_result(item.task, current, time.monotonic()))

    def _find_suspect(self, worker: WorkerHandle) -> WorkItem | None:
        """Return the task to blame when a worker was lost before it began one: the first in line, at the second time.

        Its pickle may crash whoever reads it. Once may be chance.
        """
        item = next(iter(worker.tasks.values()), None)
        if item is None or item.is_suspect:
            return item
        item.is_suspect = True
        return None

    def _fail_task(self, worker: WorkerHandle, item: WorkItem | None, result: TaskResult | None) -> None:
        self._failed_starts = 0
        if item is not None and result is not None and result.failure is not None:
            result = worker.read_pages_so_far(item).add_to(result)
        self._dispatcher.release(worker, item, result)
