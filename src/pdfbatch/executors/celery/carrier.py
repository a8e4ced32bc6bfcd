"""Brings slices to Celery workers: a slice waits in Redis, and a message of two words through the broker says that it is there.

A thread of the client takes answers as they come. Once a second it looks for slices that were lost with their worker, and for
messages that nobody took up: the broker would deliver those of a killed worker again after an hour.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pdfbatch.common import SafeLogger
from pdfbatch.errors import ExecutorError, PoolBrokenError, PoolStartError, UsageError, describe_error
from pdfbatch.executors.celery.packets import PacketError, pack_question, pack_slice, unpack_answer, unpack_reply
from pdfbatch.executors.celery.pool_state import CeleryWorkers, PoolState, WorkerEntry
from pdfbatch.executors.celery.registration import Queues
from pdfbatch.executors.site import Answer, Question, Reply, Slice, find_versions
from pdfbatch.executors.slices import LostSlice, SliceEnd

log: SafeLogger = SafeLogger(__name__)

SLICE_TASK = "pdfbatch.slice"
_TEND_SECONDS = 1.0
_GRACE_SECONDS = 3.0
_ASK_SECONDS = 120.0
_POLL_SECONDS = 0.05
_OUTAGE_SECONDS = 60.0  # how long Redis may be away
_INSPECT_SECONDS = 1.0
_MOST_HEAD_BYTES = 4 << 20
_PUBLISH: Mapping[str, float] = {"max_retries": 10, "interval_start": 0.2, "interval_step": 0.4, "interval_max": 3.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class CelerySettings:
    """What a carrier needs to know beside its application and its state. ``most_bytes`` is what one result may take."""

    queues: Queues
    workers: int | None
    priority: int | None
    lease_seconds: float
    start_timeout: float
    secret: str | None
    most_bytes: int

    @property
    def slice_queues(self) -> tuple[str, str]:
        """The queues of slices."""
        return self.queues.text, self.queues.ocr


@dataclass(slots=True)
class _Sent:
    """A slice that was handed over. ``packet`` is there until it is with the broker."""

    on_end: Callable[[SliceEnd], None]
    queue: str
    tasks: int
    packet: bytes = b""


class CeleryCarrier:
    """Brings slices to the workers of an application."""

    name = "celery"

    def __init__(self, app: Any, state: PoolState, settings: CelerySettings) -> None:
        self._app, self._state, self._settings = app, state, settings
        self._workers = CeleryWorkers(state.client)
        self._lock = threading.Lock()
        self._sent = dict[int, _Sent]()
        self._held = deque[int]()  # not with the broker yet: so many are not to be in flight
        self._number = 0
        self._processes = 1
        self._is_open = self._is_stopped = False
        self._end = threading.Event()
        self._error: ExecutorError | None = None
        self._seen_at = self._counted_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="pdfbatch-celery", daemon=True)

    def start(self) -> None:
        """Begin the pool's state and wait for the first workers. Raises ``PoolStartError``."""
        end = time.monotonic() + self._settings.start_timeout
        while missing := self._count_workers():
            if time.monotonic() > end:
                raise PoolStartError(_describe_absence(missing, self._settings.start_timeout))
            time.sleep(4 * _POLL_SECONDS)
        self._state.open(self._settings.lease_seconds)
        self._is_open = True
        try:
            self._thread.start()
        except RuntimeError as error:
            raise PoolStartError(f"No thread can be started here: {error}") from error

    def _count_workers(self) -> list[str]:
        """Count the processes that there are, and return the queues that no worker serves."""
        entries = self._workers.find(self._settings.slice_queues)
        self._processes = sum(entry.processes for entry in entries)
        served = {queue for entry in entries for queue in entry.queues}
        return [queue for queue in self._settings.slice_queues if queue not in served]

    @property
    def capacity(self) -> int:
        """Number of slices that may be in work at one time now."""
        limit = self._settings.workers
        return max(1, self._processes if limit is None else min(limit, self._processes))

    # --- the carrier's part ---------------------------------------------------------------------------------------

    def send(self, sliced: Slice, on_end: Callable[[SliceEnd], None]) -> None:
        """Store a slice and send its message, now or when there is room in flight."""
        settings = self._settings
        packet = pack_slice(sliced, 0 if settings.workers is None else 1, settings.secret)
        queue = settings.queues.ocr if sliced["parts"] else settings.queues.text
        with self._lock:
            if self._error is not None:
                raise self._error
            self._number += 1
            number = self._number
            self._sent[number] = _Sent(on_end, queue, len(sliced["tasks"]), packet)
            self._held.append(number)
        try:
            self._send_held()
        except ExecutorError as error:
            self._break(error)  # which ends this slice, too

    def _send_held(self) -> None:
        """Hand to the broker what may be in flight. Raises ``PoolBrokenError``."""
        while True:
            with self._lock:
                limit = self._settings.workers
                room = limit is None or len(self._sent) - len(self._held) < limit
                if not self._held or not room or self._is_stopped:
                    return
                number = self._held.popleft()
                sent = self._sent.get(number)
            if sent is None:
                continue
            try:
                is_open = self._state.put(number, sent.packet, self._settings.lease_seconds)
            except Exception as error:
                raise PoolBrokenError(f"Redis takes no tasks: {describe_error(error)}") from error
            if not is_open:
                raise PoolBrokenError(_STATE_GONE)
            sent.packet = b""
            self._publish(number, sent.queue)

    def _publish(self, number: int, queue: str) -> None:
        priority = self._settings.priority
        options: dict[str, Any] = {} if priority is None else {"priority": priority}
        arguments = (self._state.pool, number)
        try:
            self._app.send_task(
                SLICE_TASK,
                args=arguments,
                queue=queue,
                serializer="json",
                ignore_result=True,
                retry=True,
                retry_policy=_PUBLISH,
                **options,
            )
        except Exception as error:
            raise PoolBrokenError(f"the broker of Celery takes no messages: {describe_error(error)}") from error

    def ask(self, question: Question) -> Mapping[str, Reply]:
        """Ask the workers what they are."""
        settings = self._settings
        try:
            entries = self._workers.find(settings.slice_queues)
            self._state.ask(pack_question(question, settings.secret), [entry.key for entry in entries])
            self._refuse_strangers(entries)
            packets = self._wait_for_replies(entries)
        except (ExecutorError, UsageError):
            raise
        except Exception as error:
            raise PoolBrokenError(f"Redis does not answer: {describe_error(error)}") from error
        for entry in entries:
            if entry.reserve > 1:
                log.warning(
                    "%s takes %d messages for each process beforehand, and others wait: start it with "
                    "--prefetch-multiplier 1",
                    entry.name,
                    entry.reserve,
                )
        names = {entry.key: entry.name for entry in entries}
        return {names[key]: _read_reply(names[key], packet, settings.secret) for key, packet in packets.items()}

    def _refuse_strangers(self, entries: Sequence[WorkerEntry]) -> None:
        """Raise ``PoolBrokenError`` when a worker takes messages of the queues that does no work of executors."""
        try:
            found: dict[str, Any] = self._app.control.inspect(timeout=_INSPECT_SECONDS).active_queues() or {}
        except Exception as error:  # noqa: BLE001 (brokers without remote control: what is wrong shows later then)
            log.debug("the workers cannot be listed: %s", error)
            return
        known = {entry.name for entry in [*entries, *self._workers.find(self._settings.slice_queues)]}
        for name, queues in found.items():
            shared = {queue["name"] for queue in queues or ()} & set(self._settings.slice_queues)
            if shared and name not in known:
                raise PoolBrokenError(
                    f"Worker {name} takes messages of {min(shared)!r}, but does no work of executors: call "
                    "pdfbatch.celery.register_executor(app) where its application is made, or give CeleryExecutor(queues=...)"
                )

    def _wait_for_replies(self, entries: Sequence[WorkerEntry]) -> Mapping[str, bytes]:
        """Wait for the replies of the workers, but not for one that is lost meanwhile."""
        end = time.monotonic() + _ASK_SECONDS
        wanted = {entry.key: entry.name for entry in entries}
        while True:
            replies = self._state.read_replies()
            missing = wanted.keys() - replies.keys()
            if missing:
                missing &= {entry.key for entry in self._workers.find(self._settings.slice_queues)}
            if not missing:
                return replies
            if time.monotonic() > end:
                raise PoolBrokenError(f"Worker {wanted[min(missing)]} does not say what it is")
            time.sleep(_POLL_SECONDS)

    def stop(self, pool_id: str) -> None:
        """Have the workers give back what has not begun, and kill what has: they look once a second."""
        del pool_id  # it is that of the state
        with self._lock:
            self._is_stopped = True
            waiting = list(self._held)
        with suppress(Exception):  # Redis may be gone
            waiting += self._state.stop()
        for number in waiting:
            self._give_back(number)

    def revoke(self) -> None:
        """Do nothing: a message without its slice does nothing."""

    def close(self, pool_id: str) -> None:
        """Forget the pool: workers end what they keep warm for it when they find it gone."""
        del pool_id
        self._end.set()
        if not self._is_open:
            return
        with suppress(Exception):  # Redis may be gone
            self._state.wake()
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(_GRACE_SECONDS)
        with suppress(Exception):
            self._state.delete()

    # --- in the thread that takes answers -------------------------------------------------------------------------

    def _run(self) -> None:
        tended_at = time.monotonic()
        while not self._end.is_set():
            try:
                number = self._state.wait_for_answer(1)
                if number:
                    self._take_answer(number)
                if time.monotonic() - tended_at >= _TEND_SECONDS:
                    tended_at = time.monotonic()
                    self._tend()
                self._seen_at = time.monotonic()
            except ExecutorError as error:
                self._break(error)
                return
            except Exception as error:  # noqa: BLE001 (Redis may be away for a while: the leases outlive some of it)
                log.warning("the pool on Celery workers cannot reach Redis: %s", describe_error(error))
                if time.monotonic() - self._seen_at > _OUTAGE_SECONDS:
                    self._break(PoolBrokenError(f"Redis is gone: {describe_error(error)}"))
                    return
                self._end.wait(_TEND_SECONDS)

    def _tend(self) -> None:
        tended = self._state.tend()
        if tended.state == "gone":
            raise PoolBrokenError(_STATE_GONE)
        for number in tended.answered:
            self._take_answer(number)
        for number in tended.lost:
            if (sent := self._take(number)) is not None:
                sent.on_end(LostSlice("its lease has ended: a Celery worker was killed, or cannot reach Redis"))
        for number in tended.again:
            with self._lock:
                sent = self._sent.get(number)
            if sent is not None and not self._is_stopped:
                self._publish(number, sent.queue)
        self._count_again()
        self._send_held()

    def _count_again(self) -> None:
        """Count the workers that are there. Raises ``PoolBrokenError`` when none has been there for long."""
        before = self._processes
        self._count_workers()
        if self._processes:
            self._counted_at = time.monotonic()
            return
        if before:
            self._counted_at = time.monotonic()
            log.warning("no Celery worker is there: the batch waits for one")
        if time.monotonic() - self._counted_at > self._settings.start_timeout:
            raise PoolBrokenError(_describe_absence(self._settings.slice_queues, self._settings.start_timeout))

    def _take_answer(self, number: int) -> None:
        settings = self._settings
        with self._lock:
            sent = self._sent.get(number)
        if sent is not None:
            most = _MOST_HEAD_BYTES + sent.tasks * settings.most_bytes
            data = self._state.fetch_answer(number, most)
            if data is not None and self._take(number) is not None:
                sent.on_end(_read_answer(data, sent.tasks, settings.secret))
        self._state.drop_answer(number)
        self._send_held()

    def _take(self, number: int) -> _Sent | None:
        with self._lock:
            with suppress(ValueError):
                self._held.remove(number)
            return self._sent.pop(number, None)

    def _give_back(self, number: int) -> None:
        """End a slice that nobody has begun."""
        if (sent := self._take(number)) is not None:
            answer = Answer(versions=find_versions(), worker="", refusal="", results=[None] * sent.tasks, seconds=0.0)
            sent.on_end(answer)

    def _break(self, error: ExecutorError) -> None:
        with self._lock:
            self._error = error
            unfinished, self._sent = self._sent, {}
            self._held.clear()
        for sent in unfinished.values():
            sent.on_end(error)


