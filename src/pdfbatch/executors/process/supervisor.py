"""The thread behind a pool of worker processes: hires them, hears them, and ends those that hang, swell or die."""

import logging
import math
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

from pdfbatch.errors import PoolStartError
from pdfbatch.executors.process import failures
from pdfbatch.executors.process.child import LaunchSpec
from pdfbatch.executors.process.command_queue import Command, CommandQueue, WorkItem
from pdfbatch.executors.process.current_task import CurrentTask
from pdfbatch.executors.process.deadlines import patience
from pdfbatch.executors.process.dispatcher import Dispatcher
from pdfbatch.executors.process.failures import Exit
from pdfbatch.executors.process.protocol import ChannelError, Frame, Kind, decode_numbers
from pdfbatch.executors.process.watchdog import STALL_SECONDS, Kill, inspect
from pdfbatch.executors.process.worker_group import POLL_SECONDS, Stream, WorkerGroup
from pdfbatch.executors.process.worker_handle import QUICK_SECONDS, WorkerHandle
from pdfbatch.settings import Limits
from pdfbatch.tasks import Task, TaskResult

log = logging.getLogger(__name__)

START_SECONDS = 30.0  # from launch to ready
STARTS = 3  # workers lost in a row, before or between tasks, that break a pool


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolTerms:
    """What a pool was started with."""

    launch: LaunchSpec
    limits: Limits
    workers: int
    tasks_per_worker: int


