"""Call functions in daemon threads that nobody has to wait for. They are used again: a new one costs as much as a request."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")

_IDLE_SECONDS = 5.0

_Call = tuple[Callable[[], Any], "Future[Any]"]
# The mailbox of each thread that has nothing to do.
_idle: list[SimpleQueue[_Call]] = []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.clear)  # the threads stay in the parent


def run_in_thread(function: Callable[[], T]) -> "Future[T]":
    """Call a function in a daemon thread. Its result may be left alone: the thread serves others once the call has ended."""
    future = Future[T]()
    try:
        mailbox = _idle.pop()
    except IndexError:
        mailbox = SimpleQueue[_Call]()
        threading.Thread(target=_serve, args=(mailbox,), name="pdfbatch-storage-call", daemon=True).start()
    mailbox.put((function, future))
    return future


def _serve(mailbox: SimpleQueue[_Call]) -> None:
    while (call := _next_call(mailbox)) is not None:
        _run(*call)
        del call  # what it holds, such as a body, is not kept while this thread waits
        _idle.append(mailbox)


def _next_call(mailbox: SimpleQueue[_Call]) -> _Call | None:
    """Wait for a call; return ``None`` when none has come for some time."""
    try:
        return mailbox.get(timeout=_IDLE_SECONDS)
    except Empty:
        try:
            _idle.remove(mailbox)
        except ValueError:  # somebody has just taken it, to put a call into it
            return mailbox.get()
        return None


def _run(function: Callable[[], T], future: "Future[T]") -> None:
    try:
        result = function()
    except BaseException as error:  # noqa: BLE001 (raised where the result is asked for)
        with suppress(Exception):  # it was cancelled
            future.set_exception(error)
    else:
        with suppress(Exception):
            future.set_result(result)
