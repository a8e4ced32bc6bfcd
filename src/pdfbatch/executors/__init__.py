"""Where tasks run."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.executors.celery import (
        REDIS_ERRORS,
        CeleryExecutor,
        CeleryWorkers,
        PacketError,
        PoolState,
        Queues,
        Registration,
        WorkerEntry,
        check_content,
        connect_state,
        find_redis_url,
        find_registration,
        pack_answer,
        pack_refusal,
        pack_reply,
        register_executor,
        unpack_question,
        unpack_slice,
    )
    from pdfbatch.executors.cpus import available_cpus, available_memory_bytes
    from pdfbatch.executors.dask import DaskExecutor
    from pdfbatch.executors.fallback import FallbackExecutor
    from pdfbatch.executors.futures import FuturesExecutor
    from pdfbatch.executors.kept import KeptExecutor
    from pdfbatch.executors.process import ProcessExecutor, StartMethod, decode_result, encode_result, pickle_work
    from pdfbatch.executors.ray import RayExecutor
    from pdfbatch.executors.sequential import SequentialExecutor
    from pdfbatch.executors.site import (
        Answer,
        describe_worker,
        do_slice,
        find_versions,
        name_worker,
        release_pool,
        stop_pool,
    )
    from pdfbatch.executors.task_future import TaskFuture
    from pdfbatch.executors.thread import ThreadExecutor
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        celery=(
            "CeleryExecutor CeleryWorkers PacketError PoolState Queues REDIS_ERRORS Registration WorkerEntry check_content "
            "connect_state find_redis_url find_registration pack_answer pack_refusal pack_reply register_executor "
            "unpack_question unpack_slice"
        ),
        cpus="available_cpus available_memory_bytes",
        dask="DaskExecutor",
        fallback="FallbackExecutor",
        futures="FuturesExecutor",
        kept="KeptExecutor",
        process="ProcessExecutor StartMethod decode_result encode_result pickle_work",
        ray="RayExecutor",
        sequential="SequentialExecutor",
        site="Answer describe_worker do_slice find_versions name_worker release_pool stop_pool",
        task_future="TaskFuture",
        thread="ThreadExecutor",
    )

__all__ = [
    "REDIS_ERRORS",
    "Answer",
    "CeleryExecutor",
    "CeleryWorkers",
    "DaskExecutor",
    "FallbackExecutor",
    "FuturesExecutor",
    "KeptExecutor",
    "PacketError",
    "PoolState",
    "ProcessExecutor",
    "Queues",
    "RayExecutor",
    "Registration",
    "SequentialExecutor",
    "StartMethod",
    "TaskFuture",
    "ThreadExecutor",
    "WorkerEntry",
    "available_cpus",
    "available_memory_bytes",
    "check_content",
    "connect_state",
    "decode_result",
    "describe_worker",
    "do_slice",
    "encode_result",
    "find_redis_url",
    "find_registration",
    "find_versions",
    "name_worker",
    "pack_answer",
    "pack_refusal",
    "pack_reply",
    "pickle_work",
    "register_executor",
    "release_pool",
    "stop_pool",
    "unpack_question",
    "unpack_slice",
]
