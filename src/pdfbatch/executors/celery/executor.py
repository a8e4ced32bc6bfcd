"""Run tasks on the workers of a Celery application. On each of them documents run in pdfbatch's own processes, see ``site``."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from pdfbatch.checks import Check, check_fields, optional, seconds, whole_number
from pdfbatch.errors import DependencyError, ExecutorError, PoolStartError, UsageError, describe_error
from pdfbatch.executors.celery.registration import (
    Queues,
    Registration,
    check_content,
    find_redis_url,
    find_registration,
)
from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.executors.slices import SLICE_CHECKS, SLICE_TASKS, SlicePool
from pdfbatch.ports import BoundedResults, Pool, Shared, Work

_CHECKS: Mapping[str, Check] = {**SLICE_CHECKS, "priority": optional(whole_number(0)), "lease_seconds": seconds()}
_LEAST_LEASE = 2.0
_RESULT_BYTES = 1 << 40
_NO_REGISTRATION = Registration()
_CONNECT_RETRIES, _CONNECT_SECONDS = 2, 5.0


@dataclass(frozen=True, slots=True)
class CeleryExecutor:
    """Run tasks on the workers of ``app``: a Celery application, where it is (``"module:app"``), or by default the current one.

    The module of the application calls ``pdfbatch.celery.register_executor(app)``, and its workers serve the ``queues`` for
    texts and OCR; there documents run in supervised processes of pdfbatch, so that limits hold and a crash costs one document.
    At most ``workers`` documents are in work at one time, by default as many as the workers have processes or threads. All must
    have the same versions of pdfbatch and Python, and reach documents and output at the same addresses: a batch asks them
    before its first document.

    Tasks travel in slices of up to ``slice_tasks``. They wait in Redis, which may be broker, result backend, or one beside them
    (``register_executor(redis=...)``). ``priority`` is that of all messages. A worker that sends no heartbeat for
    ``lease_seconds`` is lost, and what it had is done again. ``start_timeout`` is how many seconds to wait for a first worker,
    and for another one when all are lost. With ``task_always_eager`` tasks run in processes of this machine.

    Raises ``UsageError`` for values that cannot be meant, such as a ``workers`` of 0.
    """

    app: Any = None
    workers: int | None = None
    queues: Queues = Queues()
    priority: int | None = None
    lease_seconds: float = 20.0
    slice_tasks: int = SLICE_TASKS
    start_timeout: float = 60.0

    name = "celery"
    kills = True
    shares = Shared.NOTHING

    def __post_init__(self) -> None:
        """Check the values."""
        check_fields(self, _CHECKS)
        if self.lease_seconds < _LEAST_LEASE:
            raise UsageError(f"CeleryExecutor(lease_seconds=...) must be at least {_LEAST_LEASE:g}")

    def start(self, work: Work) -> Pool:
        """Return a pool on the workers.

        Raises ``PoolStartError`` when broker or Redis cannot be reached, or no worker is there in time, ``UsageError`` when
        there is no application or no Redis, and ``DependencyError`` when Celery is not installed.
        """
        app = _find_app(self.app)
        check_content(app)
        if app.conf.task_always_eager:
            return ProcessExecutor(workers=self.workers).start(work)
        registration = find_registration(app) or _NO_REGISTRATION
        url = find_redis_url(app, registration.redis)
        if url is None:
            raise UsageError(
                "CeleryExecutor keeps what is in work in Redis, and neither broker nor result backend is one: "
                "pdfbatch.celery.register_executor(app, redis='redis://...')"
            )
        return self._start(app, url, registration.secret, work)

    def _start(self, app: Any, url: str, secret: str | None, work: Work) -> Pool:
        from pdfbatch.executors.celery.carrier import CeleryCarrier, CelerySettings  # noqa: PLC0415 (it needs redis)
        from pdfbatch.executors.celery.pool_state import PoolState  # noqa: PLC0415
        from pdfbatch.executors.celery.state_client import connect_state  # noqa: PLC0415

        settings = CelerySettings(
            queues=self.queues,
            workers=self.workers,
            priority=self.priority,
            lease_seconds=self.lease_seconds,
            start_timeout=self.start_timeout,
            secret=secret,
            most_bytes=work.max_result_bytes if isinstance(work, BoundedResults) else _RESULT_BYTES,
        )
        pool_id = uuid.uuid4().hex
        carrier = CeleryCarrier(app, PoolState(connect_state(url), pool_id), settings)
        try:
            with app.connection_for_write() as connection:
                connection.ensure_connection(max_retries=_CONNECT_RETRIES, timeout=_CONNECT_SECONDS)
            carrier.start()
            return SlicePool(carrier, work, slice_tasks=self.slice_tasks, pool_id=pool_id)
        except BaseException as error:
            carrier.close(pool_id)
            if isinstance(error, ExecutorError) or not isinstance(error, Exception):
                raise
            raise PoolStartError(f"Celery cannot be reached: {describe_error(error)}") from error


def _find_app(given: Any) -> Any:
    """Return an application. Raises ``UsageError`` when there is none."""
    try:
        celery: Any = import_module("celery")
        import_module("redis")
    except ImportError as error:
        raise DependencyError("CeleryExecutor needs celery and redis: pip install 'pdfbatch[celery]'") from error
    if isinstance(given, str):
        utilities: Any = import_module("celery.app.utils")
        try:
            return utilities.find_app(given)
        except (ImportError, AttributeError) as error:
            raise UsageError(f"there is no Celery application {given!r}: {error}") from error
    if given is not None:
        return given
    current: Any = celery.current_app._get_current_object()  # noqa: SLF001 (a proxy's own way to what is behind it)
    if not current.set_as_current:  # the one that Celery makes up when there is none
        raise UsageError("CeleryExecutor needs an application: CeleryExecutor(app), or CeleryExecutor('module:app')")
    return current