class Supervisor:
    """Owns all state of a pool but the inbox. ``run`` is the thread; ``started`` tells how its start went.

    ``pending_writes`` is the number of tasks that only wait for their output, for any thread to read.
    ``ended`` is set when all is over: a ``join`` that Ctrl-C interrupts takes the thread for ended (Python 3.11, bpo-45274).
    """

    def __init__(self, terms: PoolTerms, inbox: CommandQueue) -> None:
        self.started = Future[None]()
        self.ended = threading.Event()
        self.pending_writes = 0
        self._terms = terms
        self._limits = terms.limits
        self._inbox = inbox
        self._tasks = Dispatcher(terms.tasks_per_worker)
        self._lost_in_vain = 0  # workers lost in a row with no task to blame, and none done in between
        self._how_lost = ""
        self._broken = ""
        self._begun = time.monotonic()
        self._tick_at = 0.0  # at once: the first worker is to be hired

    def run(self) -> None:
        """Serve until the pool is left or broken. Leaves no process, file, descriptor or waiting future behind."""
        # A write to a dead worker must not end a host that has given SIGPIPE its default meaning.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPIPE})
        try:
            self._serve()
        except BaseException as error:  # whatever a callback of the host raises, the futures must end
            log.debug("The supervisor of a process pool failed", exc_info=True)
            self._broken = f"{type(error).__name__}: {error}"
        finally:
            self._finish()
            self.ended.set()

    def _serve(self) -> None:
        self._crew = WorkerGroup(self._terms.launch, self._inbox)
        try:
            while not self._is_over():
                self._turn()
        finally:
            self._crew.close()

    def _is_over(self) -> bool:
        if self._broken or self._inbox.wish is Command.STOP:
            return True
        return self._inbox.wish is Command.FINISH and not (
            self._crew.live or self._crew.leaving or self._tasks.unfinished
        )

    def _finish(self) -> None:
        self._tasks.tell()
        self._tasks.take(self._inbox.close(self._broken))
        self._tasks.give_up(self._broken)
        if not self.started.done():
            self.started.set_exception(PoolStartError(f"No worker process can be started: {self._broken or 'left'}"))

    # --- one turn -------------------------------------------------------------------------------------------------

    def _turn(self) -> None:
        for worker, stream in self._crew.wait(self._pause()):
            self._hear(worker, stream)
        self._tasks.take(self._inbox.take())
        now = time.monotonic()
        if now >= self._tick_at:
            self._tick(now)
        self._hire(now)
        for job in self._tasks.send(self._crew, now):
            self._tick_by(now + min(patience(job.task, self._limits), QUICK_SECONDS))
        self._tick_by(self._tasks.balance(self._crew, now))
        self._part(now)
        self.pending_writes = sum(len(worker.pending_writes) for worker in self._crew.live)
        self._inbox.want(self._is_short_of_workers() or self._tasks.is_hungry(self._crew, now))
        self._tasks.tell()  # last: who waits for a result then does not contend with us for the interpreter

    def _pause(self) -> float | None:
        return None if self._tick_at == math.inf else max(0.0, self._tick_at - time.monotonic())

    def _tick_by(self, moment: float) -> None:
        self._tick_at = min(self._tick_at, moment)

    def _hire(self, now: float) -> None:
        """Start a worker when there is work for one more; one a turn, for the others are not to wait for it."""
        if self._crew.preparing and not self._is_late(now):
            return
        if how := self._crew.stop_preparing():
            self._lose_in_vain(how)
        wanted = min(self._terms.workers, len(self._tasks.unfinished)) if self.started.done() else 1
        if self._staying >= wanted:
            return
        if self._lost_in_vain >= STARTS:
            # Those that live may still do it all; and if they do a task, it is worth another try.
            self._broken = "" if self._crew.live else f"{STARTS} workers in a row were lost; the last {self._how_lost}"
            return
        if self._lost_in_vain + self._crew.leaving_unready >= STARTS:
            return  # how the last one ended will be known in a moment
        self._tick_by(now)
        try:
            self._crew.hire()
        except OSError as error:
            self._lose_in_vain(f"could not be launched: {error}")

    @property
    def _staying(self) -> int:
        return sum(not worker.retiring for worker in self._crew.live)

    def _is_short_of_workers(self) -> bool:
        """Whether one more task may be a reason to hire."""
        return self._staying < self._terms.workers

    def _is_late(self, now: float) -> bool:
        """Whether the start has taken too long: it is given up, for who starts a pool is not kept waiting as long again."""
        self._tick_by(self._begun + START_SECONDS)
        late = now >= self._begun + START_SECONDS
        if late:
            self._broken = f"the first did not get ready within {START_SECONDS:g} s"
        return late

    def _part(self, now: float) -> None:
        """Let workers go when all is done; look after those that are on their way out."""
        if self._inbox.wish is Command.FINISH and not self._tasks.unfinished:
            for worker in tuple(self._crew.live):
                self._crew.dismiss(worker)
        if self._crew.leaving:
            self._tick_by(now + POLL_SECONDS)

    # --- hearing --------------------------------------------------------------------------------------------------

    def _hear(self, worker: WorkerHandle, stream: Stream) -> None:
        match stream:
            case Stream.FRAMES:
                self._hear_frames(worker)
            case Stream.ERRORS:
                self._crew.hear_errors(worker)
            case Stream.ROOM:
                self._crew.flush(worker)

    def _hear_frames(self, worker: WorkerHandle) -> bool:
        """Whether there was something."""
        try:
            for frame in worker.read_frames():
                if worker.present:
                    self._on_frame(worker, frame)
        except BlockingIOError:
            return False
        except EOFError:
            self._crew.mourn(worker)  # blame is laid when its exit code is known
        except ChannelError:
            self._end_astray(worker)
        return worker.present

    def _on_frame(self, worker: WorkerHandle, frame: Frame) -> None:
        match frame.kind:
            case Kind.RESULT | Kind.LAST_RESULT:
                self._lost_in_vain = 0
                self._tasks.on_result(self._crew, worker, frame, time.monotonic())
            case Kind.RETURNED:
                self._tasks.on_returned(self._crew, worker, frame)
            case Kind.FREE:
                self._tasks.on_free(worker, frame)
            case Kind.READY:
                self._on_ready(worker, frame)
            case _:
                raise ChannelError("not a worker's word")

    def _on_ready(self, worker: WorkerHandle, frame: Frame) -> None:
        worker.welcome(*decode_numbers(frame.payload)[:1])
        if not self.started.done():
            self.started.set_result(None)

    # --- watching -------------------------------------------------------------------------------------------------

    def _tick(self, now: float) -> None:
        self._tick_at = math.inf
        for worker, how in self._crew.reap(now):
            self._bury(worker, how)
            worker.close()
        for worker in tuple(self._crew.live):
            self._tick_by(self._check(worker, now))

    def _check(self, worker: WorkerHandle, now: float) -> float:
        """Look after one worker; when to look again."""
        if not worker.ready:
            return self._check_start(worker, now)
        if not worker.sent:
            return math.inf
        if worker.has_exited():  # a child of it holds its pipe open
            return self._check_dead(worker, now)
        if now >= worker.head_since + QUICK_SECONDS:
            self._tasks.recall(self._crew, worker)
        found = inspect(worker, self._limits, now)
        if isinstance(found, Kill):
            self._judge(worker, now)
            return now
        return found

    def _check_start(self, worker: WorkerHandle, now: float) -> float:
        if now >= worker.started + START_SECONDS:
            self._crew.kill(worker)
            self._lose_in_vain(f"did not get ready within {START_SECONDS:g} s")
            if not self.started.done():  # who starts a pool is not kept waiting for as long again
                self._broken = f"the first {self._how_lost}"
        return worker.started + START_SECONDS

    def _check_dead(self, worker: WorkerHandle, now: float) -> float:
        self._drain(worker)
        if worker.present:
            self._crew.mourn(worker)
        return now

    def _judge(self, worker: WorkerHandle, now: float) -> None:
        """Kill a worker, unless it has just made it after all."""
        self._drain(worker)
        if not worker.present or not worker.sent:
            return
        found = inspect(worker, self._limits, now)
        if not isinstance(found, Kill):
            return
        self._crew.kill(worker)
        if found.job is None:
            self._lay_blame(worker, f"did not begin with a task within {STALL_SECONDS:g} s", failures.gone_astray)
        else:
            self._lose(worker, found.job, found.result)

    def _drain(self, worker: WorkerHandle) -> None:
        while self._hear_frames(worker):
            continue

    # --- losing ---------------------------------------------------------------------------------------------------

    def _end_astray(self, worker: WorkerHandle) -> None:
        """A worker sends what no worker sends: a library has written into its pipe."""
        self._crew.kill(worker)
        self._lay_blame(worker, "sent what is no result", failures.gone_astray)

    def _bury(self, worker: WorkerHandle, how: Exit) -> None:
        """A worker has gone: by itself, unless it was let go or killed by us."""
        if not worker.killed and (worker.sent or not worker.ready):
            log.debug("Worker process %d %s", worker.pid, how.how)
            self._lay_blame(worker, how.how, partial(failures.lost, how=how, limit=self._limits.memory_bytes))

    def _lay_blame(
        self, worker: WorkerHandle, how: str, ending: Callable[[Task, CurrentTask, float], TaskResult]
    ) -> None:
        place = worker.place()
        job = worker.sent.get(place.task)
        if job is None:
            place = CurrentTask()
            job = self._suspect(worker)
        if job is None:
            self._lose_in_vain(how)
            self._tasks.release(worker, None, None)
        else:
            self._lose(worker, job, ending(job.task, place, time.monotonic()))

    def _suspect(self, worker: WorkerHandle) -> WorkItem | None:
        """The task to blame when no place tells: the first in line, when it has been that once before."""
        job = next(iter(worker.sent.values()), None)
        if job is None or job.suspected:
            return job
        job.suspected = True
        return None

    def _lose(self, worker: WorkerHandle, job: WorkItem, result: TaskResult | None) -> None:
        """A worker is lost on a task."""
        self._lost_in_vain = 0
        self._tasks.release(worker, job, result)

    def _lose_in_vain(self, how: str) -> None:
        self._lost_in_vain += 1
        self._how_lost = how
