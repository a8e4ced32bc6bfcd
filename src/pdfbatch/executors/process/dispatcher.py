"""Which worker gets which task, and how each task comes to its end: exactly once, whatever becomes of workers."""

import math
import pickle
from collections import deque
from collections.abc import Iterable

from pdfbatch.errors import PoolBrokenError
from pdfbatch.executors.process import failures
from pdfbatch.executors.process.command_queue import WorkItem
from pdfbatch.executors.process.protocol import PICKLE_PROTOCOL, ChannelError, Frame, Kind, decode_numbers
from pdfbatch.executors.process.worker_group import WorkerGroup
from pdfbatch.executors.process.worker_handle import QUICK_SECONDS, WorkerHandle
from pdfbatch.executors.task_results import abandoned, cancel, fail
from pdfbatch.tasks import TaskResult

SENT_AHEAD = 3  # tasks in a worker's pipe behind the one that it is on
LOW_WATER = 1  # tasks in its hands that make a worker get more: several in one write cost less than one each
RECALL_SECONDS = 0.005  # how old a worker's task must be before an idle worker gets what waits behind it


class Dispatcher:
    """The tasks of a pool. ``unfinished`` are all of them, the others are in the queue or in a worker's ``sent``.

    Tasks that have ended are told of by ``tell``, all at once, when the workers have been seen to.
    """

    def __init__(self, tasks_per_worker: int) -> None:
        self.unfinished: dict[int, WorkItem] = {}
        self._ended: list[tuple[WorkItem, TaskResult]] = []
        self._queue = deque[WorkItem]()
        self._tasks_per_worker = tasks_per_worker

    def take(self, jobs: Iterable[WorkItem]) -> None:
        """Queue tasks."""
        for job in jobs:
            self.unfinished[job.number] = job
            self._queue.append(job)

    # --- giving ---------------------------------------------------------------------------------------------------

    def send(self, crew: WorkerGroup, now: float) -> list[WorkItem]:
        """Give idle workers a task each, then quick ones a few ahead; the tasks that were given."""
        if not self._queue:
            return []
        low = [worker for worker in crew.live if worker.at_hand <= LOW_WATER]
        rooms = ((worker, depth) for depth in range(1 + SENT_AHEAD) for worker in low)
        given = [job for worker, depth in rooms if worker.has_room(depth, now) and (job := self._give(worker, now))]
        for worker in low:
            crew.flush(worker)
        return given

    def is_hungry(self, crew: WorkerGroup, now: float) -> bool:
        """Whether a task that came now could be given to a worker."""
        low = (worker for worker in crew.live if worker.at_hand <= LOW_WATER)
        return any(worker.has_room(worker.at_hand, now) for worker in low)

    def _give(self, worker: WorkerHandle, now: float) -> WorkItem | None:
        while self._queue:
            job = self._queue.popleft()
            payload = self._begin(job)
            if payload is not None:
                worker.give(job, payload, now)
                worker.retiring = worker.taken >= self._tasks_per_worker
                return job
        return None

    def _begin(self, job: WorkItem) -> bytes | None:
        """The task as a worker reads it, or ``None`` when it has ended here: cancelled by its holder, or unpicklable."""
        if not job.begun and not job.future.set_running_or_notify_cancel():
            del self.unfinished[job.number]
            return None
        job.begun = True
        try:
            return pickle.dumps(job.task, PICKLE_PROTOCOL)
        except Exception as error:  # noqa: BLE001 (isolation is the purpose: metadata may be of any type)
            self._settle(job, failures.unsendable(job.task, error))
            return None

    def balance(self, crew: WorkerGroup, now: float) -> float:
        """Call back what waits behind a task while another worker is idle; when to look again."""
        if self._queue or not any(worker.is_idle for worker in crew.live):
            return math.inf
        holders = [worker for worker in crew.live if worker.at_hand > 1]
        if not holders or any(worker.recalled for worker in holders):
            return math.inf
        holder = min(holders, key=lambda worker: worker.head_since)
        if now - holder.head_since < RECALL_SECONDS:
            return holder.head_since + RECALL_SECONDS
        self.recall(crew, holder)
        return math.inf

    def recall(self, crew: WorkerGroup, worker: WorkerHandle) -> None:
        """Ask a worker to return what it has not begun."""
        if worker.at_hand > 1 and not worker.recalled:
            worker.recalled = True
            worker.say(Kind.RECALL)
            crew.flush(worker)

    # --- getting back ---------------------------------------------------------------------------------------------

    def on_result(self, crew: WorkerGroup, worker: WorkerHandle, frame: Frame, now: float) -> None:
        """A worker has done a task. Raises ``ChannelError`` when it was not given that one."""
        job = worker.take_back(frame.task)
        if job is None:
            raise ChannelError("the result of another task")
        worker.quick = now - worker.head_since < QUICK_SECONDS
        worker.head_since = now
        if frame.kind is Kind.LAST_RESULT:
            worker.retiring = True
            self.recall(crew, worker)
        if worker.retiring and not worker.sent:
            crew.dismiss(worker)
        self._settle(job, _read(job, frame))

    def on_returned(self, crew: WorkerGroup, worker: WorkerHandle, frame: Frame) -> None:
        """A worker returns tasks that it has not begun. Raises ``ChannelError`` when it was not given them."""
        numbers = decode_numbers(frame.payload)
        if not worker.sent.keys() >= set(numbers):
            raise ChannelError("tasks of others")
        worker.recalled = False
        worker.taken -= len(numbers)
        self._queue.extendleft([worker.sent.pop(number) for number in reversed(numbers)])
        if worker.retiring and not worker.sent:
            crew.dismiss(worker)

    def on_free(self, worker: WorkerHandle, frame: Frame) -> None:
        """A worker only waits for the output of these tasks, and could do more. Some may have ended meanwhile."""
        worker.pending_writes = worker.sent.keys() & set(decode_numbers(frame.payload))

    def release(self, worker: WorkerHandle, blamed: WorkItem | None, result: TaskResult | None) -> None:
        """A worker is gone: the task to blame ends with ``result``, the others go back to the front of the queue."""
        if blamed is not None:
            worker.take_back(blamed.number)
        self._queue.extendleft(reversed(worker.sent.values()))
        worker.sent.clear()
        worker.pending_writes.clear()
        if blamed is not None and result is not None:
            self._settle(blamed, result)

    def _settle(self, job: WorkItem, result: TaskResult) -> None:
        del self.unfinished[job.number]
        self._ended.append((job, result))

    def tell(self) -> None:
        """Give the futures of tasks that have ended their results."""
        ended, self._ended = self._ended, []
        for job, result in ended:
            job.future.set_result(result)

    def give_up(self, broken: str) -> None:
        """End every unfinished task: cancelled when the pool was left, else (``broken`` says why) with an error."""
        for job in self.unfinished.values():
            _give_up(job, broken)
        self.unfinished = {}


def _give_up(job: WorkItem, broken: str) -> None:
    if broken and job.begun:
        job.future.set_exception(PoolBrokenError(broken))
    elif broken:
        fail(job.future, PoolBrokenError(broken))
    elif job.begun:
        job.future.set_result(abandoned(job.task))
    else:
        cancel(job.future)


def _read(job: WorkItem, frame: Frame) -> TaskResult:
    try:
        result: object = pickle.loads(frame.payload)  # noqa: S301 (from our worker)
    except Exception as error:  # noqa: BLE001 (isolation is the purpose: metadata may be of any type)
        return failures.unreadable(job.task, f"{type(error).__name__}: {error}")
    if not isinstance(result, TaskResult):
        return failures.unreadable(job.task, f"it is of type {type(result).__name__}")
    return result
