"""Decide which worker gets which task, and end each task's future exactly once, whatever happens to the workers."""

import logging
import math
import pickle
from collections import deque
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future
from functools import partial

from pdfbatch.errors import PoolBrokenError
from pdfbatch.executors.process import answers, failures
from pdfbatch.executors.process.command_queue import WorkItem
from pdfbatch.executors.process.plain_values import AnswerError
from pdfbatch.executors.process.protocol import PICKLE_PROTOCOL, Frame, FrameKind, ProtocolError, decode_numbers
from pdfbatch.executors.process.worker_group import WorkerGroup
from pdfbatch.executors.process.worker_handle import QUICK_SECONDS, WorkerHandle
from pdfbatch.executors.task_results import cancel, make_cancelled_result, set_exception
from pdfbatch.tasks import TaskResult

log: logging.Logger = logging.getLogger(__name__)

SENT_AHEAD = 3  # tasks in a worker's pipe behind the one that it is on
LOW_WATER = 1  # a worker with so many tasks or fewer gets more: several in one write cost less than one each
MAX_RETURNS = 16  # how often workers may give a task back, before it ends: one that was taken over could do so for ever
RECALL_SECONDS = 0.005  # how old a worker's task must be before an idle worker gets what waits behind it


class Dispatcher:
    """The tasks of a pool. ``unfinished`` has all of them; each is in the queue here or in the ``tasks`` of one worker.

    ``unwanted`` are the numbers of those that workers have and that are to be stopped.

    ``deliver`` resolves the futures of finished tasks in one go, after all workers have been served.
    """

    def __init__(self, tasks_per_worker: int) -> None:
        self.unfinished: dict[int, WorkItem] = {}
        self._queue = deque[WorkItem]()
        self._finished: list[tuple[WorkItem, TaskResult]] = []
        self.unwanted: set[int] = set()
        self._tasks_per_worker = tasks_per_worker

    def enqueue(self, items: Iterable[WorkItem]) -> None:
        """Add tasks to the queue."""
        for item in items:
            self.unfinished[item.number] = item
            self._queue.append(item)

    # --- sending --------------------------------------------------------------------------------------------------

    def send(self, group: WorkerGroup, now: float) -> list[WorkItem]:
        """Send one task to each idle worker, then a few more to each quick one. Return the tasks that were sent."""
        if not self._queue:
            return []
        low = [worker for worker in group.workers if worker.queue_length <= LOW_WATER]
        # All workers get their first task before one of them gets a second.
        slots = ((worker, depth) for depth in range(1 + SENT_AHEAD) for worker in low)
        sent = [
            item for worker, depth in slots if worker.accepts(depth, now) and (item := self._send_next(worker, now))
        ]
        for worker in low:
            group.flush(worker)
        return sent

    def drop(self, futures: Collection[Future[TaskResult]]) -> None:
        """End those of these tasks that no worker has, and mark the others as unwanted."""
        for item in tuple(self.unfinished.values()):
            if item.future in futures:
                item.is_unwanted = True
                self.unwanted.add(item.number)
        waiting, self._queue = self._queue, deque[WorkItem]()
        for item in waiting:
            self._requeue(item, self._queue.append)

    def _requeue(self, item: WorkItem, add: Callable[[WorkItem], object]) -> None:
        """Add a task to the queue, unless it is unwanted: then it ends here."""
        if not item.is_unwanted:
            add(item)
            return
        del self.unfinished[item.number]
        self.unwanted.discard(item.number)
        _end(item, partial(_fail, item, ""))

    def wants_tasks(self, group: WorkerGroup, now: float) -> bool:
        """Return whether a new task could be sent to a worker at once."""
        low = (worker for worker in group.workers if worker.queue_length <= LOW_WATER)
        return any(worker.accepts(worker.queue_length, now) for worker in low)

    def _send_next(self, worker: WorkerHandle, now: float) -> WorkItem | None:
        while self._queue:
            item = self._queue.popleft()
            payload = self._start(item)
            if payload is not None:
                worker.assign(item, payload, now)
                worker.is_retiring = worker.task_count >= self._tasks_per_worker
                return item
        return None

    def _start(self, item: WorkItem) -> bytes | None:
        """Return the pickled task, ``None`` when it ends here: its holder cancelled it, or it cannot be pickled."""
        # A task that comes back from a worker was started before.
        if not item.is_started and not item.future.set_running_or_notify_cancel():
            del self.unfinished[item.number]
            self.unwanted.discard(item.number)
            return None
        item.is_started = True
        try:
            return pickle.dumps(item.task, PICKLE_PROTOCOL)
        except Exception as error:  # noqa: BLE001 (isolation is the purpose: metadata may be of any type)
            self._finish(item, failures.not_picklable(item.task, error))
            return None

    def rebalance(self, group: WorkerGroup, now: float) -> float:
        """Recall tasks that wait behind another while some worker is idle. Return when to call this again."""
        if self._queue or not any(worker.is_idle for worker in group.workers):
            return math.inf
        holders = [worker for worker in group.workers if worker.queue_length > 1]
        if not holders or any(worker.is_recalled for worker in holders):
            return math.inf
        holder = min(holders, key=lambda worker: worker.busy_since)
        if now - holder.busy_since < RECALL_SECONDS:
            return holder.busy_since + RECALL_SECONDS
        self.recall(group, holder)
        return math.inf

    def recall(self, group: WorkerGroup, worker: WorkerHandle) -> None:
        """Ask a worker to return the tasks that it has not begun."""
        if worker.queue_length > 1 and not worker.is_recalled:
            worker.is_recalled = True
            worker.send(FrameKind.RECALL)
            group.flush(worker)

    # --- messages from workers ------------------------------------------------------------------------------------

    def on_result(self, group: WorkerGroup, worker: WorkerHandle, frame: Frame, now: float) -> None:
        """Finish a task with the worker's result. Raises ``ProtocolError`` when the worker does not have that task.

        An answer that cannot be read ends its task, and the worker is killed.
        """
        item = worker.complete(frame.task)
        if item is None:
            raise ProtocolError("the result of another task")
        worker.is_quick = now - worker.busy_since < QUICK_SECONDS
        worker.busy_since = now
        if frame.kind is FrameKind.LAST_RESULT:
            worker.is_retiring = True
            self.recall(group, worker)
        if worker.is_retiring and not worker.tasks:
            group.stop_worker(worker)
        try:
            result = answers.decode_result(item.task, frame.payload)
        except AnswerError as error:
            self._finish(item, failures.bad_result(item.task, str(error)))
            if worker.is_listed:
                group.kill(worker)
            self.release(worker, None, None)
        else:
            self._finish(item, result)

    def on_returned(self, group: WorkerGroup, worker: WorkerHandle, frame: Frame) -> None:
        """Queue recalled tasks again. Raises ``ProtocolError`` when the worker does not have them."""
        numbers = decode_numbers(frame.payload)
        if not worker.is_recalled or not worker.tasks.keys() >= set(numbers) or len(set(numbers)) < len(numbers):
            raise ProtocolError("tasks of others")
        worker.is_recalled = False
        worker.task_count -= len(numbers)
        for item in [worker.tasks.pop(number) for number in reversed(numbers)]:
            worker.pending_writes.discard(item.number)
            item.return_count += 1
            if item.return_count < MAX_RETURNS:
                self._requeue(item, self._queue.appendleft)
            else:
                self._finish(item, failures.never_begun(item.task, item.return_count))
        if worker.is_retiring and not worker.tasks:
            group.stop_worker(worker)

    def on_pending_writes(self, worker: WorkerHandle, frame: Frame) -> None:
        """Note that of these tasks only the output is being written, so that the worker could do more."""
        # Those whose results came since are no longer among its tasks.
        worker.pending_writes = worker.tasks.keys() & set(decode_numbers(frame.payload))

    def release(self, worker: WorkerHandle, failed: WorkItem | None, result: TaskResult | None) -> None:
        """Take all tasks from a lost worker: finish the ``failed`` one with ``result``, queue the others in front."""
        if failed is not None:
            worker.complete(failed.number)
        for item in reversed(tuple(worker.tasks.values())):
            self._requeue(item, self._queue.appendleft)
        worker.tasks.clear()
        worker.pending_writes.clear()
        if failed is not None and result is not None:
            self._finish(failed, result)

    # --- the ends of tasks ----------------------------------------------------------------------------------------

    def _finish(self, item: WorkItem, result: TaskResult) -> None:
        del self.unfinished[item.number]
        self.unwanted.discard(item.number)
        self._finished.append((item, result))

    def deliver(self) -> None:
        """Set the results of finished tasks."""
        finished, self._finished = self._finished, []
        for item, result in finished:
            _end(item, partial(item.future.set_result, result))

    def fail_all(self, error: str) -> None:
        """End every unfinished task: with ``PoolBrokenError`` if ``error`` says why the pool broke, else as cancelled."""
        unfinished, self.unfinished = self.unfinished, {}
        for item in unfinished.values():
            _end(item, partial(_fail, item, error))


def _fail(item: WorkItem, error: str) -> None:
    # What has started can no longer be cancelled, and is not in the state that the helpers expect.
    if error and item.is_started:
        item.future.set_exception(PoolBrokenError(error))
    elif error:
        set_exception(item.future, PoolBrokenError(error))
    elif item.is_started:
        item.future.set_result(make_cancelled_result(item.task))
    else:
        cancel(item.future)


def _end(item: WorkItem, end: Callable[[], None]) -> None:
    """End a future. A callback of the host may raise what it likes: the others end all the same."""
    try:
        end()
    except BaseException:
        log.debug("A callback of a finished task failed: %s", item.task.document.file_path, exc_info=True)