_STATE_GONE = (
    "the state of the pool is gone from Redis: it was emptied or started again, or this process did not run for minutes"
)


def _read_reply(worker: str, packet: bytes, secret: str | None) -> Reply:
    try:
        return unpack_reply(packet, secret)
    except PacketError as error:
        raise UsageError(f"Worker {worker} cannot be understood: {error}") from error


def _read_answer(data: bytes, tasks: int, secret: str | None) -> SliceEnd:
    """Return what an answer says. One that cannot be read counts as a lost slice."""
    if data == b"large":
        return LostSlice("its answer was larger than an answer may be")
    try:
        packet = unpack_answer(data, secret)
    except PacketError as error:
        return LostSlice(f"its answer cannot be read: {error}")
    answer = packet["answer"]
    if packet["error"]:
        return LostSlice(packet["error"])
    if answer["versions"] == find_versions() and not answer["refusal"] and len(answer["results"]) != tasks:
        return LostSlice("its answer has another number of results")
    return answer


def _describe_absence(queues: Sequence[str], seconds: float) -> str:
    return (
        f"no Celery worker that does work of executors takes messages of {' and '.join(map(repr, queues))} after "
        f"{seconds:g} s: call pdfbatch.celery.register_executor(app) in the module of the application, and start workers with "
        f"--queues {','.join(queues)}"
    )
