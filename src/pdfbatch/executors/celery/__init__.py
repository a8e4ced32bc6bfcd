"""Celery workers as an executor: the client's side, and what both sides have in common."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.executors.celery.executor import CeleryExecutor
    from pdfbatch.executors.celery.packets import (
        PacketError,
        pack_answer,
        pack_refusal,
        pack_reply,
        unpack_question,
        unpack_slice,
    )
    from pdfbatch.executors.celery.pool_state import CeleryWorkers, PoolState, WorkerEntry
    from pdfbatch.executors.celery.registration import (
        Queues,
        Registration,
        check_content,
        find_redis_url,
        find_registration,
        register_executor,
    )
    from pdfbatch.executors.celery.state_client import REDIS_ERRORS, connect_state
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        executor="CeleryExecutor",
        packets="PacketError pack_answer pack_refusal pack_reply unpack_question unpack_slice",
        pool_state="CeleryWorkers PoolState WorkerEntry",
        registration="Queues Registration check_content find_redis_url find_registration register_executor",
        state_client="REDIS_ERRORS connect_state",
    )

__all__ = [
    "REDIS_ERRORS",
    "CeleryExecutor",
    "CeleryWorkers",
    "PacketError",
    "PoolState",
    "Queues",
    "Registration",
    "WorkerEntry",
    "check_content",
    "connect_state",
    "find_redis_url",
    "find_registration",
    "pack_answer",
    "pack_refusal",
    "pack_reply",
    "register_executor",
    "unpack_question",
    "unpack_slice",
]
