"""Find what was lost with workers, and send it again: a thread in each Celery worker, beside its tasks.

The broker would deliver the messages of a killed worker again after its visibility timeout, an hour by default. A lease ends
after seconds.
"""

import threading
from contextlib import suppress
from typing import Any, cast
from weakref import WeakKeyDictionary

from pdfbatch.celery.configuration import TaskOptions, find_options
from pdfbatch.celery.framework import App, Consumer, worker_ready
from pdfbatch.celery.listener import connect_shutdown, start_listener
from pdfbatch.celery.messages import send_messages
from pdfbatch.celery.run_state import RUNS
from pdfbatch.celery.site import set_processes
from pdfbatch.common import SafeLogger
from pdfbatch.errors import UsageError

log: SafeLogger = SafeLogger(__name__)

_SOLO = "celery.concurrency.solo"
_THREADED = ("celery.concurrency.thread", "celery.concurrency.gevent", "celery.concurrency.eventlet")

_sweepers: "WeakKeyDictionary[Any, threading.Thread]" = WeakKeyDictionary()


def sweep(app: App, options: TaskOptions) -> int:
    """Send again what was lost of all runs; return how many messages that were."""
    url = options.find_redis(app)
    if url is None:
        return 0
    count = 0
    client = options.open_run(app, "").client
    for run in client.smembers(RUNS):
        state = options.open_run(app, run.decode() if isinstance(run, bytes) else str(run))
        messages = state.sweep()
        if messages is None:
            client.srem(RUNS, run)
        elif messages:
            priority = state.read(["priority"]).get("priority")
            send_messages(app, options, state, messages, int(priority) if priority else None)
            log.warning("batch %s: sent again what was lost: %s", state.run, ", ".join(one.unit for one in messages))
            count += len(messages)
    return count


def _sweep_for_ever(app: App) -> None:
    end = threading.Event()  # which nobody sets: the thread ends with the process
    while not end.wait(find_options(app).lease_seconds / 4):
        with suppress(UsageError):
            try:
                sweep(app, find_options(app))
            except Exception as error:  # noqa: BLE001 (Redis or the broker are away: it looks again)
                log.warning("cannot look for lost documents: %s", error)


def _on_ready(sender: Any = None, **_: object) -> None:
    """Start the thread in a worker that is ready."""
    consumer = cast("Consumer", sender)
    app = consumer.app
    processes = consumer.controller.concurrency or 1
    if consumer.controller.pool_cls.__module__ in _THREADED:
        set_processes(processes)
    start_listener(consumer, 1 if consumer.controller.pool_cls.__module__ == _SOLO else processes)
    _warn_of_queues(app, consumer)
    if app not in _sweepers:
        _sweepers[app] = threading.Thread(target=_sweep_for_ever, args=(app,), name="pdfbatch-sweep", daemon=True)
        _sweepers[app].start()


def _warn_of_queues(app: App, consumer: Consumer) -> None:
    """Warn when the worker has the tasks, but takes none of their messages."""
    queues = find_options(app).queues
    wanted = {queues.orchestration, queues.text, queues.ocr}
    served = {queue.name for queue in consumer.task_consumer.queues}
    if not wanted & served:
        names = ",".join(sorted(wanted))
        log.warning("this worker does nothing for pdfbatch: it serves %s; start it with -Q %s", sorted(served), names)


def connect_signals() -> None:
    """Have each worker of this process start its sweeper and its listener when it is ready."""
    worker_ready.connect(_on_ready, weak=False, dispatch_uid="pdfbatch.celery.sweeper")
    connect_shutdown()
