"""What a worker does for the message of a slice, which a ``CeleryExecutor`` has sent: take it up, do it in the site, answer."""

import os
import threading
import uuid
from dataclasses import dataclass, field
from typing import Any

from pdfbatch.celery.framework import App
from pdfbatch.celery.site import count_processes
from pdfbatch.common import SafeLogger
from pdfbatch.executors import (
    Answer,
    PacketError,
    PoolState,
    Registration,
    connect_state,
    do_slice,
    find_redis_url,
    find_registration,
    find_versions,
    name_worker,
    pack_answer,
    release_pool,
    stop_pool,
    unpack_slice,
)

log: SafeLogger = SafeLogger(__name__)

SLICE = "pdfbatch.slice"
_BEAT_SECONDS = 1.0
_UNREGISTERED = (
    "it does no work of executors: call pdfbatch.celery.register_executor(app) in the module of its application"
)


def run_slice(app: App, pool: str, number: int) -> None:
    """Do a slice and store the answer. A message that was delivered twice, or comes too late, does nothing."""
    registration = find_registration(app)
    url = find_redis_url(app, None if registration is None else registration.redis)
    if url is None:
        log.error("a slice of %s cannot be done: no Redis is known here", pool)
        return
    state, owner = PoolState(connect_state(url), pool), uuid.uuid4().hex
    claim = state.claim(number, owner)
    if claim.outcome != "mine":
        log.debug("slice %d of %s: %s", number, pool, claim.outcome)
        return
    renewer = _find_renewer()
    renewer.add(state, number, owner)
    try:
        packet = _do(registration, claim.packet)
    finally:
        renewer.remove(state, number)
    if not state.answer(number, owner, packet):
        log.warning("slice %d of %s came to an end too late: others do its tasks", number, pool)


def _do(registration: Registration | None, packet: bytes) -> bytes:
    """Return the packed answer to a packed slice. Nothing is unpickled before its signature and its versions are right."""
    answer = Answer(versions=find_versions(), worker=name_worker(), refusal="", results=[], seconds=0.0)
    if registration is None:
        return pack_answer({**answer, "refusal": _UNREGISTERED}, "", None)
    error = ""
    try:
        received = unpack_slice(packet, registration.secret)
        answer = do_slice(received["sliced"], count_processes(), received["at_once"])
    except PacketError as refusal:
        answer["refusal"] = str(refusal)
    except Exception as unexpected:  # noqa: BLE001 (a task that cannot be unpickled here: its slice counts as lost)
        error = f"{name_worker()}: {type(unexpected).__name__}: {unexpected}"
    return pack_answer(answer, error, registration.secret)


@dataclass(slots=True)
class _Leases:
    """The slices of one pool that this process is at."""

    state: PoolState
    owners: dict[int, str] = field(default_factory=dict[int, str])


class _LeaseRenewer:
    """A thread of a process that renews its leases once a second, and hears that a pool was stopped or has ended.

    It ends when no pool is left for which the process keeps anything.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pools = dict[str, _Leases]()
        self._thread: threading.Thread | None = None
        self._wait = threading.Event()  # which nobody sets

    def add(self, state: PoolState, number: int, owner: str) -> None:
        """Keep the lease of a slice."""
        with self._lock:
            leases = self._pools.setdefault(state.pool, _Leases(state))
            leases.owners[number] = owner
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="pdfbatch-renewer", daemon=True)
                self._thread.start()

    def remove(self, state: PoolState, number: int) -> None:
        """Keep it no longer."""
        with self._lock:
            if (leases := self._pools.get(state.pool)) is not None:
                leases.owners.pop(number, None)

    def _run(self) -> None:
        while not self._wait.wait(_BEAT_SECONDS):
            with self._lock:
                pools = [(pool, leases, dict(leases.owners)) for pool, leases in self._pools.items()]
                if not pools:
                    self._thread = None
                    return
            for pool, leases, owners in pools:
                try:
                    self._beat(pool, leases, owners)
                except Exception as error:  # noqa: BLE001 (the next beat tries again; a lease outlives some of them)
                    log.warning("the heartbeat for pool %s failed: %s", pool, error)

    def _beat(self, pool: str, leases: _Leases, owners: dict[int, str]) -> None:
        found = leases.state.beat(owners)
        if found == "open":
            return
        if found == "stopped" or owners:
            stop_pool(pool)
        if found == "gone":
            release_pool(pool)
            with self._lock:
                if not leases.owners:
                    del self._pools[pool]


_renewers: dict[int, _LeaseRenewer] = {}


def _find_renewer() -> _LeaseRenewer:
    """Return the renewer of this process, which may have been forked from another."""
    renewer: Any = _renewers.get(os.getpid())
    return _renewers.setdefault(os.getpid(), renewer or _LeaseRenewer())
