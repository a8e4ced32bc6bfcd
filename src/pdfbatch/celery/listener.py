"""A thread in each Celery worker that does work of executors: it announces the worker, and says what the worker is."""

import threading
import uuid
from typing import Any
from weakref import WeakKeyDictionary

from pdfbatch.celery.framework import App, Consumer, worker_shutdown
from pdfbatch.common import SafeLogger
from pdfbatch.executors import (
    CeleryWorkers,
    PacketError,
    PoolState,
    Registration,
    WorkerEntry,
    connect_state,
    describe_worker,
    find_redis_url,
    find_registration,
    find_versions,
    name_worker,
    pack_refusal,
    pack_reply,
    unpack_question,
)

log: SafeLogger = SafeLogger(__name__)

_ANNOUNCE_SECONDS = 2

_listeners: "WeakKeyDictionary[Any, Listener]" = WeakKeyDictionary()


class Listener:
    """Announces a worker, and answers questions until the worker ends."""

    def __init__(self, client: Any, entry: WorkerEntry, registration: Registration) -> None:
        self._client = client
        self._workers = CeleryWorkers(client)
        self._entry = entry
        self._registration = registration
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pdfbatch-listener", daemon=True)

    def start(self) -> None:
        """Announce the worker now, and then again and again."""
        self._thread.start()

    def stop(self) -> None:
        """Say that the worker is not there any more."""
        self._end.set()
        try:
            self._workers.leave(self._entry)
        except Exception as error:  # noqa: BLE001 (Redis may be gone: its entry expires)
            log.debug("the worker cannot take its leave: %s", error)

    def _run(self) -> None:
        while not self._end.is_set():
            try:
                self._workers.announce(self._entry)
                pool = self._workers.wait_for_word(self._entry, _ANNOUNCE_SECONDS)
                if pool is not None:
                    self._start_reply(PoolState(self._client, pool))
            except Exception as error:  # noqa: BLE001 (Redis is away: it tries again)
                log.warning("the worker cannot announce itself to executors: %s", error)
                self._end.wait(_ANNOUNCE_SECONDS)

    def _start_reply(self, state: PoolState) -> None:
        """Reply in a thread of its own: to look for an output that is not there may take longer than an entry is fresh."""
        threading.Thread(target=self._reply, args=(state,), name="pdfbatch-reply", daemon=True).start()

    def _reply(self, state: PoolState) -> None:
        """Say what this worker is."""
        packet, secret = state.read_question(), self._registration.secret
        if packet is None:
            return
        try:
            reply = pack_reply(describe_worker(unpack_question(packet, secret)), secret)
        except PacketError as error:
            log.warning("a question of pool %s is refused: %s", state.pool, error)
            reply = pack_refusal(find_versions(), name_worker(), str(error), secret)
        state.reply(self._entry.key, reply)


def start_listener(consumer: Consumer, processes: int) -> None:
    """Start the listener of a worker that is ready, if its application does work of executors."""
    app: App = consumer.app
    registration = find_registration(app)
    if registration is None or app in _listeners:
        return
    url = find_redis_url(app, registration.redis)
    if url is None:
        log.error("this worker does no work of executors: register_executor needs redis=..., as no Redis is known here")
        return
    entry = WorkerEntry(
        key=uuid.uuid4().hex,
        name=str(consumer.hostname),
        processes=processes,
        queues=sorted(queue.name for queue in consumer.task_consumer.queues),
        reserve=int(consumer.controller.prefetch_multiplier or 0),
    )
    _listeners[app] = Listener(connect_state(url), entry, registration)
    _listeners[app].start()


def _on_shutdown(**_: object) -> None:
    for listener in list(_listeners.values()):
        listener.stop()


def connect_shutdown() -> None:
    """Have a worker that ends say so."""
    worker_shutdown.connect(_on_shutdown, weak=False, dispatch_uid="pdfbatch.celery.listener")
